#include "noneq/compute/layers.hpp"

namespace noneq {

value_id written_by(const layer& l) {
  return std::visit([](const auto& of) { return of.out; }, l);
}

std::vector<value_id> read_by(const layer& l) {
  return std::visit(
      [](const auto& of) -> std::vector<value_id> {
        if constexpr (requires { of.modulation; })
          return of.modulation == none ? std::vector{of.in} : std::vector{of.in, of.modulation};
        else if constexpr (requires { of.in; })
          return {of.in};
        else if constexpr (requires { of.a; })
          return {of.a, of.b};
        else if constexpr (requires { of.q; })
          return {of.q, of.k, of.v};
        else
          return {};
      },
      l);
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

std::int64_t parameter_count(const network_layers& n) {
  std::int64_t total = 0;
  for (const weight_spec& w : n.weights) total += c10::multiply_integers(w.shape);
  return total;
}

}
