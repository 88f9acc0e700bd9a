// The certainties of all guides of a chunk, together: numbers that are known, and linear equations. All are compared
// in units of the model, in which numbers of a sample are about 1, and to what float32 files round.
#pragma once

#include <iomanip>

#include "../unit_rows.hpp"

namespace shipped {

class certainties {
 public:
  explicit certainties(const noneq::guided_chunk& chunk)
      : first_(chunk.first),
        shape_(chunk.shape),
        normal_(chunk.normal),
        scale_(chunk.normal.scale.to(at::kDouble)),
        shift_(chunk.normal.shift.to(at::kDouble)) {}

  // Throws where a number is certainly one for this guide and another for an earlier one. The guidance must outlive it.
  void add(const noneq::guidance& g) {
    if (const auto e = g.equation()) {
      unit_rows in_units = in_model_units(*e, normal_, shape_);
      equations_.push_back({std::move(in_units.of), rounding * (1 + in_units.size)});
    }
    const noneq::Tensor more = g.certain();
    if (!more.defined()) return;
    known_ = known_.defined() ? joined(known_, more.to(at::kDouble)) : more.to(at::kDouble);
  }

  // Throws when there is a sample for which no x⁰ has the known numbers and solves the equations.
  void check() const {
    if (equations_.empty()) return;
    noneq::sizes whole = shape_;
    whole.insert(whole.begin(), equations_[0].of.y.size(0));
    const solution s = solved(at::zeros(whole, at::kDouble));
    if (!s.impossible.any().item<bool>()) return;
    const auto sample = s.impossible.nonzero()[0][0].item<std::int64_t>();
    throw noneq::error(
        c10::str("got guides that contradict each other: no x has all that is seen of sample ", first_ + sample,
                 ", the nearest misses a number by ", std::setprecision(3), rounding * s.missed[sample].item<double>(),
                 " of its size, need a deviation above 0 where it is not exact: r(x) is zero for every x"),
        "guides");
  }

  bool empty() const { return equations_.empty() && !known_.defined(); }

  // Returns the x⁰ [n, …] nearest to x0 that has all that is certain, in units of the model and in the dtype of x0.
  noneq::Tensor nearest(const noneq::Tensor& x0) const {
    if (empty()) return x0;
    const noneq::Tensor u = x0.to(at::kDouble);
    const noneq::Tensor solved_u = equations_.empty() ? u : solved(u).u;
    return with_known(solved_u).to(x0.scalar_type());
  }

  // Returns how far each sample [n, …] in units of the model is from what is certain of it, where it is most: [n].
  noneq::Tensor missed(const noneq::Tensor& x0) const {
    const std::vector<rows> all = with_known_rows();
    std::vector<noneq::Tensor> rest;
    for (const rows& e : all) rest.push_back(e.of.y - e.of.map(x0.to(at::kDouble)));
    return rounding * worst(all, rest);
  }

 private:
  static constexpr int most_steps = 500;
  static constexpr double rounding = 1e-5, almost_none = 1e-12;  // of a number, of a square

  // Equations in units of the model, with how far each may be missed.
  struct rows {
    noneq::linear_equation of;
    noneq::Tensor may_miss;
  };

