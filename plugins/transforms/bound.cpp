// Both bounds on the log likelihood of each row, as metric.bound measures them.
#include "../bound_of_rows.hpp"

namespace {

struct bound : noneq::model_transform {
  std::int64_t times = 0;

  std::unique_ptr<noneq::applied> open(const noneq::application& a) const override;

  static void describe(noneq::description<bound>& d) {
    d.doc("Bounds on the log likelihood of each row: the variational bound of DDPM (Form 2), and K of 2015 (Form 1).");
    shipped::describe_times(d);
    d.reads("x0", "[n, …]: the data")
        .writes("bound", "float64 [n]: bits; the variational bound, from below")
        .writes("K", "float64 [n]: bits; not a number where the kernel is not reversible");
  }
};

class bounds : public noneq::applied {
 public:
  bounds(const bound& of, const noneq::application& a)
      : a_(a), strata_(shipped::count_strata(of.times, a.denoiser.process().steps())) {}

  noneq::batch run(const noneq::batch& rows) const override {
    const auto& d = a_.denoiser;
    const auto b = shipped::measure_bounds(d, a_.info, rows.at("x0"), d.given(rows), rows.first, strata_, a_.stream);
    const noneq::Tensor K = d.process().kernel->reversible() ? b.K : at::full_like(b.K, NAN);
    return {rows.step, rows.first, {{"bound", noneq::bits(b.log_likelihood())}, {"K", noneq::bits(K)}}};
  }

 private:
  const noneq::application& a_;
  const std::int64_t strata_;
};

std::unique_ptr<noneq::applied> bound::open(const noneq::application& a) const {
  return std::make_unique<bounds>(*this, a);
}

}

NONEQ_PLUGIN(bound);
