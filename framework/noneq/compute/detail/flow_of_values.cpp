#include "noneq/compute/detail/flow_of_values.hpp"

#include <algorithm>

namespace noneq::compute {

bool works_on_vectors(const layer& l) {
  if (const auto* c = std::get_if<conv_layer>(&l)) return c->reads_squares(1);
  return !std::holds_alternative<norm_layer>(l) && !std::holds_alternative<upsample_layer>(l) &&
         !std::holds_alternative<pool_layer>(l) && !std::holds_alternative<attention_layer>(l);
}

namespace {

// Returns whether all layers that x reaches work on vectors. An image of one pixel under wider convolutions is no
// vector: their weights have a number for each of the zeros around it.
bool is_vector_network(const network_layers& n) {
  std::vector<bool> of_x(n.values.size(), false);
  of_x[0] = n.values[0].height * n.values[0].width == 1;
  if (!of_x[0]) return false;
  for (const layer& l : n.layers)
    for (const value_id v : read_by(l))
      if (of_x[static_cast<std::size_t>(v)]) {
        if (!works_on_vectors(l)) return false;
        of_x[static_cast<std::size_t>(written_by(l))] = true;
      }
  return true;
}

}

flow_of_values::flow_of_values(const network_layers& n)
    : writer(n.values.size(), none),
      readers(n.values.size()),
      vector(n.values.size(), false),
      trained(n.values.size(), false),
      fused(n.layers.size(), none) {
  vector[0] = is_vector_network(n);
  for (std::size_t i = 0; i < n.layers.size(); ++i) {
    const auto out = static_cast<std::size_t>(written_by(n.layers[i]));
    const auto in = read_by(n.layers[i]);
    const auto all = [&](const std::vector<bool>& of) {
      return std::all_of(in.begin(), in.end(), [&](value_id v) { return of[static_cast<std::size_t>(v)]; });
    };
    const auto any = [&](const std::vector<bool>& of) {
      return std::any_of(in.begin(), in.end(), [&](value_id v) { return of[static_cast<std::size_t>(v)]; });
    };
    writer[out] = static_cast<int>(i);
    vector[out] = all(vector);
    trained[out] = !weights_of(n.layers[i]).empty() || any(trained);
    for (const value_id v : in) readers[static_cast<std::size_t>(v)].push_back(static_cast<int>(i));
  }
  for (std::size_t i = 0; i < n.layers.size(); ++i) {
    const auto* add = std::get_if<add_layer>(&n.layers[i]);
    if (add == nullptr || add->scale != 1 || add->out == n.output) continue;
    const bool spreads = vector[static_cast<std::size_t>(add->b)] && !vector[static_cast<std::size_t>(add->a)];
    const auto& next = readers[static_cast<std::size_t>(add->out)];
    if (!spreads || next.size() != 1 ||
        !std::holds_alternative<norm_layer>(n.layers[static_cast<std::size_t>(next[0])]))
      continue;
    fused[i] = static_cast<int>(i);
    fused[static_cast<std::size_t>(next[0])] = static_cast<int>(i);
    // The norm reads both summands in place of their sum.
    for (const value_id v : {add->a, add->b}) {
      auto& r = readers[static_cast<std::size_t>(v)];
      std::replace(r.begin(), r.end(), static_cast<int>(i), next[0]);
      std::sort(r.begin(), r.end());
    }
  }
}

const add_layer* flow_of_values::fused_into(const network_layers& n, int norm) const {
  const int add = fused[static_cast<std::size_t>(norm)];
  return add == none || add == norm ? nullptr : &std::get<add_layer>(n.layers[static_cast<std::size_t>(add)]);
}

}
