// Power-function averages: their profiles against published numbers and integrals, the snapshots of a run, and averages
// made of them against averages that were kept.
#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/core/random.hpp"
#include "noneq/flow/averaged_weights.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

namespace {

std::vector<std::string> averaging(const std::string& widths, int steps = 300, const std::string& more = "") {
  return {
      fmt::format("graph.trainer={{plugin: trainer.adam, in: loss, steps: {}, rate: 0.01, ema: [0.9], log: 6, shards: "
                  "2, averages: {}{}}}",
                  steps, widths, more)};
}

kept_averages kept_by(const scratch_folder& run, const std::string& widths, std::int64_t step = 0) {
  const plan p = small_plan(averaging(widths));
  return kept_averages{run.path, p.training().trainer.as<trainer>(), storage::load_checkpoint(run.path / "checkpoint"),
                       step};
}

// The distance of two sets of weights, over the length of the second.
double distance_of(const named_tensors& a, const std::map<std::string, Tensor>& b, const std::string& prefix) {
  double apart = 0, whole = 0;
  std::size_t met = 0;
  for (const auto& [name, tensor] : b) {
    if (!name.starts_with(prefix)) continue;
    const Tensor x = tensor.to(at::kDouble);
    apart += (a.at(name.substr(prefix.size())).to(at::kDouble) - x).square().sum().item<double>();
    whole += x.square().sum().item<double>();
    ++met;
  }
  CHECK(met == a.size());
  return std::sqrt(apart / whole);
}

}

TEST_CASE("exponents of relative widths are those of Karras et al. 2024, and back") {
  CHECK(exponent_of_width(0.05) == doctest::Approx(16.97).epsilon(1e-3));  // §3.1
  CHECK(exponent_of_width(0.10) == doctest::Approx(6.94).epsilon(1e-3));
  for (const double width : {0.01, 0.05, 0.17, 0.28}) {
    const double g = exponent_of_width(width);
    CHECK(width_of_exponent(g) == doctest::Approx(width).epsilon(1e-9));
    // The standard deviation of s/t under (γ+1) s^γ: a Beta(γ+1, 1).
    CHECK(width == doctest::Approx(std::sqrt((g + 1) / ((g + 2) * (g + 2) * (g + 3)))).epsilon(1e-9));
  }
}

TEST_CASE("the product of profiles is their integral") {
  const auto at_step = [](const power_profile& p, double s) {
    return s > p.step ? 0 : (p.exponent + 1) / p.step * std::pow(s / p.step, p.exponent);
  };
  for (const auto& [p, q] :
       {std::pair{power_profile{30, 4}, power_profile{50, 9}}, {{50, 9}, {30, 4}}, {{7, 0}, {7, 2}}}) {
    double sum = 0;
    constexpr int pieces = 400'000;
    const double end = std::min(p.step, q.step), width = end / pieces;
    for (int k = 0; k < pieces; ++k) sum += at_step(p, (k + 0.5) * width) * at_step(q, (k + 0.5) * width) * width;
    CHECK(product(p, q) == doctest::Approx(sum).epsilon(1e-6));
  }
}

TEST_CASE("an average that is moved step by step has the weights of its profile") {
  const double g = exponent_of_width(0.1);
  const Tensor x = stream(1).normal({40}).to(at::kDouble);
  double moved = 0, direct = 0;
  for (int t = 1; t <= 40; ++t) {
    const double kept = kept_share(t, g), now = x[t - 1].item<double>();
    moved = kept * moved + (1 - kept) * now;
    direct += now * (std::pow(t, g + 1) - std::pow(t - 1, g + 1)) / std::pow(40, g + 1);
  }
  CHECK(moved == doctest::Approx(direct).epsilon(1e-12));
}

