#include "make.hpp"

using namespace noneq;
using namespace testing;
using doctest::Approx;

namespace {

tables tables_of(const std::string& yaml) { return make_tables(make<schedule>(yaml)->beta().detach()); }

double item(const Tensor& x, std::int64_t i) { return x[i].item<double>(); }

}

TEST_CASE("every schedule has T values of β and loses signal at every step") {
  for (const char* name : {"constant", "cosine", "learned", "learned_snr", "linear", "log_snr", "quadratic",
                           "reciprocal", "rectified", "sigmoid"})
    for (const int steps : {2, 40, 1000}) {
      CAPTURE(name);
      CAPTURE(steps);
      const tables t = tables_of(c10::str("{plugin: ", name, ", steps: ", steps, "}"));
      CHECK(t.steps() == steps);
      CHECK((t.beta.scalar_type() == at::kDouble));
      CHECK(t.alpha_bar.diff().lt(0).all().item<bool>());
      CHECK(item(t.alpha_bar, 0) < 1);
    }
}

TEST_CASE("linear and cosine give their published numbers") {
  const tables linear = tables_of("linear");
  CHECK(item(linear.alpha_bar, 0) == Approx(0.9999).epsilon(1e-10));
  CHECK(item(linear.alpha_bar, 499) == Approx(0.07858724288177825).epsilon(1e-10));
  CHECK(item(linear.alpha_bar, 999) == Approx(4.035829765375685e-05).epsilon(1e-10));
  const tables cosine = tables_of("cosine");
  CHECK(item(cosine.beta, 0) == Approx(4.128422482196914e-05).epsilon(1e-10));
  CHECK(item(cosine.beta, 500) == Approx(0.0031556914415847848).epsilon(1e-10));
  CHECK(item(cosine.beta, 999) == 0.999);
}

TEST_CASE("each schedule is straight in its own quantity") {
  const auto bend = [](const Tensor& x) { return largest(x.diff(2)); };
  CHECK(bend(tables_of("linear").beta) < 1e-15);
  CHECK(bend(tables_of("quadratic").beta.sqrt()) < 1e-15);
  CHECK(bend(tables_of("{plugin: log_snr, steps: 40}").snr.log()) < 1e-12);
  CHECK(bend(tables_of("{plugin: constant, beta: 0.1}").log_alpha_bar) < 1e-12);
  const Tensor t = at::arange(1, 51, at::kDouble);
  // x_τ/√ᾱ = x⁰ + τ/(1−τ) ε.
  const tables straight = tables_of("{plugin: rectified, steps: 50}");
  CHECK(largest(1 / (1 + straight.snr.sqrt()) - t / 50) < 1e-13);
  CHECK(item(straight.alpha_bar, 49) == 0);
  CHECK(largest(tables_of("{plugin: reciprocal, steps: 50}").alpha_bar - (1 - t / 50)) < 1e-14);
  // σ(−u) = 1 − σ(u).
  const Tensor s = tables_of("{plugin: sigmoid, first: 0.01, last: 0.05}").beta;
  CHECK(largest(s + s.flip(0) - 0.06) < 1e-15);
}

TEST_CASE("the ends of log_snr are what was asked for") {
  const tables t = tables_of("{plugin: log_snr, steps: 40, first_beta: 0.003, last_alpha_bar: 0.01}");
  CHECK(t.beta_1() == 0.003);
  CHECK(item(t.alpha_bar, 39) == Approx(0.01).epsilon(1e-12));
}

TEST_CASE("an unlearned schedule is its base") {
  const tables log_snr = tables_of("{plugin: log_snr, steps: 40}"), learned = tables_of("{plugin: learned, steps: 40}");
  CHECK(learned.beta_1() == 1e-3);
  CHECK(largest(learned.beta - log_snr.beta) < 2e-5);
  // 2015's published code; β_1 is this project's.
  const tables of_2015 = tables_of("{plugin: learned, base: reciprocal_2015, first_beta: 0.002}");
  CHECK(of_2015.beta_1() == 0.002);
  const double b = 1 / (1000 - 998. / 999);
  CHECK(item(of_2015.beta, 1) == Approx(1e-6 + b * (1 - 1.1e-5)).epsilon(1e-12));
  CHECK(item(of_2015.beta, 999) == Approx(0.4999955).epsilon(1e-10));
}

