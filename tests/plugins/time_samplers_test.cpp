#include "make.hpp"

using namespace noneq;
using namespace testing;

namespace {

process of_steps(std::int64_t T) {
  return make_process("gaussian", c10::str("{plugin: log_snr, steps: ", T, "}"), "v", "fixed_small");
}

process any_t(const std::string& schedule = "log_snr") {
  return make_process("gaussian", c10::str("{plugin: ", schedule, ", steps: continuous}"), "v", "fixed_small");
}

// The mean of weight·f(t) over many draws.
bool unbiased(const time_sampler& sampler, const process& p, std::int64_t repeats,
              const std::function<Tensor(const Tensor& index)>& f, double expected) {
  std::vector<double> means;
  for (std::int64_t k = 0; k < repeats; ++k) {
    const drawn_times d = sampler.draw(16, p, stream(5).fork(k));
    means.push_back((d.weight * f(d.index)).to(at::kDouble).mean().item<double>());
  }
  return mean_is(at::tensor(means, at::kDouble), expected);
}

// f = (t − 1)², which vanishes at t = 1, over uniform t = 1..T.
bool unbiased_in_steps(const time_sampler& sampler, std::int64_t T) {
  return unbiased(
      sampler, of_steps(T), 2000, [](const Tensor& index) { return index.square(); },
      static_cast<double>((T - 1) * (2 * T - 1)) / 6);
}

Tensor normal_below(const Tensor& z) { return 0.5 * (-z / std::sqrt(2)).erfc(); }

double normal_below(double z) { return 0.5 * std::erfc(-z / std::sqrt(2)); }

Tensor log_sigma(const process& p, const Tensor& index) {
  return -0.5 * noneq::log_snr(index.is_floating_point() ? p.tables.log_alpha_bar_at(index)
                                                         : p.tables.log_alpha_bar.index_select(0, index));
}

// Whether u [n] is uniform in [0, 1], by its first two moments.
bool is_uniform(const Tensor& u) { return mean_is(u, 0.5) && mean_is(u.square(), 1. / 3); }

void fill(time_sampler& sampler, std::int64_t T, std::int64_t times) {
  for (std::int64_t k = 0; k < times; ++k)
    sampler.update(at::arange(T, at::kLong), at::arange(1, T + 1).to(at::kFloat));
}

}

TEST_CASE("weights make every draw unbiased over uniform t") {
  for (const char* yaml :
       {"uniform", "{plugin: uniform, first: 2}", "antithetic", "{plugin: antithetic, first: 2}", "loss_second_moment",
        "{plugin: log_normal, mean: 0.5, deviation: 1.5}", "{plugin: logit_normal, deviation: 1.5}"}) {
    CAPTURE(yaml);
    const auto sampler = make<time_sampler>(yaml);
    CHECK(unbiased_in_steps(*sampler, 30));
    if (sampler->adaptive()) {
      fill(*sampler, 30, 10);
      CHECK(unbiased_in_steps(*sampler, 30));
    }
  }
}

TEST_CASE("weights make every draw unbiased over uniform t in continuous time") {
  // f is 0 up to index 1 and (index − 1)² from there; its integral over the T − 1 steps of length 1 is (T−2)³/3.
  const auto f = [](const Tensor& index) { return (index - 1).clamp_min(0).square() / (998. * 998.); };
  for (const char* yaml :
       {"uniform", "{plugin: uniform, first: 2}", "antithetic", "{plugin: antithetic, first: 2}",
        "{plugin: log_normal, mean: 0.5, deviation: 1.5}", "{plugin: logit_normal, mean: 0.3, deviation: 1.3}"}) {
    CAPTURE(yaml);
    CHECK(unbiased(*make<time_sampler>(yaml), any_t(), 2000, f, 998. / 3000));
  }
}

TEST_CASE("draws stay between first and T, and use all of it") {
  for (const char* name : {"uniform", "antithetic"}) {
    const auto d = make<time_sampler>(c10::str("{plugin: ", name, ", first: 3}"))->draw(4000, of_steps(7), stream(1));
    CHECK((d.index.scalar_type() == at::kLong));
    CHECK((d.weight.scalar_type() == at::kFloat));
    CHECK(d.index.min().item<std::int64_t>() == 2);
    CHECK(d.index.max().item<std::int64_t>() == 6);
    CHECK_THROWS_AS(make<time_sampler>(c10::str("{plugin: ", name, ", first: 3}"))->draw(4, of_steps(2), stream(1)),
                    error);
    const Tensor between =
        make<time_sampler>(c10::str("{plugin: ", name, ", first: 3}"))->draw(4000, any_t(), stream(1)).index;
    CHECK((between.scalar_type() == at::kDouble));
    CHECK(between.min().item<double>() >= 2);
    CHECK(between.max().item<double>() <= 999);
  }
  const auto million = make<time_sampler>("uniform")->draw(200000, of_steps(1000000), stream(2)).index;
  CHECK(million.max().item<std::int64_t>() < 1000000);
  CHECK(mean_is(million, 499999.5));
  // 24 bits alone reach only even or only odd steps in places: of many draws both must be equally many.
  CHECK(mean_is(million.remainder(2), 0.5));
}

