// Whether what the guides of a chunk are certain of can be true together: numbers that are known, and linear equations.
#pragma once

#include "noneq/plugin/roles/guide.hpp"

namespace noneq {

class certainties {
 public:
  explicit certainties(std::int64_t first_sample) : first_(first_sample) {}

  // Throws where a number is certainly one for this guide and another for an earlier one.
  void add(const guidance& g) {
    if (auto e = g.equation()) equations_.push_back(std::move(*e));
    const Tensor more = g.certain();
    if (!more.defined()) return;
    known_ = known_.defined() ? joined(known_, more) : more;
  }

  // Throws when there is a sample for which no x⁰ has the known numbers and solves the equations. The nearest x⁰ is
  // found by conjugate gradients (Björck 1996, §7.4), in float64: what it misses is nothing that another could reach as
  // soon as Aᵀ(y − A x⁰) is 0.
  void check() const {
    if (equations_.empty()) return;
    const auto all = with_known();
    std::vector<Tensor> rest;
    for (const linear_equation& e : all) rest.push_back(e.y);
    const Tensor whole = squares(rest);
    Tensor missed = whole, slope = transposed(all, rest), direction = slope, length = squares({slope});
    const Tensor reach = length / whole;
    for (int step = 0; step < most_steps; ++step) {
      const Tensor stays = (missed <= exact * whole).logical_or_(length <= flat * reach * missed);
      if (stays.all().item<bool>()) break;
      std::vector<Tensor> images;
      for (const linear_equation& e : all) images.push_back(e.map(direction));
      const Tensor far = (length / squares(images)).masked_fill(stays, 0);
      for (std::size_t i = 0; i < all.size(); ++i) rest[i] = rest[i] - broadcast_like(far, images[i]) * images[i];
      slope = transposed(all, rest);
      const Tensor left = squares({slope});
      direction = slope + broadcast_like((left / length).masked_fill(stays, 0), slope) * direction;
      length = left;
      missed = squares(rest);
    }
    const Tensor impossible = (missed > exact * whole).logical_and_(length <= flat * reach * missed);
    if (!impossible.any().item<bool>()) return;
    const auto sample = impossible.nonzero()[0][0].item<std::int64_t>();
    throw error(c10::str("got guides that contradict each other: no x has all of what is seen of sample ",
                         first_ + sample, ", the nearest misses ", 100 * (missed / whole).sqrt()[sample].item<double>(),
                         " % of it, need a deviation above 0 where it is not exact: r(x) is zero for every x"),
                "guides");
  }

 private:
  static constexpr int most_steps = 500;
  static constexpr double exact = 1e-10, flat = 1e-12;  // of squares: what float32 files round, and a slope of 0

  // Σ of squares of each sample, [n].
  static Tensor squares(const std::vector<Tensor>& parts) {
    Tensor sum = sum_per_sample(parts[0].square());
    for (std::size_t i = 1; i < parts.size(); ++i) sum = sum + sum_per_sample(parts[i].square());
    return sum;
  }

  static Tensor transposed(const std::vector<linear_equation>& all, const std::vector<Tensor>& u) {
    Tensor sum = all[0].transposed(u[0]);
    for (std::size_t i = 1; i < all.size(); ++i) sum = sum + all[i].transposed(u[i]);
    return sum;
  }

  std::vector<linear_equation> with_known() const {
    auto all = equations_;
    if (!known_.defined()) return all;
    const auto masked = [free = known_.isnan()](const Tensor& x) { return x.masked_fill(free, 0); };
    all.push_back({masked(known_), masked, masked});
    return all;
  }

  Tensor joined(const Tensor& a, const Tensor& b) const {
    const Tensor both = a.isnan().logical_or_(b.isnan()).logical_not_() & (a != b);
    if (both.any().item<bool>()) {
      const Tensor where = both.nonzero()[0];
      const auto number = [&](const Tensor& x) { return x.masked_select(both)[0].item<double>(); };
      sizes place;
      for (std::int64_t k = 1; k < where.size(0); ++k) place.push_back(where[k].item<std::int64_t>());
      throw error(c10::str("got guides that contradict each other: number ", to_string(place), " of sample ",
                           first_ + where[0].item<std::int64_t>(), " is certainly ", number(a), " for one and ",
                           number(b), " for another, need the same: r(x) is zero for every x"),
                  "guides");
    }
    return at::where(a.isnan(), b, a);
  }

  std::int64_t first_;
  Tensor known_;  // float64 [n, …], not a number where nothing is known
  std::vector<linear_equation> equations_;
};

}
