// The log likelihood of each row, as metric.likelihood measures it.
#include "../flow_likelihood.hpp"

namespace {

struct likelihood : noneq::model_transform, shipped::flow_likelihood {
  bool needs_data() const override { return is_variational(); }
  void check_data(const noneq::dataset_info& info) const override { check_rows(info); }
  std::unique_ptr<noneq::applied> open(const noneq::application& a) const override;

  static void describe(noneq::description<likelihood>& d) {
    d.doc(
        "Log likelihood of each row by the probability flow ODE, adaptive steps of order 5 between t = 1 and T, in "
        "units of x⁰; of data with bins, the bound on the log probability of a bin. A self-conditioned network is told "
        "nothing.");
    describe_flow(d);
    d.reads("x0", "[n, …]: the data")
        .writes("log_likelihood", "float64 [n]: bits; the variational bound where the ODE did not end")
        .writes("probe_error", "float64 [n]: standard error of it from the probes; not a number where not known")
        .writes("stopped_at", "float64 [n]: t at which the ODE stopped; T where it ended")
        .spaces({"gaussian"});
  }
};

class likelihoods : public noneq::applied {
 public:
  likelihoods(const likelihood& of, const noneq::application& a)
      : of_(of), a_(a), flow_(a.denoiser), q_{a.info.bin_width} {
    if (of.is_variational())
      q_ = of.fitted(flow_, a.denoiser, a.info.bin_width, a.pass, of.rows_to_fit(a.info, 0), a.stream);
  }

  noneq::batch run(const noneq::batch& rows) const override {
    const auto f = of_.measure(flow_, a_.denoiser, a_.info, q_, rows, a_.stream);
    return {rows.step,
            rows.first,
            {{"log_likelihood", noneq::bits(f.best())},
             {"probe_error", noneq::bits(f.probe_error)},
             {"stopped_at", f.stopped_at}}};
  }

 private:
  const likelihood& of_;
  const noneq::application& a_;
  const shipped::flow_slope flow_;
  shipped::dequantisation q_;
};

std::unique_ptr<noneq::applied> likelihood::open(const noneq::application& a) const {
  return std::make_unique<likelihoods>(*this, a);
}

}

NONEQ_PLUGIN(likelihood);
