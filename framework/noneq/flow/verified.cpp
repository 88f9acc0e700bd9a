#include "noneq/flow/verified.hpp"

#include <fmt/format.h>

#include "noneq/flow/data_units.hpp"
#include "noneq/flow/fields.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::flow {
namespace {

// The samples of a row: how many, and the shape of each; none where they are not known before they are drawn.
struct known_samples {
  std::int64_t members;
  sizes shape;
};

std::optional<known_samples> samples_before(session& s, const plan_node& n, std::size_t rank) {
  if (const plan_node* from = sampler_under(s.plan(), n, "samples"))
    return known_samples{members_of(*from), s.model_of(*from).shape()};
  const auto stored = data_under(s, n, "samples");
  if (!stored) return std::nullopt;
  const sizes& shape = stored->field.shape;
  if (shape.size() != rank + 1) return known_samples{1, shape};
  return known_samples{shape.front(), {shape.begin() + 1, shape.end()}};
}

}

dataset_info info_of_truth(session& s, const plan_node& n) {
  if (const auto truth = data_under(s, n, "truth")) {
    dataset_info info = s.nodes().info_behind(*truth->node);
    static_cast<field_info&>(info) = truth->field;
    return info;
  }
  const plan_node* from = sampler_under(s.plan(), n, "samples");
  return from == nullptr ? dataset_info{} : s.model_of(*from).info();
}

void check_verification(session& s, const plan_node& n) {
  const auto& metric = n.as<verification>();
  const auto truth = data_under(s, n, "truth");
  if (!truth) return;
  const auto known = samples_before(s, n, truth->field.shape.size());
  if (known) {
    if (known->shape != truth->field.shape)
      throw error(fmt::format("got a truth with rows of shape {}, of {}, beside samples of shape {}, need equal shapes",
                              to_string(truth->field.shape), truth->node->id, to_string(known->shape)),
                  n.id + ".in", n.in.front().where);
    metric.check_members(known->members);
  }
  metric.check_data(info_of_truth(s, n));
}

batch rows_to_verify(batch b, const dataset_info& of_stream) {
  b = in_data_units(std::move(b), of_stream);
  const field_info* truth = of_stream.find("truth");
  if (truth == nullptr || !truth->missing) return b;
  const Tensor x = b.at("truth"), unknown = x.isnan(), mask = b.find("mask");
  const Tensor seen = unknown.logical_not().to(at::kFloat);
  b.set("mask", mask.defined() ? seen * mask : seen);
  b.set("truth", x.masked_fill(unknown, 0));
  return b;
}

batch made_of_samples(const plan_node& n, batch b, const dataset_info& of_stream) {
  const auto& node = n.as<sample_transform>();
  const std::string by = n.plugin.entry->full_name();
  b = in_data_units(std::move(b), of_stream);
  batch made = node.run(b);
  check_returned_batch(by, made);
  for (const std::string& name : node.makes())
    if (!made.has(name) || made.at(name).dim() == 0 || made.at(name).size(0) != b.size())
      throw error(fmt::format("{} returned no '{}' of {} rows, need one for each row that it got", by, name, b.size()));
  for (const char* of_rows : {"label", "row"})
    if (b.has(of_rows)) made.set(of_rows, b.at(of_rows));
  made.step = b.step, made.first = b.first;
  return made;
}

}
