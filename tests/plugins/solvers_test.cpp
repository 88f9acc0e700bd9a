// Solvers of the reverse process against a published implementation and against exact solutions for Gaussian data.
#include <fstream>

#include <nlohmann/json.hpp>

#include "closed_form.hpp"
#include "plugins/message.hpp"

using noneq::sampling_request;
using noneq::sizes;
using noneq::stream;
using noneq::Tensor;
using testing::gaussian_denoiser;
using testing::make;
using testing::make_denoiser;
using testing::message_of;
using testing::of_schedule;
using testing::request;
using testing::says;

namespace {

sampling_request from(const Tensor& start) {
  auto r = request(start.size(0), start.sizes().slice(1).vec());
  r.start = start;
  return r;
}

// What the published code makes of a schedule: ᾱ multiplied up in float32, where 1 − 0.999 alone is wrong by 1.3e-5.
noneq::process in_float32(noneq::process p) {
  const Tensor alpha_bar = (1 - p.tables.beta.to(at::kFloat)).cumprod(0).to(at::kDouble);
  const Tensor previous = at::cat({at::ones({1}, at::kDouble), alpha_bar.slice(0, 0, -1)});
  p.tables = noneq::make_tables(1 - alpha_bar / previous);
  return p;
}

// Says x̂⁰ exactly for data N(mean, variance), also where ᾱ_T = 0.
noneq::denoiser exact_x0(noneq::process p, double mean, double variance) {
  const noneq::tables t = p.tables;
  return make_denoiser(std::move(p), [=](const noneq::network_input& in) {
    const auto c = noneq::coefficients_at(t, in.t, in.x);
    return mean + variance * c.sqrt_alpha_bar * (in.x - c.sqrt_alpha_bar * mean) /
                      (c.alpha_bar * variance + c.one_minus_alpha_bar);
  });
}

const std::vector<std::string> deterministic{"ddim",
                                             "euler",
                                             "heun",
                                             "unipc",
                                             "probability_flow",
                                             "{plugin: dpm_solver, order: 2}",
                                             "{plugin: dpm_solver, order: 3}"};

// A sampler of `text` ("name" or "{plugin: name, …}") with more parameters.
std::shared_ptr<noneq::sampler> with(const std::string& text, const std::string& more) {
  const std::string inside = text.front() == '{' ? text.substr(1, text.size() - 2) : "plugin: " + text;
  return make<noneq::sampler>("{" + inside + ", " + more + "}");
}

}

TEST_CASE("solvers give the numbers of the published implementation") {
  std::ifstream file("tests/plugins/published/samplers.json");
  const auto published = nlohmann::json::parse(file);
  const auto matrix = [](const nlohmann::json& rows) {
    std::vector<double> flat;
    for (const auto& row : rows) flat.insert(flat.end(), row.begin(), row.end());
    return at::tensor(flat, at::kDouble).view({static_cast<std::int64_t>(rows.size()), -1});
  };
  const std::map<std::string, std::string> samplers{{"ddim", "ddim"},
                                                    {"dpm_solver_2m", "{plugin: dpm_solver, order: 2, denoise: false}"},
                                                    {"dpm_solver_3m", "{plugin: dpm_solver, order: 3, denoise: false}"},
                                                    {"unipc", "{plugin: unipc, denoise: false}"}};
  const std::map<std::string, std::string> schedules{{"linear", "{plugin: linear, steps: 1000}"},
                                                     {"squaredcos_cap_v2", "{plugin: cosine, steps: 1000}"}};
  CHECK(published.at("runs").size() == 16);
  for (const auto& run : published.at("runs")) {
    const std::string name = run.at("sampler"), schedule = run.at("schedule");
    CAPTURE(name);
    CAPTURE(schedule);
    std::vector<std::int64_t> asked;
    const auto d = make_denoiser(in_float32(of_schedule(schedules.at(schedule))), [&](const noneq::network_input& in) {
      asked.push_back(in.t[0].item<std::int64_t>());
      return in.x.tanh() / 2 + 0.1 * (in.t.to(at::kDouble) / 100).sin().unsqueeze(1);
    });
    const std::string grid = name == "ddim" ? "leading" : "linspace";
    const auto s = with(samplers.at(name), "grid: " + grid + ", steps: " + run.at("steps").dump());
    const Tensor x = s->sample(d, from(matrix(published.at("xT"))));
    CHECK(asked == run.at("timesteps").get<std::vector<std::int64_t>>());
    const Tensor expected = matrix(run.at("x0"));
    CHECK(((x - expected).abs() / expected.abs()).max().item<double>() < 1e-6);
  }
}

