// Whether what the guides of a chunk are certain of can be true together: numbers that are known, and linear equations.
// All are compared in units of the model, in which numbers of a sample are about 1, and to what float32 files round.
#pragma once

#include <iomanip>

#include "noneq/plugin/roles/guide.hpp"

namespace noneq {

class certainties {
 public:
  explicit certainties(const guided_chunk& chunk)
      : chunk_(chunk), scale_(chunk.normal.scale.to(at::kDouble)), shift_(chunk.normal.shift.to(at::kDouble)) {}

  // Throws where a number is certainly one for this guide and another for an earlier one.
  void add(const guidance& g) {
    if (auto e = g.equation()) equations_.push_back(in_model_units(*e));
    const Tensor more = g.certain();
    if (!more.defined()) return;
    known_ = known_.defined() ? joined(known_, more.to(at::kDouble)) : more.to(at::kDouble);
  }

  // Throws when there is a sample for which no x⁰ has the known numbers and solves the equations. The nearest x⁰ is
  // found by conjugate gradients (Björck 1996, §7.4), in float64: what it misses is nothing that another could reach as
  // soon as Aᵀ(y − A x⁰) is 0.
  void check() const {
    if (equations_.empty()) return;
    const std::vector<rows> all = with_known();
    std::vector<Tensor> rest;
    for (const rows& e : all) rest.push_back(e.of.y);
    Tensor slope = transposed(all, rest), direction = slope, length = squares({slope}), missed, flat;
    for (int step = 0;; ++step) {
      missed = worst(all, rest), flat = length <= almost_none * squares(rest);
      const Tensor stays = flat.logical_or(missed <= 1);
      if (step == most_steps || stays.all().item<bool>()) break;
      std::vector<Tensor> images;
      for (const rows& e : all) images.push_back(e.of.map(direction));
      const Tensor far = (length / squares(images)).masked_fill(stays, 0);
      for (std::size_t i = 0; i < all.size(); ++i) rest[i] = rest[i] - broadcast_like(far, images[i]) * images[i];
      slope = transposed(all, rest);
      const Tensor left = squares({slope});
      direction = slope + broadcast_like((left / length).masked_fill(stays, 0), slope) * direction;
      length = left;
    }
    const Tensor impossible = flat.logical_and(missed > 1);
    if (!impossible.any().item<bool>()) return;
    const auto sample = impossible.nonzero()[0][0].item<std::int64_t>();
    throw error(
        c10::str("got guides that contradict each other: no x has all that is seen of sample ", chunk_.first + sample,
                 ", the nearest misses a number by ", std::setprecision(3), rounding * missed[sample].item<double>(),
                 " of its size, need a deviation above 0 where it is not exact: r(x) is zero for every x"),
        "guides");
  }

 private:
  static constexpr int most_steps = 500;
  static constexpr double rounding = 1e-5, almost_none = 1e-12;  // of a number, of a square

  // Equations whose rows have length 1, with how far each may be missed.
  struct rows {
    linear_equation of;
    Tensor may_miss;
  };

  // Of u in x = scale u + shift. Random signs tell how long a row is: E (A z)² is the square of it.
  rows in_model_units(const linear_equation& e) const {
    constexpr std::int64_t probes = 64;
    sizes shape = chunk_.shape;
    shape.insert(shape.begin(), probes);
    const Tensor signs = stream(1).uniform(shape).sub(0.5).sign().to(at::kDouble);
    const Tensor square = e.map(scale_ * signs).square().mean(0, true);
    const Tensor weight = at::where(square > 0, square.rsqrt(), at::ones_like(square));
    const Tensor constant = e.map((shift_ + at::zeros_like(signs)).narrow(0, 0, 1));
    linear_equation scaled{weight * (e.y - constant),
                           [=, scale = scale_](const Tensor& u) { return weight * e.map(scale * u); },
                           [=, scale = scale_](const Tensor& u) { return scale * e.transposed(weight * u); }};
    return {std::move(scaled), rounding * (1 + (weight * e.y).abs() + (weight * constant).abs())};
  }

  std::vector<rows> with_known() const {
    auto all = equations_;
    if (!known_.defined()) return all;
    const auto masked = [free = known_.isnan()](const Tensor& x) { return x.masked_fill(free, 0); };
    all.push_back({{masked((known_ - shift_) / scale_), masked, masked}, may_differ(known_)});
    return all;
  }
  // How far apart two files may have a number, in units of the model.
  Tensor may_differ(const Tensor& x) const { return rounding * (1 + (x.nan_to_num(0) / scale_).abs()); }

  // Σ of squares of each sample, [n].
  static Tensor squares(const std::vector<Tensor>& parts) {
    Tensor sum = sum_per_sample(parts[0].square());
    for (std::size_t i = 1; i < parts.size(); ++i) sum = sum + sum_per_sample(parts[i].square());
    return sum;
  }
  // Of each sample, [n]: how often the miss of a row is what it may be, where it is most.
  static Tensor worst(const std::vector<rows>& all, const std::vector<Tensor>& rest) {
    Tensor most;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Tensor here = (rest[i].abs() / all[i].may_miss).flatten(1).amax(1);
      most = most.defined() ? at::maximum(most, here) : here;
    }
    return most;
  }
  static Tensor transposed(const std::vector<rows>& all, const std::vector<Tensor>& u) {
    Tensor sum = all[0].of.transposed(u[0]);
    for (std::size_t i = 1; i < all.size(); ++i) sum = sum + all[i].of.transposed(u[i]);
    return sum;
  }

  Tensor joined(const Tensor& a, const Tensor& b) const {
    const Tensor apart = ((a - b) / scale_).abs() > may_differ(a);  // false where either is no number
    if (apart.any().item<bool>()) {
      const Tensor where = apart.nonzero()[0];
      const auto number = [&](const Tensor& x) { return x.masked_select(apart)[0].item<double>(); };
      sizes place;
      for (std::int64_t k = 1; k < where.size(0); ++k) place.push_back(where[k].item<std::int64_t>());
      throw error(
          c10::str("got guides that contradict each other: number ", to_string(place), " of sample ",
                   chunk_.first + where[0].item<std::int64_t>(), " is certainly ", std::setprecision(9), number(a),
                   " for one and ", number(b), " for another, need the same: r(x) is zero for every x"),
          "guides");
    }
    return at::where(a.isnan(), b, a);
  }

  const guided_chunk& chunk_;
  const Tensor scale_, shift_;
  Tensor known_;  // float64 [n, …] in data units, not a number where nothing is known
  std::vector<rows> equations_;
};

}
