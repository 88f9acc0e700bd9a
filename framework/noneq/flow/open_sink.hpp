// A sink of a stream beside the training while it is open, and the batches on their way through it.
#pragma once

#include <any>
#include <optional>

#include "noneq/flow/plan_node.hpp"
#include "noneq/plugin/roles/metric.hpp"

namespace noneq::flow {

struct open_sink {
  const plan_node& node;
  std::optional<denoiser> of;      // its model, outlives `now` and `taking`
  std::optional<measurement> now;  // of a metric
  dataset_info info;
  std::map<std::string, std::string> provenance;
  std::unique_ptr<sinking> taking;  // null where another rank has it, and no batch is mapped for it here

  batch mapped(batch b) const;
};

struct taken_batch {
  std::int64_t index;
  batch rows;
  bool mapped;

  // Convert one that std::any holds to bytes for another rank, and back.
  static std::string packed(const std::any& result);
  static taken_batch unpacked(std::string_view bytes);
};

}
