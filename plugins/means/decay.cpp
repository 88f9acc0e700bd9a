// The network predicts the point x^t decays to: μ = (x^t − z)(1−Σ) + z (Sohl-Dickstein et al. 2015, eq. 65). The
// meaning of z depends on the Σ of the reverse step, so every conversion reads it.
#include "noneq/diffusion/means.hpp"
#include "noneq/plugin.hpp"

struct decay : noneq::mean {
  noneq::Tensor location(const noneq::Tensor& z, const noneq::reverse_point& at) const override {
    return noneq::mean_from_decay(z, at.xt, at.log_variance);
  }
  noneq::Tensor x0(const noneq::Tensor& z, const noneq::reverse_point& at) const override {
    return noneq::x0_from_mean(location(z, at), at.xt, at.c);
  }
  noneq::Tensor of_step(const noneq::Tensor& z, const noneq::reverse_point& from,
                        const noneq::reverse_point& to) const override {
    return target(x0(z, from), {}, to);
  }
  noneq::Tensor target(const noneq::Tensor& x0, const noneq::Tensor&, const noneq::reverse_point& at) const override {
    return noneq::decay_from_mean(noneq::mean_from_x0(x0, at.xt, at.c), at.xt, at.log_variance);
  }
  noneq::Tensor epsilon_error(const noneq::reverse_point& at) const override {
    return (2 * at.log_variance).exp() * at.c.snr / at.c.c1.square();
  }

  static void describe(noneq::description<decay>& d) {
    d.doc("The network predicts the point x^t decays to, as fast as Σ says (the paper of 2015).").spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(decay);
