#include "noneq/flow/attachment.hpp"

#include <map>

#include "noneq/plugin/roles/metric.hpp"

namespace noneq {

static attachment stands_in(std::vector<std::string> roles) { return {std::move(roles), false, false, false}; }

static const attachment beside_model{{}, true, true, true};

std::optional<attachment> attachment_of(std::string_view role, const object* made) {
  static const std::map<std::string, attachment, std::less<>> table{
      {"loader", stands_in({})},        {"noiser", stands_in({"loader"})},
      {"model", stands_in({"noiser"})}, {"loss", stands_in({"model"})},
      {"trainer", stands_in({"loss"})}, {"sampler", beside_model},
      {"metric", beside_model},         {"writer", stands_in({"sampler", "metric", "loss"})}};
  // It measures whenever its sampler draws.
  if (dynamic_cast<const sample_metric*>(made)) return attachment{{"sampler"}, false, false, true};
  const auto known = table.find(role);
  return known == table.end() ? std::nullopt : std::optional(known->second);
}

}