TEST_CASE("errors fall with the step as the order of the solver says") {
  // The ODE keeps x/√(ᾱv + 1−ᾱ) for data N(0, v).
  const double v = 0.3;
  const auto p = of_schedule("{plugin: log_snr, steps: 961, first_beta: 0.02}", "x0");
  const auto d = exact_x0(p, 0, v);
  const Tensor spread = (p.tables.alpha_bar * v + p.tables.one_minus_alpha_bar).sqrt();
  const Tensor start = at::tensor({-1.5, 0.4, 1.}, at::kDouble).unsqueeze(1);
  const Tensor expected = start * (spread[0] / spread[-1]);
  const auto error = [&](const std::string& sampler, std::int64_t strides) {
    auto r = from(start);
    Tensor end;
    r.visit = [&](std::int64_t t, const Tensor& x) {
      if (t == 1) end = x;
    };
    with(sampler, "steps: " + std::to_string(strides + 1))->sample(d, r);
    return testing::largest(end - expected);
  };
  const std::map<std::string, double> orders{{"ddim", 1},
                                             {"euler", 1},
                                             {"{plugin: dpm_solver, order: 2}", 2},
                                             {"heun", 2},
                                             {"unipc", 3},
                                             {"{plugin: dpm_solver, order: 3}", 2},
                                             {"probability_flow", 3}};
  for (const auto& [sampler, order] : orders) {
    CAPTURE(sampler);
    const double coarse = error(sampler, 60), fine = error(sampler, 120);
    CHECK(std::log2(coarse / fine) > order - 0.1);
    CHECK(fine < 0.02);
  }
  // 3M as published is of order 2 in the end (its steps begin with order 1), but with the smaller error.
  CHECK(error("{plugin: dpm_solver, order: 3}", 60) < 0.7 * error("{plugin: dpm_solver, order: 2}", 60));
}

TEST_CASE("a schedule without signal at t = T: every solver is finite there and near the exact solution") {
  const auto p = of_schedule("{plugin: reciprocal, steps: 200}", "x0");
  REQUIRE(p.tables.alpha_bar[-1].item<double>() == 0);
  const auto d = exact_x0(p, 0.7, 0.25);
  const Tensor start = at::linspace(-2, 2, 9, at::kDouble).unsqueeze(1), expected = 0.7 + 0.5 * start;
  for (const std::string& name : deterministic)
    for (const std::string grid : {"respaced", "trailing", "karras"}) {
      CAPTURE(name);
      CAPTURE(grid);
      const Tensor x = with(name, "steps: 100, grid: " + grid)->sample(d, from(start));
      CHECK(testing::largest(x - expected) < 0.1);
    }
  const auto churned = make<noneq::sampler>("{plugin: heun, churn: 10}")->sample(d, request(50, {1}));
  CHECK(churned.isfinite().all().item<bool>());
  CHECK(says(message_of([] {
               of_schedule("{plugin: reciprocal, steps: 9}")
                   .mean->check_tables(of_schedule("{plugin: reciprocal, steps: 9}").tables);
             }),
             "β_T = 1, where epsilon-prediction divides"));
}

// Every schedule there is, as it comes, and some that end in little signal or none. T = 1000 where not said otherwise.
std::vector<std::string> schedules_to_draw_from() {
  std::vector<std::string> all = testing::built_plugins().names("schedule");
  CHECK(all.size() >= 9);
  for (const char* more : {"{plugin: cosine, clip: 1}", "{plugin: linear, last: 1}", "{plugin: linear, steps: 10000}",
                           "{plugin: linear, steps: 3000, last: 0.9999}"})
    all.emplace_back(more);
  return all;
}

TEST_CASE("20 steps of second order and more keep the deviation of data N(0, 1), on every schedule") {
  // Everything is linear: x^T = 1 comes out as the deviation of what is drawn.
  const Tensor one = at::ones({1, 1}, at::kDouble);
  for (const std::string& schedule : schedules_to_draw_from()) {
    const auto d = exact_x0(of_schedule(schedule, "x0"), 0, 1);
    for (const std::string name : {"heun", "probability_flow"})
      for (const std::string grid : {"respaced", "karras"}) {
        CAPTURE(schedule);
        CAPTURE(name);
        CAPTURE(grid);
        const Tensor x = with(name, "steps: 20, grid: " + grid)->sample(d, from(one));
        CHECK(x.item<double>() == doctest::Approx(1).epsilon(0.05));
      }
  }
}

