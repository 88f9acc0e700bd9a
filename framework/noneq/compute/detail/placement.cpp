#include "noneq/compute/detail/placement.hpp"

#include <algorithm>

namespace noneq::compute {
namespace {

// Layers whose backward pass reads their input.
bool remembers(const layer& l) {
  return std::holds_alternative<conv_layer>(l) || std::holds_alternative<norm_layer>(l) ||
         std::holds_alternative<activation_layer>(l) || std::holds_alternative<attention_layer>(l);
}

// Near t = 0 the noise is no wider than bf16's last digit: x keeps all of its digits where only convolutions read it.
bool is_exact_input(const network_layers& n, const flow_of_values& f, value_id v) {
  const auto& readers = f.readers[static_cast<std::size_t>(v)];
  return v == 0 && std::all_of(readers.begin(), readers.end(), [&](int r) {
           return std::holds_alternative<conv_layer>(n.layers[static_cast<std::size_t>(r)]);
         });
}

}

placement::placement(const network_layers& n, const flow_of_values& f, std::size_t batch, precision of, bool training,
                     arena_plan& buffers)
    : n_(n), f_(f), batch_(batch), of_(of), training_(training), buffers_(buffers), homes_(n.values.size()) {
  place_values();
  if (training) place_gradients();
}

std::size_t placement::bytes(value_id v, precision of) const {
  const value_shape& s = n_.values[static_cast<std::size_t>(v)];
  return batch_ * static_cast<std::size_t>(s.channels * s.height * s.width) * bytes_of(of);
}

std::vector<value_id> placement::inputs(int layer) const {
  if (f_.fused[static_cast<std::size_t>(layer)] == layer) return {};
  std::vector<value_id> in = read_by(n_.layers[static_cast<std::size_t>(layer)]);
  if (const add_layer* add = f_.fused_into(n_, layer)) {
    in[0] = add->a;
    in.push_back(add->b);
  }
  return in;
}

void placement::place_values() {
  for (value_id v = 0; v < static_cast<value_id>(n_.values.size()); ++v) {
    const auto k = static_cast<std::size_t>(v);
    home& h = homes_[k];
    h.of = h.gradient_of = f_.vector[k] || is_exact_input(n_, f_, v) ? precision::fp32 : of_;
    const int writer = f_.writer[k];
    const bool made = writer != none && f_.fused[static_cast<std::size_t>(writer)] == writer;
    if (made) continue;  // a sum that is never made
    // A convolution gives the result itself without rounding it.
    if (v == n_.output && f_.readers[k].empty() &&
        std::holds_alternative<conv_layer>(n_.layers[static_cast<std::size_t>(writer)]))
      h.of = precision::fp32;
    int last = v == n_.output ? static_cast<int>(n_.layers.size()) : std::max(writer, 0);
    for (const int r : f_.readers[k])
      last = std::max(last, training_ && remembers(n_.layers[static_cast<std::size_t>(r)]) ? backward_moment(r) : r);
    h.value = buffers_.add(bytes(v, h.of), std::max(writer, 0), last);
  }
}

void placement::place_gradients() {
  const int L = static_cast<int>(n_.layers.size());
  for (value_id v = 0; v < static_cast<value_id>(n_.values.size()); ++v) {
    const auto k = static_cast<std::size_t>(v);
    if (!f_.vector[k] || !f_.trained[k]) continue;
    homes_[k].gradient = buffers_.add(bytes(v, precision::fp32), L, 2 * L);
    vector_gradients_.emplace_back(homes_[k].gradient, bytes(v, precision::fp32));
  }
  const auto output = static_cast<std::size_t>(n_.output);
  if (homes_[output].gradient == none)
    homes_[output].gradient = buffers_.add(bytes(n_.output, of_), L - 1, backward_moment(f_.writer[output]));
  for (int i = L - 1; i >= 0; --i) place_gradients_of(i);
}

void placement::place_gradients_of(int layer) {
  const auto& l = n_.layers[static_cast<std::size_t>(layer)];
  const value_id out = written_by(l);
  if (homes_[static_cast<std::size_t>(out)].gradient == none && f_.fused[static_cast<std::size_t>(layer)] != layer)
    return;
  const auto* add = std::get_if<add_layer>(&l);
  for (const value_id v : inputs(layer)) {
    const auto k = static_cast<std::size_t>(v);
    home& h = homes_[k];
    if (!f_.trained[k] || f_.vector[k] || h.gradient != none) continue;
    if (add != nullptr && share(v, *add, layer)) continue;
    h.first_writer = layer;
    h.gradient = buffers_.add(bytes(v, h.gradient_of), backward_moment(layer), backward_moment(f_.writer[k]));
  }
}

// The gradient of a sum is that of both summands: one piece of memory serves all, as long as a layer that adds to it
// later comes after every layer that reads it as the other summand's. No layer may read the gradient that it adds to:
// it would read its own result.
bool placement::share(value_id v, const add_layer& l, int layer) {
  const home& whole = homes_[static_cast<std::size_t>(l.out)];
  const value_id other = v == l.a ? l.b : l.a;
  const auto k = static_cast<std::size_t>(v), o = static_cast<std::size_t>(other);
  if (l.scale != 1 || v == other || whole.gradient == none || f_.vector[o]) return false;
  const auto adds_later = [&](std::size_t value) { return f_.readers[value].front() != layer; };
  const bool other_shares = homes_[o].gradient == whole.gradient;
  if (other_shares) {
    if (adds_later(k) && adds_later(o)) return false;
    // Backward moments fall with the number of a layer: the reader's must come first.
    if (adds_later(k) && f_.readers[k][f_.readers[k].size() - 2] >= f_.writer[o]) return false;
    if (adds_later(o) && f_.readers[o][f_.readers[o].size() - 2] >= f_.writer[k]) return false;
  }
  homes_[k].gradient = whole.gradient;
  homes_[k].first_writer = layer;
  buffers_.extend(whole.gradient, backward_moment(f_.writer[k]));
  return true;
}

bool placement::doubled(value_id v) const {
  const auto k = static_cast<std::size_t>(v);
  if (f_.writer[k] == none) return false;
  const auto* l = std::get_if<upsample_layer>(&n_.layers[static_cast<std::size_t>(f_.writer[k])]);
  if (l == nullptr) return false;
  const value_shape &from = n_.values[static_cast<std::size_t>(l->in)], &to = n_.values[k];
  return to.height == 2 * from.height && to.width == 2 * from.width;
}

operand placement::base(value_id v) const {
  const auto k = static_cast<std::size_t>(v);
  const home& h = homes_[k];
  return {n_.values[k], h.of, h.gradient_of, h.value, h.gradient, false, f_.vector[k], doubled(v)};
}

operand placement::seen_by(int layer, value_id v) const {
  operand o = base(v);
  o.add = o.vector || homes_[static_cast<std::size_t>(v)].first_writer != layer;
  return o;
}

}