TEST_CASE("an antithetic batch covers time evenly") {
  const auto counts = make<time_sampler>("antithetic")->draw(64, of_steps(16), stream(3)).index.bincount({}, 16);
  CHECK((counts == 4).all().item<bool>());
}

TEST_CASE("loss_second_moment is uniform until all histories are full, then follows the losses") {
  const std::int64_t T = 5, n = 40000;
  const auto sampler = make<time_sampler>("loss_second_moment");
  const process p_of_t = of_steps(T);
  fill(*sampler, T, 9);
  CHECK((sampler->draw(100, p_of_t, stream(1)).weight == 1).all().item<bool>());
  fill(*sampler, T, 1);
  const drawn_times d = sampler->draw(n, p_of_t, stream(1));
  const Tensor share = at::arange(1, 6, at::kDouble) / 15, p = share * 0.999 + 0.001 / 5;
  CHECK(largest(d.weight - 1 / (5 * p.index_select(0, d.index))) < 1e-5);
  const Tensor counts = d.index.bincount({}, T).to(at::kDouble);
  CHECK(((counts - n * p).abs() < 5 * (n * p).sqrt()).all().item<bool>());
  // Only the last ten count, and a loss that is no number is not one of them.
  for (int k = 0; k < 10; ++k) sampler->update(at::arange(T, at::kLong), at::ones({T}));
  sampler->update(at::zeros({1}, at::kLong), at::full({1}, std::numeric_limits<float>::infinity()));
  CHECK(largest(sampler->draw(100, p_of_t, stream(1)).weight - 1) < 1e-6);
}

TEST_CASE("loss_second_moment goes on from its state") {
  const auto a = make<time_sampler>("loss_second_moment"), b = make<time_sampler>("loss_second_moment");
  fill(*a, 5, 7);
  std::map<std::string, Tensor> stored;
  a->state([&](const std::string& name, Tensor& value) { stored[name] = value.clone(); });
  b->state([&](const std::string& name, Tensor& value) { value = stored.at(name); });
  for (const auto& sampler : {a, b}) sampler->update(at::tensor({4}, at::kLong), at::tensor({9.f}));
  for (const auto& sampler : {a, b}) fill(*sampler, 5, 3);
  const drawn_times x = a->draw(50, of_steps(5), stream(1)), y = b->draw(50, of_steps(5), stream(1));
  CHECK(at::equal(x.index, y.index));
  CHECK(at::equal(x.weight, y.weight));
  CHECK(largest(x.weight - 1) > 0.1);
}

TEST_CASE("log_normal: ln σ is normal, cut off at the ends of the schedule") {
  const double mean = -0.4, deviation = 2;
  const auto sampler = make<time_sampler>("{plugin: log_normal, mean: -0.4, deviation: 2}");
  for (const char* schedule : {"log_snr", "cosine", "rectified"}) {
    CAPTURE(schedule);
    const process p = any_t(schedule);
    const drawn_times d = sampler->draw(20000, p, stream(1));
    const auto below = [&](const Tensor& index) { return normal_below((log_sigma(p, index) - mean) / deviation); };
    const double low = below(at::zeros({1}, at::kDouble)).item<double>(),
                 high = below(at::full({1}, 999., at::kDouble)).item<double>();
    CHECK(is_uniform((below(d.index) - low) / (high - low)));
    // The density of the index is that of ln σ times the slope of ln σ, found here by differences.
    const Tensor stretch = d.index.floor(), share = below(stretch + 1) - below(stretch);
    CHECK(at::allclose((1000 * d.weight.to(at::kDouble)).reciprocal(), share / (high - low), 1e-5, 1e-12));
  }
}

