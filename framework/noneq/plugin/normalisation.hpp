// The map from data units to x⁰, with its inverse: the work of the loader and of the transforms behind it, as far as it
// can be undone. It is stored with the model, so that samples come out in data units. A value.
//
// The map is a chain of stages, each an affine map followed by one that is not affine, and a last affine map. Affine
// maps that follow one another are folded into one, so most data has no stages.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "noneq/core/error.hpp"
#include "noneq/core/tensor.hpp"

namespace noneq {

// An invertible map of numbers that is not affine, such as a logarithm. Both functions work on each number by itself,
// keep shape and type, and may be called concurrently.
struct invertible {
  std::string name;  // for messages, as "transform.log"
  std::function<Tensor(const Tensor&)> apply, restore;
};

struct normalisation {
  // The last affine map, x⁰ = (x − shift)/scale. Both are broadcastable to one sample and best kept in float64, because
  // a shift may be large beside its scale.
  Tensor shift = at::zeros({}, at::kDouble), scale = at::ones({}, at::kDouble);
  at::ScalarType dtype = at::kFloat;  // of samples in data units: kDouble where float32 would round them away
  struct stage {
    Tensor shift, scale;  // an affine map as above
    invertible map;       // applied to its result
  };
  std::vector<stage> stages = {};  // before the last affine map, from data units on

  bool affine() const { return stages.empty(); }
  bool is_identity() const { return affine() && (shift == 0).all().item<bool>() && (scale == 1).all().item<bool>(); }

  // Throws noneq::error when the map is not affine. `who` needs numbers that are shifted and scaled only.
  void need_affine(const std::string& who) const {
    if (!affine())
      throw error(who + " cannot work behind " + stages.back().map.name +
                  ", need data that is shifted and scaled only, as by transform.standardise or transform.range");
  }

  // Whether float32 rounds numbers near the shift by more than some 1/30,000 of the scale.
  bool coarse_in_float32() const {
    const auto coarse = [](const Tensor& at, const Tensor& unit) {
      return (at.to(at::kDouble).abs() > 1024 * unit.to(at::kDouble)).any().item<bool>();
    };
    for (const stage& s : stages)
      if (coarse(s.shift, s.scale)) return true;
    return coarse(shift, scale);
  }

  // Returns float32 x⁰ of x [n, …] of any type.
  Tensor apply(const Tensor& x) const {
    const auto exact = coarse_in_float32() || dtype == at::kDouble ? at::kDouble : at::kFloat;
    Tensor y = x.to(exact);
    for (const stage& s : stages) y = s.map.apply((y - s.shift.to(exact)) / s.scale.to(exact));
    return ((y - shift.to(exact)) / scale.to(exact)).to(at::kFloat);
  }

  // Returns x of x⁰, in the wider of its own type and `dtype`.
  Tensor restore(const Tensor& x0) const {
    const auto given = x0.scalar_type(), wanted = c10::promoteTypes(given, dtype);
    const auto exact = wanted == at::kDouble || coarse_in_float32() ? at::kDouble : wanted;
    Tensor x = x0.to(exact) * scale.to(exact) + shift.to(exact);
    for (auto s = stages.rbegin(); s != stages.rend(); ++s)
      x = s->map.restore(x) * s->scale.to(exact) + s->shift.to(exact);
    return x.to(wanted);
  }

  // Returns this map followed by (x − more_shift)/more_scale.
  normalisation then(const Tensor& more_shift, const Tensor& more_scale) const {
    normalisation both = *this;
    both.shift = shift.to(at::kDouble) + scale.to(at::kDouble) * more_shift.to(at::kDouble);
    both.scale = scale.to(at::kDouble) * more_scale.to(at::kDouble);
    return both;
  }
  // Returns this map followed by one that is not affine.
  normalisation then(invertible map) const {
    normalisation both;
    both.dtype = dtype;
    both.stages = stages;
    both.stages.push_back({shift, scale, std::move(map)});
    return both;
  }
  // Returns this map for samples whose numbers f rearranged. f receives a tensor of one sample's rank, in which a
  // dimension over which all numbers are equal has length 1.
  normalisation rearranged(std::int64_t rank, const std::function<Tensor(const Tensor&)>& f) const {
    const auto of = [&](const Tensor& t) {
      if (t.numel() == 1) return t;
      sizes shape(static_cast<std::size_t>(rank - t.dim()), 1);
      shape.insert(shape.end(), t.sizes().begin(), t.sizes().end());
      return f(t.view(shape)).contiguous();
    };
    normalisation other = *this;
    other.shift = of(shift);
    other.scale = of(scale);
    for (stage& s : other.stages) s.shift = of(s.shift), s.scale = of(s.scale);
    return other;
  }
};

}