TEST_CASE("no sampler's few steps lead away from the data, on every schedule") {
  auto names = deterministic;
  for (const char* stochastic :
       {"ancestral", "{plugin: ddim, eta: 1}", "{plugin: euler, churn: 5}", "{plugin: heun, churn: 5}"})
    names.emplace_back(stochastic);
  for (const std::string& schedule : schedules_to_draw_from()) {
    const auto exact = exact_x0(of_schedule(schedule, "x0"), 0, 1);
    for (const std::string& name : names)
      for (const std::string grid : {"respaced", "karras"})
        for (const int steps : {5, 10, 30}) {
          CAPTURE(schedule);
          CAPTURE(name);
          CAPTURE(grid);
          CAPTURE(steps);
          const auto s = with(name, "grid: " + grid + ", steps: " + std::to_string(steps));
          const Tensor x = s->sample(exact, from(at::ones({1, 1}, at::kDouble)));
          CHECK(std::abs(x.item<double>()) < 5);
        }
  }
}

TEST_CASE("steps that share an angle, where almost no signal is left, in float32 and by epsilon") {
  const auto p = of_schedule("{plugin: linear, steps: 10000}");
  CHECK(p.tables.alpha_bar[-1].item<double>() < 1e-40);
  const auto d = gaussian_denoiser(p, at::zeros({1}), at::ones({1}));
  const auto deviation = [&](const std::string& sampler, const std::string& steps, std::int64_t count) {
    return with(sampler, "steps: " + steps)->sample(d, request(count, {1})).std().item<double>();
  };
  for (const std::string& name : deterministic) {
    CAPTURE(name);
    CHECK(deviation(name, "100", 1000) == doctest::Approx(1).epsilon(0.2));
  }
  CHECK(deviation("probability_flow", "0", 100) == doctest::Approx(1).epsilon(0.3));  // four standard errors
}

TEST_CASE("Euler without churn is deterministic DDIM; churn keeps the distribution of the data") {
  const double v = 0.5;
  const auto p = of_schedule("{plugin: linear, steps: 1000}");
  const auto d = gaussian_denoiser(p, at::zeros({2}), at::full({2}, static_cast<float>(v)));
  const auto r = request(64, {2});
  CHECK(at::allclose(with("euler", "steps: 25")->sample(d, r), with("ddim", "steps: 25, clip: false")->sample(d, r),
                     1e-3, 1e-4));
  const std::int64_t n = 10000;
  const auto many = request(n, {1});
  const auto one = gaussian_denoiser(p, at::zeros({1}), at::full({1}, static_cast<float>(v)));
  const Tensor still = with("heun", "steps: 50")->sample(one, many);
  const Tensor stirred = with("heun", "steps: 50, churn: 20")->sample(one, many);
  CHECK(!at::allclose(still, stirred, 0.1, 0.1));
  for (const Tensor& x : {still, stirred}) {
    CHECK(std::abs(x.mean().item<double>()) < 4 * std::sqrt(v / static_cast<double>(n)));
    CHECK(std::abs(x.var().item<double>() / v - 1) < 4 * std::sqrt(2. / static_cast<double>(n)) + 0.01);
  }
  const Tensor louder = with("heun", "steps: 50, churn: 20, churn_noise: 1.2")->sample(one, many);
  CHECK(louder.var().item<double>() > stirred.var().item<double>());
}

TEST_CASE("no solver's sample depends on its neighbours, and the seed alone says its noise") {
  const auto d = gaussian_denoiser(of_schedule("{plugin: linear, steps: 100, first: 1.0e-4, last: 0.2}"),
                                   at::zeros({3}), at::full({3}, 0.5f));
  auto names = deterministic;
  for (const char* stochastic : {"ancestral", "{plugin: ddim, eta: 1}", "{plugin: euler, churn: 20}",
                                 "{plugin: heun, churn: 20}", "{plugin: ddim, clip: true, clip_quantile: 0.9}"})
    names.emplace_back(stochastic);
  for (const std::string& name : names) {
    CAPTURE(name);
    const auto s = with(name, "steps: 12");
    const Tensor whole = s->sample(d, request(21, {3}));
    for (const std::int64_t chunk : {1, 8}) {
      std::vector<Tensor> parts;
      for (std::int64_t k = 0; k < 21; k += chunk) {
        auto r = request(std::min(chunk, 21 - k), {3});
        r.first = k;
        parts.push_back(s->sample(d, r));
      }
      CHECK(at::allclose(at::cat(parts), whole, 1e-5, 1e-6));
    }
    auto other = request(21, {3});
    other.stream = stream(6);
    CHECK(!at::allclose(s->sample(d, other), whole, 0.1, 0.1));
  }
}

