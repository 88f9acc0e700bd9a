// Transforms that apply a model, against closed forms of Gaussian data and against the metrics that measure the same.
#include "applying.hpp"
#include "plugins/message.hpp"

using noneq::Tensor;
using testing::apply;
using testing::data_in_memory;
using testing::gaussian_denoiser;
using testing::largest;
using testing::message_of;
using testing::says;

namespace {

const Tensor row_mean = at::tensor({0.7, -0.2, 0.1}, at::kDouble),
             row_variance = at::tensor({0.25, 0.6, 1.5}, at::kDouble);

// So little signal at t = T that x^T is N(0, I), and so many steps that what lies between two of them does not show.
noneq::process fine_process(int steps = 20000) {
  return testing::make_process(
      "gaussian", "{plugin: log_snr, steps: " + std::to_string(steps) + ", first_beta: 1.0e-3, last_alpha_bar: 1.0e-9}",
      "epsilon", "fixed_small");
}

noneq::denoiser exact(const noneq::process& p) { return gaussian_denoiser(p, row_mean, row_variance); }

Tensor drawn_rows(std::int64_t n) {
  return (row_mean + row_variance.sqrt() * noneq::stream(3).normal({n, 3})).to(at::kFloat);
}

data_in_memory rows_in_memory(const Tensor& x) { return data_in_memory({{"train", x}, {"test", x}}); }

// The exact flow keeps (x − cos φ mean)/deviation at φ.
Tensor carried(const Tensor& x, double from, double to) {
  const auto deviation = [](double phi) {
    return (row_variance * std::pow(std::cos(phi), 2) + std::pow(std::sin(phi), 2)).sqrt();
  };
  return std::cos(to) * row_mean + deviation(to) * (x - std::cos(from) * row_mean) / deviation(from);
}

double angle(const noneq::process& p, std::int64_t index) {
  return std::acos(p.tables.log_alpha_bar.mul(0.5).exp()[index].item<double>());
}

}

TEST_CASE("the latent of Gaussian data is that of the closed form, and decoding returns the data") {
  const auto p = fine_process();
  const auto d = exact(p);
  const Tensor x = drawn_rows(60);
  data_in_memory data = rows_in_memory(x);
  const double first = angle(p, 0), last = angle(p, p.steps() - 1);
  const Tensor expected = carried(std::cos(first) * x.to(at::kDouble), first, last);
  double before = INFINITY;
  for (const std::string t : {"1.0e-2", "1.0e-3", "1.0e-4", "1.0e-6"}) {
    const std::string tolerance = ", absolute: " + t + ", relative: " + t + "}";
    const auto there = apply("{plugin: encode" + tolerance, d, data, {{"x0", x}});
    const auto back = apply("{plugin: decode" + tolerance, d, data, {{"latent", there.at("latent")}});
    CAPTURE(t);
    // The tolerance is that of a step, and the errors of all steps of both ways add up.
    CHECK(largest(back.at("samples") - x) < 200 * std::stod(t));
    CHECK(there.at("latent_t").eq(20000).all().item<bool>());
    CHECK(back.at("samples_t").eq(1).all().item<bool>());
    const double error = (there.at("latent") - expected).square().mean().sqrt().item<double>();
    CHECK(error < before);
    before = error;
  }
  CHECK(before < 1e-5);
}

TEST_CASE("samples are in data units, and no row depends on its neighbours") {
  const auto p = fine_process(500);
  const auto d = exact(p);
  const Tensor x = drawn_rows(20);
  data_in_memory data = rows_in_memory(x);
  data.known.normal.shift = at::tensor({10., 20., 30.}, at::kDouble);
  data.known.normal.scale = at::tensor({2., 3., 4.}, at::kDouble);
  const Tensor latent = apply("encode", d, data, {{"x0", x}}).at("latent");
  const auto whole = apply("decode", d, data, {{"latent", latent}});
  CHECK(largest(whole.at("samples") - data.known.normal.restore(x)) < 1e-3);
  for (const std::int64_t chunk : {1, 7}) {
    CHECK(largest(apply("encode", d, data, {{"x0", x}}, chunk).at("latent") - latent) < 1e-6);
    for (const std::string yaml : {"likelihood", "bound", "{plugin: bound, times: 20}", "{plugin: predict, t: 200}"}) {
      const auto together = apply(yaml, d, data, {{"x0", x}}), apart = apply(yaml, d, data, {{"x0", x}}, chunk);
      for (const auto& [name, all] : together.tensors) {
        CAPTURE(yaml);
        CAPTURE(name);
        CHECK(at::allclose(apart.at(name).to(at::kDouble), all.to(at::kDouble), 1e-5, 1e-5, true));
      }
    }
  }
}