  struct solution {
    noneq::Tensor u;                   // nearest to where it began
    noneq::Tensor missed, impossible;  // [n]: as worst(); whether no u misses less
  };
  // Solves by conjugate gradients (Björck 1996, §7.4), in float64: as soon as Aᵀ(y − A u) is 0, no other u misses less.
  solution solved(noneq::Tensor u) const {
    const std::vector<rows> all = with_known_rows();
    std::vector<noneq::Tensor> rest;
    for (const rows& e : all) rest.push_back(e.of.y - e.of.map(u));
    noneq::Tensor slope = transposed(all, rest), direction = slope, length = squares({slope}), missed, flat;
    for (int step = 0;; ++step) {
      missed = worst(all, rest), flat = length <= almost_none * squares(rest);
      const noneq::Tensor stays = flat.logical_or(missed <= 1);
      if (step == most_steps || stays.all().item<bool>()) break;
      std::vector<noneq::Tensor> images;
      for (const rows& e : all) images.push_back(e.of.map(direction));
      const noneq::Tensor far = (length / squares(images)).masked_fill(stays, 0);
      u = u + noneq::broadcast_like(far, direction) * direction;
      for (std::size_t i = 0; i < all.size(); ++i)
        rest[i] = rest[i] - noneq::broadcast_like(far, images[i]) * images[i];
      slope = transposed(all, rest);
      const noneq::Tensor left = squares({slope});
      direction = slope + noneq::broadcast_like((left / length).masked_fill(stays, 0), slope) * direction;
      length = left;
    }
    return {u, missed, flat.logical_and(missed > 1)};
  }

  noneq::Tensor with_known(const noneq::Tensor& u) const {
    return known_.defined() ? at::where(known_.isnan(), u, (known_ - shift_) / scale_) : u;
  }
  std::vector<rows> with_known_rows() const {
    auto all = equations_;
    if (!known_.defined()) return all;
    const auto masked = [free = known_.isnan()](const noneq::Tensor& x) { return x.masked_fill(free, 0); };
    all.push_back({{masked((known_ - shift_) / scale_), masked, masked}, may_differ(known_)});
    return all;
  }
  // Returns how far apart two files may have a number, in units of the model.
  noneq::Tensor may_differ(const noneq::Tensor& x) const { return rounding * (1 + (x.nan_to_num(0) / scale_).abs()); }

  // Σ of squares of each sample, [n].
  static noneq::Tensor squares(const std::vector<noneq::Tensor>& parts) {
    noneq::Tensor sum = noneq::sum_per_sample(parts[0].square());
    for (std::size_t i = 1; i < parts.size(); ++i) sum = sum + noneq::sum_per_sample(parts[i].square());
    return sum;
  }
  // Returns for each sample, [n], the largest quotient of a row's miss and the miss that is allowed.
  static noneq::Tensor worst(const std::vector<rows>& all, const std::vector<noneq::Tensor>& rest) {
    noneq::Tensor most;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const noneq::Tensor here = (rest[i].abs() / all[i].may_miss).flatten(1).amax(1);
      most = most.defined() ? at::maximum(most, here) : here;
    }
    return most;
  }
  static noneq::Tensor transposed(const std::vector<rows>& all, const std::vector<noneq::Tensor>& u) {
    noneq::Tensor sum = all[0].of.transposed(u[0]);
    for (std::size_t i = 1; i < all.size(); ++i) sum = sum + all[i].of.transposed(u[i]);
    return sum;
  }

  noneq::Tensor joined(const noneq::Tensor& a, const noneq::Tensor& b) const {
    const noneq::Tensor apart = ((a - b) / scale_).abs() > may_differ(a);  // false where either is no number
    if (apart.any().item<bool>()) {
      const noneq::Tensor where = apart.nonzero()[0];
      const auto number = [&](const noneq::Tensor& x) { return x.masked_select(apart)[0].item<double>(); };
      noneq::sizes place;
      for (std::int64_t k = 1; k < where.size(0); ++k) place.push_back(where[k].item<std::int64_t>());
      throw noneq::error(
          c10::str("got guides that contradict each other: number ", noneq::to_string(place), " of sample ",
                   first_ + where[0].item<std::int64_t>(), " is certainly ", std::setprecision(9), number(a),
                   " for one and ", number(b), " for another, need the same: r(x) is zero for every x"),
          "guides");
    }
    return at::where(a.isnan(), b, a);
  }

  const std::int64_t first_;
  const noneq::sizes shape_;
  const noneq::normalisation normal_;
  const noneq::Tensor scale_, shift_;
  noneq::Tensor known_;  // float64 [n, …] in data units, not a number where nothing is known
  std::vector<rows> equations_;
};

}
