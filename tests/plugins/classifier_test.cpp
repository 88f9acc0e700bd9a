// Factors that networks give, on data N(0, 1) and the network that knows it.
#include <torch/script.h>

#include "noneq/storage/files.hpp"
#include "wrong_network.hpp"

using noneq::Tensor;
using testing::ancestral;
using testing::draw;
using testing::linear;
using testing::message_of;
using testing::request;
using testing::says_all;

namespace {

struct script {
  testing::scratch folder;
  std::filesystem::path path = folder / "net.pt";
  explicit script(const std::string& body, const std::string& arguments = "x") {
    torch::jit::Module m("m");
    m.define("def forward(self, " + arguments + "):\n  " + body + "\n");
    m.save(path.string());
  }
  std::string guide(const std::string& more = "") const {
    return "{plugin: classifier, file: '" + path.string() + "'" + more + "}";
  }
};

noneq::denoiser standard_normal(std::int64_t steps) {
  return testing::gaussian_denoiser(linear("epsilon", steps), at::zeros({1}), at::ones({1}));
}

struct moments {
  double mean, variance;
};

// The moments of x⁰ when every step is x^{t−1} = slope x^t + offset + N(0, β̃), the last without noise.
template <class Step>
moments carried(const noneq::tables& t, const Step& step) {
  moments m{0, 1};
  for (std::int64_t i = t.steps() - 1; i >= 0; --i) {
    const auto c = noneq::coefficients_at(t, at::full({1}, i, at::kLong), at::zeros({1}, at::kDouble));
    const auto [slope, offset] = step(c);
    m = {slope * m.mean + offset,
         slope * slope * m.variance + (i > 0 ? c.log_beta_tilde.exp().template item<double>() : 0)};
  }
  return m;
}

void check_moments(const Tensor& x, const moments& m) {
  CHECK(testing::mean_is(x, m.mean));
  CHECK(std::abs(x.var().item<double>() / m.variance - 1) < 4 * std::sqrt(2. / static_cast<double>(x.numel())));
}

}

TEST_CASE("ln r that is linear: the posterior itself") {
  // N(0, 1) times exp(b x) is N(b, 1).
  const script r("return 0.35 * x[:, 0]");
  const Tensor x = draw(ancestral(r.guide(", scale: 2")), standard_normal(1000), request(10000, {1}));
  CHECK(x.mean().item<double>() == doctest::Approx(0.7).epsilon(0.06));  // four standard errors are 0.04
  CHECK(x.var().item<double>() == doctest::Approx(1).epsilon(0.06));     // and 0.057; the steps leave out 0.006
}

TEST_CASE("ln r that is quadratic: what either mode promises, carried through every step") {
  const script r("return -0.5 * ((x[:, 0] - 13.0) / 4.0) ** 2 / 2.0");  // of data 10 + 4 x: −(x − ¾)²/4
  auto of_data = request(10000, {1});
  of_data.normal.shift = at::tensor({10.f});
  of_data.normal.scale = at::tensor({4.f});
  const auto d = standard_normal(100);
  const double y = 0.75, curvature = 0.5;
  // x̂⁰ = √ᾱ x; its derivative √ᾱ takes ∇ ln r(x̂⁰) to x^t, and Tweedie's formula back.
  check_moments(draw(ancestral(r.guide()), d, of_data), carried(d.process().tables, [&](const noneq::coefficients& c) {
                  const double a = c.alpha_bar.item<double>(), c1 = c.c1.item<double>(), pull = (1 - a) * curvature;
                  return std::pair{c1 * std::sqrt(a) * (1 - pull) + c.c2.item<double>(), c1 * pull * y};
                }));
  check_moments(draw(ancestral(r.guide(", mode: paper")), d, of_data),
                carried(d.process().tables, [&](const noneq::coefficients& c) {
                  const double to_mean =
                      c.c1.item<double>() * std::sqrt(c.alpha_bar.item<double>()) + c.c2.item<double>();
                  const double pull = c.log_beta_tilde.exp().item<double>() * curvature;
                  return std::pair{to_mean * (1 - pull), pull * y};
                }));
}

TEST_CASE("the logits of classes are ln r of the one that is wanted") {
  const script logits("return torch.stack([x[:, 0], torch.zeros_like(x[:, 0])], 1)");
  const script with_label("return (1 - 2 * label) * x[:, 0] - torch.log(1 + torch.exp((1 - 2 * label) * x[:, 0]))",
                          "x, label");
  const script log_r("return -torch.log(1 + torch.exp(x[:, 0]))");
  const auto of = [](const std::string& guide) {
    return draw(ancestral(guide), standard_normal(500), request(100, {1}));
  };
  const Tensor x = of(log_r.guide());
  CHECK(testing::largest(of(logits.guide(", label: 1")) - x) < 1e-4);
  CHECK(testing::largest(of(with_label.guide(", label: 1")) - x) < 1e-4);
  CHECK(of(logits.guide(", label: 0")).mean().item<double>() > x.mean().item<double>() + 0.5);
}

TEST_CASE("a classifier that cannot guide is refused by what is wrong with it") {
  const auto refusal = [](const std::string& body, const std::string& more = "", const std::string& arguments = "x") {
    const script r(body, arguments);
    return message_of([&] { draw(ancestral(r.guide(more)), standard_normal(10), request(3, {1})); });
  };
  CHECK(says_all(refusal("return x"), {"net.pt", "gave [2, 1]", "a label from 0 to 0"}));
  CHECK(says_all(refusal("return x.sum()"), {"net.pt", "gave []", "ln r(x) [2] or logits [2, classes]"}));
  CHECK(says_all(refusal("return x.unsqueeze(2)"), {"gave [2, 1, 1]", "need"}));
  CHECK(says_all(refusal("return (x, x)"), {"gave Tuple", "need"}));
  CHECK(says_all(refusal("return x.matmul(x)"), {"net.pt", "failed on [2, 1]"}));
  CHECK(says_all(refusal("return (x[:, 0] > 0).float()"), {"net.pt", "no derivative by x"}));
  CHECK(says_all(refusal("return x[:, 0].detach()"), {"no derivative by x"}));
  CHECK(says_all(refusal("return torch.log(0 * x[:, 0])"), {"ln r(x) = -inf", "need finite"}));
  CHECK(says_all(refusal("return torch.sqrt(x[:, 0])"), {"derivative", "not finite"}));
  CHECK(says_all(refusal("return x[:, 0]", ", label: 1"), {"gave [2]", "need logits", "label"}));
  CHECK(says_all(refusal("return torch.cat([x, x], 1)", ", label: 2"), {"from 0 to 1", "got label: 2"}));
  CHECK(says_all(refusal("return x[:, 0]", "", "x, label"), {"forward of x and label", "need a label"}));
  CHECK(says_all(refusal("return x[:, 0]", "", "x, t, label"), {"3 arguments", "need x, or x and label"}));
  CHECK(says_all(refusal("return x[:, 0]", ", scale: 0"), {"scale", "got 0"}));
  const script r("return x[:, 0]");
  noneq::storage::write_atomically(r.path, "not a network");
  CHECK(says_all(message_of([&] { testing::make<noneq::guide>(r.guide()); }), {"net.pt", "than a TorchScript module"}));
}

TEST_CASE("ln r under a network that is a little wrong leads no sample away") {
  const script r("return -0.5 * ((x[:, 0] - 1) / 0.1) ** 2");
  // So sharp an ln r moves x̂⁰ by as much as it may at every step.
  testing::leads_no_sample_away(testing::given({}), "[" + r.guide() + "]", 1, 2, 6);
}