TEST_CASE("a learned schedule: every coefficient moves β, none moves β_1") {
  const auto s = make<schedule>("{plugin: learned, steps: 40, bumps: 6}");
  const auto learnable = s->learnable();
  REQUIRE(learnable.size() == 1);
  const Tensor c = learnable[0].leaf;
  CHECK(c.sizes() == at::IntArrayRef({6}));
  CHECK(c.is_leaf());
  s->beta().narrow(0, 1, 39).log().sum().backward();
  CHECK((c.grad() > 0).all().item<bool>());
  c.mutable_grad().zero_();
  s->beta()[0].backward();
  CHECK(largest(c.grad()) == 0);
  {
    at::NoGradGuard values_only;
    c.fill_(1e6);
    CHECK_NOTHROW(make_tables(s->beta()));
    c.fill_(-1e6);
    CHECK_NOTHROW(make_tables(s->beta()));
  }
}

TEST_CASE("a learned SNR starts nearly straight in ln SNR, and falls from end to end whatever its weights") {
  const auto s = make<schedule>("{plugin: learned_snr, steps: 40, first_beta: 0.002, last_alpha_bar: 0.01}");
  const auto check_ends = [&] {
    const tables t = make_tables(s->beta().detach());
    CHECK(t.beta_1() == Approx(0.002).epsilon(1e-12));
    CHECK(item(t.alpha_bar, 39) == Approx(0.01).epsilon(1e-10));
    CHECK((t.log_alpha_bar.diff() < 0).all().item<bool>());
  };
  check_ends();
  const Tensor straight = tables_of("{plugin: log_snr, steps: 40, first_beta: 0.002, last_alpha_bar: 0.01}").snr.log();
  CHECK(largest(make_tables(s->beta().detach()).snr.log() - straight) <
        0.05 * (straight[0] - straight[39]).item<double>());
  for (const learnable_tensor& l : s->learnable()) {
    if (l.name == "last") continue;
    at::NoGradGuard values_only;
    l.leaf.copy_(3 * stream(7).fork(l.name).normal({l.leaf.numel()}).view(l.leaf.sizes()));
  }
  check_ends();
}

TEST_CASE("a learned SNR: which ends are learned, and what its shape makes small, is as asked") {
  const auto names = [](const char* yaml) {
    std::string all;
    for (const learnable_tensor& l : make<schedule>(yaml)->learnable()) all += l.name + (l.by_variance ? "! " : " ");
    return all;
  };
  CHECK(names("learned_snr") == "last slope! steepness! shift! height! ");
  CHECK(names("{plugin: learned_snr, ends: both, shape: loss}") == "first last slope steepness shift height ");
  CHECK(names("{plugin: learned_snr, ends: none}") == "slope! steepness! shift! height! ");
  CHECK(make<schedule>("{plugin: learned_snr, ends: both}")->learns_beta_1());
  CHECK_FALSE(make<schedule>("learned_snr")->learns_beta_1());
  const auto s = make<schedule>("{plugin: learned_snr, steps: 40}");
  s->beta()[0].backward();
  for (const learnable_tensor& l : s->learnable())
    if (l.leaf.grad().defined()) CHECK(largest(l.leaf.grad()) == 0);  // none moves β_1
}

TEST_CASE("a learned schedule comes back from its state, in the leaf an optimizer holds") {
  const auto a = make<schedule>("{plugin: learned, steps: 40}"), b = make<schedule>("{plugin: learned, steps: 40}");
  {
    at::NoGradGuard values_only;
    a->learnable()[0].leaf.copy_(at::linspace(-1, 1, 10, at::kDouble));
  }
  std::map<std::string, Tensor> stored;
  a->state([&](const std::string& name, Tensor& value) { stored[name] = value.detach().clone(); });
  const Tensor leaf = b->learnable()[0].leaf;
  b->state([&](const std::string& name, Tensor& value) { value = stored.at(name); });
  CHECK(at::equal(a->beta(), b->beta()));
  CHECK(leaf.is_same(b->learnable()[0].leaf));
  CHECK(leaf.requires_grad());
  const auto other = make<schedule>("{plugin: learned, steps: 40, bumps: 3}");
  CHECK_THROWS_AS(other->state([&](const std::string& name, Tensor& value) { value = stored.at(name); }), error);
}

TEST_CASE("schedules without meaning are refused when they are made") {
  CHECK_THROWS_AS(make<schedule>("{plugin: linear, last: 1.5}"), error);
  CHECK_THROWS_AS(make<schedule>("{plugin: constant, beta: 1}"), error);
  CHECK_THROWS_AS(make<schedule>("{plugin: log_snr, last_alpha_bar: 0.9995}"), error);
  CHECK_THROWS_AS(make<schedule>("{plugin: learned, last_alpha_bar: 0.9995}"), error);
  CHECK_THROWS_AS(make<schedule>("{plugin: learned, base: cosine}"), error);
  CHECK_THROWS_AS(make<schedule>("{plugin: cosine, steps: 1}"), error);
}