TEST_CASE("rows whose ODE does not end are not numbers, from where it stopped on") {
  const auto p = fine_process(500);
  const auto stiff = testing::make_denoiser(p, [inner = exact(p)](const noneq::network_input& in) {
    const Tensor far = (in.x.abs().amax(1, true) > 20).to(in.x.scalar_type());
    return inner.network().forward(in) + far * (300 * in.x).sin();
  });
  Tensor x = drawn_rows(6);
  x[2].fill_(40);
  data_in_memory data = rows_in_memory(x);
  const auto there = apply("{plugin: encode, max_steps: 150}", stiff, data, {{"x0", x}});
  CHECK(there.at("latent").isnan().all(1).equal(at::arange(6) == 2));
  CHECK((there.at("latent_t") < 500).equal(at::arange(6) == 2));
  const auto back = apply("decode", stiff, data, {{"latent", there.at("latent")}});
  CHECK(back.at("samples").isnan().all(1).equal(at::arange(6) == 2));
  CHECK((back.at("samples_t") > 1).equal(at::arange(6) == 2));
  // As in the metric, their likelihood is the variational bound.
  const auto all = apply("{plugin: likelihood, trace: exact, max_steps: 150}", stiff, data, {{"x0", x}});
  CHECK(all.at("log_likelihood").isfinite().all().item<bool>());
  CHECK((all.at("stopped_at") < 500).equal(at::arange(6) == 2));
  const auto metric = testing::measure("{plugin: likelihood, trace: exact, max_steps: 150}", stiff, data);
  CHECK(metric.at("not_converged").value == 1);
  CHECK(all.at("log_likelihood").mean().item<double>() ==
        doctest::Approx(metric.at("log_likelihood").value).epsilon(1e-12));
}

TEST_CASE("the mean over rows is the metric's record") {
  const auto p = fine_process(500);
  const auto d = exact(p);
  const Tensor x = drawn_rows(40);
  data_in_memory data = rows_in_memory(x);
  const auto means = [&](const std::string& yaml, const char* name) {
    return apply(yaml, d, data, {{"x0", x}}, 40).at(name).mean().item<double>();
  };
  const auto is_near = [](double value) { return doctest::Approx(value).epsilon(1e-12); };
  SUBCASE("of the likelihood") {
    for (const std::string more : {"probes: 3", "trace: exact"}) {
      const auto m = testing::measure("{plugin: likelihood, chunk: 40, " + more + "}", d, data);
      CHECK(means("{plugin: likelihood, " + more + "}", "log_likelihood") == is_near(m.at("log_likelihood").value));
    }
  }
  SUBCASE("of the likelihood of bins") {
    data.known.bin_width = 0.5;
    for (const std::string more : {"dequantisation: uniform", "dequantisation: variational, fit: 16"}) {
      const auto m = testing::measure("{plugin: likelihood, chunk: 40, " + more + "}", d, data);
      CHECK(means("{plugin: likelihood, " + more + "}", "log_likelihood") == is_near(m.at("log_likelihood").value));
    }
  }
  SUBCASE("of the bounds") {
    for (const std::string times : {"0", "30"}) {
      const auto m = testing::measure("{plugin: bound, chunk: 40, times: " + times + "}", d, data);
      const std::string yaml = "{plugin: bound, times: " + times + "}";
      CHECK(means(yaml, "bound") == is_near(-3 * m.at("vlb").value));
      CHECK(means(yaml, "K") == is_near(m.at("K").value));
    }
  }
}

TEST_CASE("the bound is below the likelihood, on the mean") {
  const auto d = exact(fine_process(500));
  const Tensor x = drawn_rows(300);
  data_in_memory data = rows_in_memory(x);
  const Tensor above = apply("{plugin: likelihood, trace: exact}", d, data, {{"x0", x}}).at("log_likelihood") -
                       apply("bound", d, data, {{"x0", x}}).at("bound");
  CHECK(above.mean().item<double>() > -4 * above.std().item<double>() / std::sqrt(300.));
}