TEST_CASE("a profile that is among the given is found, and others come close") {
  std::vector<power_profile> given;
  for (int k = 1; k <= 20; ++k)
    for (const double width : {0.05, 0.1}) given.push_back({50. * k, exponent_of_width(width)});
  for (const double width : {0.03, 0.05, 0.08, 0.1, 0.15, 0.25}) {
    CAPTURE(width);
    const profile_fit fit = fit_profile(given, {1000, exponent_of_width(width)});
    CHECK(fit.error < (width < 0.05 || width > 0.2 ? 0.1 : 0.01));
    double sum = 0, sizes = 0;
    for (const double f : fit.factors) sum += f, sizes += std::abs(f);
    CHECK(sum == doctest::Approx(1).epsilon(0.02));
    CHECK(sizes < 200);  // rounding of the averages is not magnified
  }
  CHECK(fit_profile(given, given.back()).error < 1e-6);
  // One profile alone: the factor is <p, q> over <p, p>.
  const power_profile p{10, 3}, q{12, 5};
  CHECK(fit_profile({p}, q).factors[0] == doctest::Approx(product(p, q) / product(p, p)).epsilon(1e-12));
}

TEST_CASE("an average made of snapshots is the one that was kept, to 1e-3") {
  scratch_folder run, direct;
  run_small(averaging("[0.05, 0.1]"), 2, run);
  for (const char* widths : {"[0.07, 0.2]", "[0.12, 0.15]"}) {
    scratch_folder kept;
    const auto other = run_small(averaging(widths), 2, kept);
    const std::vector<double> w = small_plan(averaging(widths)).training().trainer.as<trainer>().averages;
    for (std::size_t i = 0; i < 2; ++i) {
      const auto made = kept_by(run, "[0.05, 0.1]");
      const double apart = distance_of(made.of_width(w[i]), other.saved.tensors, fmt::format("power.{}.", i));
      INFO(w[i], " ", apart, " ", made.distance(w[i]));
      CHECK(apart < 1e-3);
      // The weights moved by more than that since then.
      CHECK(distance_of(made.of_width(0.02), other.saved.tensors, fmt::format("power.{}.", i)) > 5 * apart);
    }
  }
  // At a step on the way, against a run that ended there.
  scratch_folder shorter;
  const auto ended = run_small(averaging("[0.07, 0.2]", 160), 2, shorter);
  CHECK(distance_of(kept_by(run, "[0.05, 0.1]", 160).of_width(0.07), ended.saved.tensors, "power.0.") < 1e-3);
  std::string found;
  try {
    kept_by(run, "[0.05, 0.1]", 161);
  } catch (const noneq::error& e) {
    found = e.what();
  }
  CHECK_MESSAGE(has(found, "has no snapshot of step 161, need one of "), found);
}

TEST_CASE("snapshots are bounded in number, and the same after interruptions, bit for bit") {
  scratch_folder whole, parts;
  const auto in = [](int steps) { return averaging("[0.05, 0.1]", steps, ", snapshots: 8"); };
  const auto a = run_small(in(100), 2, whole);
  for (const int steps : {13, 50, 100}) {
    run_small(in(steps), 1, parts, steps == 13 ? if_there::refuse : if_there::resume);
    CHECK(snapshots(parts.path).steps().size() <= 8);
  }
  CHECK(snapshots(whole.path).steps() == std::vector<std::int64_t>{16, 32, 48, 64, 80, 96});
  CHECK(snapshots(parts.path).steps() == snapshots(whole.path).steps());
  for (const std::int64_t step : snapshots(whole.path).steps())
    for (const auto& [name, tensor] : snapshots(whole.path).load(step))
      CHECK(at::equal(snapshots(parts.path).load(step).at(name), tensor));
  CHECK(differences(a.saved, storage::load_checkpoint(parts.path / "checkpoint")) == "");
  // Begun again without averages, the folder has none.
  run_small({"graph.trainer.steps=6"}, 2, parts, if_there::replace);
  CHECK_FALSE(std::filesystem::exists(parts.path / "averages"));
}

TEST_CASE("averages change nothing of the training, and one width is refused") {
  const auto plain = run_small(averaging("[]", 30)), averaged = run_small(averaging("[0.05, 0.1]", 30));
  for (const auto& [name, tensor] : plain.saved.tensors) CHECK(at::equal(averaged.saved.tensors.at(name), tensor));
  CHECK(has(problems_of(averaging("[0.05]")), "trainer.averages: got [0.05], need two different widths"));
  CHECK(has(problems_of(averaging("[0.1, 0.1]")), "need two different widths"));
  CHECK(has(problems_of(averaging("[0.1, 0.3]")), "trainer.averages"));
}