TEST_CASE("grids give as many different steps as asked for, in order, within the schedule") {
  // The last leaves no signal at 28 steps.
  for (const std::string schedule : {"{plugin: linear, steps: 60, last: 0.3}", "{plugin: reciprocal, steps: 60}",
                                     "{plugin: constant, steps: 60, beta: 0.9999999999}"}) {
    const auto t = of_schedule(schedule, "x0").tables;
    for (const std::string name : {"respaced", "trailing", "leading", "linspace", "karras", "{plugin: karras, rho: 1}",
                                   "{plugin: karras, rho: 50}"})
      for (const std::int64_t count : {1, 2, 3, 7, 30, 59, 60}) {
        if ((name == "respaced" && count == 1) || (name == "linspace" && count == 60)) continue;
        CAPTURE(name);
        CAPTURE(count);
        const auto kept = make<noneq::grid>(name)->indices(count, t);
        CHECK(static_cast<std::int64_t>(kept.size()) == count);
        CHECK(kept.front() >= 0);
        CHECK(kept.back() < 60);
        CHECK(std::adjacent_find(kept.begin(), kept.end(), std::greater_equal<>()) == kept.end());
        if (name != "leading") CHECK(kept.back() == 59);
      }
  }
  const auto t = of_schedule("{plugin: linear, steps: 1000}").tables;
  CHECK(make<noneq::grid>("trailing")->indices(4, t) == std::vector<std::int64_t>{249, 499, 749, 999});
  CHECK(make<noneq::grid>("leading")->indices(4, t) == std::vector<std::int64_t>{0, 250, 500, 750});
  CHECK(make<noneq::grid>("linspace")->indices(4, t) == std::vector<std::int64_t>{250, 500, 749, 999});
  CHECK(make<noneq::grid>("{plugin: listed, indices: [9, 3]}")->indices(2, t) == std::vector<std::int64_t>{3, 9});
}

TEST_CASE("the grid of Karras et al. has equal strides of σ^{1/ρ}") {
  const auto t = of_schedule("{plugin: linear, steps: 1000}").tables;
  const Tensor sigma = t.snr.rsqrt();
  const auto kept = make<noneq::grid>("karras")->indices(10, t);
  CHECK(kept.front() == 0);
  CHECK(kept.back() == 999);
  const Tensor level = sigma.index_select(0, at::tensor(kept, at::kLong)).pow(1. / 7);
  const double stride = (level[-1] - level[0]).item<double>() / 9;
  CHECK(testing::largest(level.diff() - stride) < 0.1 * stride);
}

TEST_CASE("what no grid can give is said in one line") {
  const auto t = of_schedule("{plugin: linear, steps: 100, last: 0.2}").tables;
  const auto refusal = [&](const std::string& grid, std::int64_t count) {
    return message_of([&] { make<noneq::grid>(grid)->indices(count, t); });
  };
  CHECK(says(refusal("respaced", 1), "got 1 step, need at least 2"));
  CHECK(says(refusal("respaced", 1), "grid: trailing"));
  CHECK(make<noneq::grid>("trailing")->indices(1, t) == std::vector<std::int64_t>{99});
  CHECK(refusal("linspace", 100) == "got 100 steps, need at most T − 1 = 99 on this grid");
  CHECK(refusal("{plugin: leading, offset: 11}", 10) == "grid.offset got 11, need at most 9 for 10 of 100 steps");
  CHECK(refusal("{plugin: listed, indices: [100]}", 1) == "grid.indices got 100, need at most T − 1 = 99");
  CHECK(refusal("{plugin: listed, indices: [1, 2]}", 3) == "got 3 steps, need 0 or the 2 that grid.indices lists");
  CHECK(says(refusal("{plugin: listed, indices: [1, 1]}", 2), "got an index twice, need different ones"));
}