TEST_CASE("a prediction is the mean of the data given the row") {
  const auto p = fine_process(2000);
  const auto d = exact(p);
  SUBCASE("that holds noise of a deviation in data units") {
    const double deviation = 0.8, scale = 2;
    const Tensor x = drawn_rows(50) + 0.4 * noneq::stream(8).normal({50, 3});
    data_in_memory data = rows_in_memory(x);
    data.known.normal.shift = at::full({}, 5., at::kDouble), data.known.normal.scale = at::full({}, scale, at::kDouble);
    const Tensor found = apply("{plugin: predict, deviation: 0.8}", d, data, {{"x0", x}}).at("x0_hat");
    const double variance = std::pow(deviation / scale, 2);
    const Tensor expected = row_mean + row_variance / (row_variance + variance) * (x - row_mean);
    CHECK(largest(found - (5 + scale * expected)) < 5e-3);
    // The noise of the first and of the last step bounds what the network knows.
    const Tensor spread = scale * (p.tables.one_minus_alpha_bar / p.tables.alpha_bar).sqrt();
    const auto at_end = [&](std::int64_t step, double factor) {
      return message_of([&] {
        apply(c10::str("{plugin: predict, deviation: ", factor * spread[step].item<double>(), "}"), d, data,
              {{"x0", x}});
      });
    };
    for (const std::int64_t end : {0, -1}) {
      CHECK(at_end(end, 1) == "nothing was thrown");
      CHECK(says(at_end(end, end == 0 ? 0.1 : 10),
                 c10::str(", need a deviation from ", spread[0].item<double>(), " to ", spread[-1].item<double>(),
                          ", those of the noise at the first and the last step, in data units")));
    }
  }
  SUBCASE("that is noised to t, each row by noise of its own") {
    const std::int64_t n = 4000, t = 700;
    const Tensor x = drawn_rows(n);
    data_in_memory data = rows_in_memory(x);
    const Tensor found = apply("{plugin: predict, t: 700}", d, data, {{"x0", x}}, 512).at("x0_hat");
    const double alpha_bar = p.tables.alpha_bar[t - 1].item<double>();
    const Tensor share = alpha_bar * row_variance / (alpha_bar * row_variance + 1 - alpha_bar);
    // x̂⁰ − mean has variance share·variance, and covariance share·variance with x⁰.
    for (std::int64_t j = 0; j < 3; ++j) {
      const Tensor off = (found - row_mean).select(1, j), of_x = (x - row_mean).select(1, j);
      const double expected = (share * row_variance)[j].item<double>();
      CHECK(testing::mean_is(off, 0));
      CHECK(testing::mean_is(off.square(), expected));
      CHECK(testing::mean_is(off * of_x, expected));
    }
  }
}

TEST_CASE("features are those of the rows that the model was trained on") {
  const auto d = exact(fine_process(500));
  const Tensor x = drawn_rows(500);
  data_in_memory data = rows_in_memory(x);
  const Tensor of_training =
      apply("{plugin: features, features: {plugin: pca, components: 3}}", d, data, {{"x0", x}}, 99)
          .at("features")
          .to(at::kDouble);
  CHECK(of_training.sizes() == at::IntArrayRef({500, 3}));
  CHECK(largest(of_training.mean(0)) < 1e-4);
  const Tensor covariance = of_training.t().matmul(of_training) / 500;
  CHECK(largest(covariance - covariance.diagonal().diag()) < 1e-4);
}

TEST_CASE("what cannot be applied is refused") {
  const auto p = fine_process(500);
  const auto d = exact(p);
  const Tensor x = drawn_rows(4);
  data_in_memory data = rows_in_memory(x);
  const auto fault = [&](const std::string& yaml) { return message_of([&] { apply(yaml, d, data, {{"x0", x}}); }); };
  CHECK(says(fault("predict"), "t: got 0 and no deviation, need one of the two"));
  CHECK(says(fault("{plugin: predict, t: 3, deviation: 0.1}"), "t: got 3 beside a deviation, need one of the two"));
  CHECK(says(fault("{plugin: predict, t: 501}"), "t: got 501, need at most 500, the steps of the schedule"));
  CHECK(says(fault("{plugin: likelihood, dequantisation: variational}"), "dequantisation: got variational for data"));
  CHECK(says(fault("{plugin: features, features: {plugin: pca, components: 9}}"),
             "features.components: got 9, need at most 3"));
  data.known.normal.scale = at::tensor({1., 2., 3.}, at::kDouble);
  CHECK(says(fault("{plugin: predict, deviation: 0.1}"),
             "deviation: got a deviation for data that is normalised by a scale for each"));
}