TEST_CASE("log_normal: with whole steps σ is moved to the nearest step") {
  const std::int64_t n = 40000, T = 12;
  const process p = of_steps(T);
  const drawn_times d = make<time_sampler>("log_normal")->draw(n, p, stream(1));
  const Tensor at_steps = log_sigma(p, at::arange(T, at::kLong));
  double total = 0;
  for (std::int64_t i = 0; i < T; ++i) {
    const auto middle = [&](std::int64_t j) { return 0.5 * (at_steps[j] + at_steps[j + 1]).item<double>(); };
    const double low = i == 0 ? 0 : normal_below((middle(i - 1) + 1.2) / 1.2),
                 high = i == T - 1 ? 1 : normal_below((middle(i) + 1.2) / 1.2), share = high - low;
    const Tensor here = d.index == i;
    const auto count = static_cast<double>(here.sum().item<std::int64_t>());
    CHECK(std::abs(count - n * share) < 5 * std::sqrt(n * share));
    if (count > 0) CHECK(d.weight.index({here})[0].item<double>() == doctest::Approx(1 / (T * share)).epsilon(1e-6));
    total += share;
  }
  CHECK(total == doctest::Approx(1));
}

TEST_CASE("logit_normal: the logit of the share of the schedule is normal") {
  const auto sampler = make<time_sampler>("{plugin: logit_normal, mean: 0.5, deviation: 0.8, objective: drawn}");
  const drawn_times d = sampler->draw(20000, any_t(), stream(1));
  CHECK(is_uniform(normal_below(((d.index / 999).logit() - 0.5) / 0.8)));
  const process p = of_steps(10);
  const drawn_times whole = sampler->draw(20000, p, stream(1));
  for (std::int64_t i = 0; i < 10; ++i) {
    const auto below = [](double tau) { return normal_below((std::log(tau / (1 - tau)) - 0.5) / 0.8); };
    const double share = below((static_cast<double>(i) + 1) / 10) - below(static_cast<double>(i) / 10);
    const auto count = static_cast<double>((whole.index == i).sum().item<std::int64_t>());
    CHECK(std::abs(count - 20000 * share) < 5 * std::sqrt(20000 * share));
  }
  // Under schedule.rectified logit τ is ln σ, but for the first of 1000 steps.
  const process straight = any_t("rectified");
  const Tensor sigma = log_sigma(straight, sampler->draw(20000, straight, stream(2)).index);
  CHECK(is_uniform(normal_below((sigma - 0.5) / 0.8)));
}

TEST_CASE("normal densities integrate to 1, whatever the process") {
  for (const char* yaml : {"{plugin: log_normal, mean: 0, deviation: 2}", "{plugin: logit_normal, deviation: 2}"})
    for (const process& p : {of_steps(30), any_t(), any_t("cosine")}) {
      const drawn_times d = make<time_sampler>(yaml)->draw(400000, p, stream(3));
      const std::int64_t stretches = p.steps() - (p.tables.continuous() ? 1 : 0);
      // Each stretch is drawn at least once, and its density stands in the weight.
      Tensor density = at::zeros({stretches}, at::kDouble);
      density.index_put_({d.index.to(at::kLong)},
                         (static_cast<double>(p.steps()) * d.weight.to(at::kDouble)).reciprocal());
      CHECK(density.sum().item<double>() == doctest::Approx(1).epsilon(2e-3));
    }
}

TEST_CASE("objective: drawn gives the times of objective: uniform the weight 1") {
  for (const std::string name : {"log_normal", "logit_normal"}) {
    const drawn_times weighted = make<time_sampler>(name)->draw(50, any_t(), stream(1)),
                      alike =
                          make<time_sampler>("{plugin: " + name + ", objective: drawn}")->draw(50, any_t(), stream(1));
    CHECK(at::equal(weighted.index, alike.index));
    CHECK(at::equal(alike.weight, at::ones({50})));
    CHECK(largest(weighted.weight - 1) > 0.1);
  }
}

TEST_CASE("a normal distribution that cannot be drawn, or not without bias, is refused") {
  const process learned = make_process("gaussian", "{plugin: learned, steps: 20}", "v", "fixed_small");
  CHECK_THROWS_WITH_AS(make<time_sampler>("log_normal")->draw(1, learned, stream(1)),
                       doctest::Contains("need a schedule that is not learned"), error);
  CHECK_NOTHROW(make<time_sampler>("logit_normal")->draw(1, learned, stream(1)));
  const std::string narrow = "{plugin: log_normal, deviation: 0.01";
  CHECK_THROWS_WITH_AS(make<time_sampler>(narrow + "}")->draw(1, of_steps(1000), stream(1)),
                       doctest::Contains("all but never draws t = 1,"), error);
  CHECK_NOTHROW(make<time_sampler>(narrow + ", objective: drawn}")->draw(1, of_steps(1000), stream(1)));
  CHECK_THROWS_WITH_AS(make<time_sampler>("{plugin: log_normal, mean: 200, deviation: 0.01, objective: drawn}")
                           ->draw(1, any_t(), stream(1)),
                       doctest::Contains("no step of the schedule has a share of"), error);
}
