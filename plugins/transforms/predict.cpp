// Predicts x̂⁰ of each row by one call of the network.
#include "noneq/plugin.hpp"
#include "noneq/plugin/start_point.hpp"

namespace {

using noneq::Tensor;

struct predict : noneq::model_transform {
  std::int64_t t = 0;
  double deviation = 0;

  void check() const override {
    if ((t > 0) == (deviation > 0))
      throw noneq::error(t > 0 ? c10::str("got ", t, " beside a deviation, need one of the two")
                               : "got 0 and no deviation, need one of the two: the t that rows are noised to, or the "
                                 "deviation of the noise in them",
                         "t");
  }
  void check_process(const noneq::process& p) const override {
    if (t > p.steps())
      throw noneq::error(c10::str("got ", t, ", need at most ", p.steps(), ", the steps of the schedule"), "t");
    if (deviation > 0 && !p.kernel->has_variance())
      throw noneq::error("got a deviation for a kernel without variance, need t", "deviation");
  }
  void check_data(const noneq::dataset_info& info) const override {
    if (deviation > 0) noneq::need_one_scale(info.normal, "deviation");
  }
  bool takes_missing() const override { return true; }
  std::unique_ptr<noneq::applied> open(const noneq::application& a) const override;

  static void describe(noneq::description<predict>& d) {
    d.doc("x̂⁰, the mean of the data given the noised row, by one call of the network.")
        .param("t", &predict::t, "step that each row is noised to; 0: none, where deviation is given",
               noneq::at_least(0))
        .param("deviation", &predict::deviation,
               "of the noise that the rows hold already, in data units; 0: none, where t is given", noneq::at_least(0))
        .reads("x0", "[n, …]: the data, with or without noise")
        .writes("x0_hat", "[n, …], in data units, float32 or float64 as data needs it", noneq::extent::like_samples);
  }
};

class predicting : public noneq::applied {
 public:
  predicting(const predict& of, const noneq::application& a)
      : a_(a),
        noised_(of.t > 0),
        index_(noised_
                   ? of.t - 1
                   : noneq::index_of_deviation(of.deviation, a.info.normal, a.denoiser.process().tables, "deviation")) {
  }

  noneq::batch run(const noneq::batch& rows) const override {
    const noneq::process& p = a_.denoiser.process();
    const Tensor& x = rows.at("x0");
    const auto c = noneq::coefficients_at(p.tables, at::full({x.size(0)}, index_, at::kLong), x);
    const Tensor xt =
        noised_ ? p.kernel->jump(x, c, p.kernel->noise(x.sizes().vec(), a_.stream, rows.first)) : c.sqrt_alpha_bar * x;
    const Tensor x0 = a_.denoiser.predict(xt, index_, a_.denoiser.given(rows)).x0;
    return {rows.step, rows.first, {{"x0_hat", a_.info.normal.restore(x0)}}};
  }

 private:
  const noneq::application& a_;
  const bool noised_;
  const std::int64_t index_;
};

std::unique_ptr<noneq::applied> predict::open(const noneq::application& a) const {
  return std::make_unique<predicting>(*this, a);
}

}

NONEQ_PLUGIN(predict);
