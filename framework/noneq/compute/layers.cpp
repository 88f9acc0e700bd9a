#include "noneq/compute/layers.hpp"

#include <numeric>

namespace noneq::compute {

std::int64_t pixel_at(std::int64_t i, std::int64_t n, padding p) {
  if (i >= 0 && i < n) return i;
  if (p == padding::circular) return i < 0 ? i + n : i - n;
  if (p == padding::reflect) return i < 0 ? -i : 2 * (n - 1) - i;
  return none;
}

value_id written_by(const layer& l) {
  return std::visit([](const auto& of) { return of.out; }, l);
}

namespace {

// Places of a layer that name a value it reads.
template <class Layer>
auto inputs_of(Layer& of) {
  if constexpr (requires { of.modulation; })
    return std::array{&of.in, &of.modulation};
  else if constexpr (requires { of.in; })
    return std::array{&of.in};
  else if constexpr (requires { of.a; })
    return std::array{&of.a, &of.b};
  else if constexpr (requires { of.q; })
    return std::array{&of.q, &of.k, &of.v};
  else
    return std::array<decltype(&of.out), 0>{};
}

}

std::vector<value_id> read_by(const layer& l) {
  std::vector<value_id> values;
  std::visit(
      [&](const auto& of) {
        for (const value_id* v : inputs_of(of))
          if (*v != none) values.push_back(*v);
      },
      l);
  return values;
}

std::vector<weight_id> weights_of(const layer& l) {
  return std::visit(
      [](const auto& of) -> std::vector<weight_id> {
        if constexpr (requires { of.bias; })
          return of.bias == none ? std::vector{of.weight} : std::vector{of.weight, of.bias};
        else if constexpr (requires { of.weight; })
          return {of.weight};
        else
          return {};
      },
      l);
}

std::int64_t vector_size(const network_layers& n) {
  for (const layer& l : n.layers)
    if (const auto* v = std::get_if<vector_layer>(&l)) return n.values[static_cast<std::size_t>(v->out)].channels;
  return 0;
}

network_layers without_dropout(network_layers n) {
  std::vector<value_id> same(n.values.size());
  std::iota(same.begin(), same.end(), 0);
  std::vector<layer> kept;
  for (layer& l : n.layers) {
    std::visit(
        [&](auto& of) {
          for (value_id* v : inputs_of(of))
            if (*v != none) *v = same[static_cast<std::size_t>(*v)];
        },
        l);
    if (const auto* drop = std::get_if<dropout_layer>(&l))
      same[static_cast<std::size_t>(drop->out)] = drop->in;
    else
      kept.push_back(std::move(l));
  }
  n.layers = std::move(kept);
  n.output = same[static_cast<std::size_t>(n.output)];
  return n;
}

}
