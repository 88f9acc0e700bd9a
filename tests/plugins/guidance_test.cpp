// Classifier-free guidance against its closed form.
#include "closed_form.hpp"
#include "plugins/message.hpp"

using noneq::Tensor;
using testing::gaussian_denoiser;
using testing::make;
using testing::message_of;

namespace {

// Says ε exactly for class c = N(c + 1, v) of two classes, and N(0, v) for 'no class'.
struct two_classes : noneq::network {
  noneq::tables tables;
  double v;
  two_classes(noneq::tables t, double variance) : tables(std::move(t)), v(variance) {}
  bool knows_no_class() const override { return true; }
  Tensor forward(const noneq::network_input& in) override {
    const auto c = noneq::coefficients_at(tables, in.t, in.x);
    const Tensor label = in.given.find("label");
    const Tensor mean = at::where(label == 2, 0, label + 1).to(in.x.scalar_type()).unsqueeze(1);
    return c.sqrt_one_minus_alpha_bar * (in.x - c.sqrt_alpha_bar * mean) / (c.alpha_bar * v + c.one_minus_alpha_bar);
  }
};

}

TEST_CASE("classes of equal variance: guidance moves the mean to s times that of the class") {
  // ε is affine in the mean, so ε(x,∅) + s(ε(x,c) − ε(x,∅)) is the exact ε of N(s m_c, v).
  const double v = 0.5;
  const auto p = testing::make_process("gaussian", "{plugin: linear, steps: 50, last: 0.3}", "epsilon", "fixed_small");
  const noneq::denoiser d(p, std::make_shared<two_classes>(p.tables, v));
  const auto s = make<noneq::sampler>("{plugin: ddim, eta: 0.5}");
  for (const double scale : {0., 1., 3.}) {
    noneq::sampling_request r{0, 30, {1}, noneq::stream(5), {{"label", at::ones({30}, at::kLong)}}, {}};
    const Tensor guided = s->sample(d.guided(scale, 2), r);
    const auto exact =
        gaussian_denoiser(p, at::full({1}, 2 * static_cast<float>(scale)), at::full({1}, static_cast<float>(v)));
    CHECK(at::allclose(guided, s->sample(exact, r), 1e-3, 1e-3));
  }
}

TEST_CASE("the formula holds whatever the network predicts") {
  const Tensor x = at::linspace(-2, 2, 5, at::kDouble).unsqueeze(1);
  const noneq::conditions of_class{{"label", at::zeros({5}, at::kLong)}};
  for (const std::string mean : {"epsilon", "x0", "v", "score", "mean"}) {
    const auto p = testing::make_process("gaussian", "{plugin: linear, steps: 50, last: 0.3}", mean, "fixed_small");
    const noneq::denoiser d(p, std::make_shared<two_classes>(p.tables, 0.5));
    const Tensor with = d.predict(x, 20, of_class).x0,
                 without = d.predict(x, 20, {{"label", at::full({5}, 2, at::kLong)}}).x0;
    CHECK(at::allclose(d.guided(2.5, 2).predict(x, 20, of_class).x0, without + 2.5 * (with - without), 1e-9, 1e-9));
  }
}

TEST_CASE("guidance of a model that does not know 'no class' is refused") {
  const auto p = testing::make_process("gaussian", "linear", "epsilon", "fixed_small");
  const auto d = gaussian_denoiser(p, at::zeros({1}), at::ones({1}));
  CHECK(message_of([&] { d.guided(2, 3); }) ==
        "guidance got 2, need 1: the model was not trained to do without its classes or conditions; train one with "
        "no_class: true, or with drop");
  CHECK(message_of([&] { d.guided(1, 0); }) == "nothing was thrown");
}
