// Metrics of samples against closed forms: Fréchet distances of Gaussians, kernel distances from moments, manifolds of
// equal and of distant sets.
#include <fstream>

#include "../../plugins/metrics/gaussian_fit.hpp"
#include "../../plugins/metrics/mmd.hpp"
#include "measuring.hpp"
#include "noneq/storage/files.hpp"
#include "plugins/message.hpp"

using noneq::stream;
using noneq::Tensor;
using testing::data_in_memory;
using testing::follow;
using testing::message_of;
using testing::says;

namespace {

Tensor zeros(std::int64_t d) { return at::zeros({d}, at::kDouble); }
double distance(const Tensor& a, const Tensor& b) {
  return shipped::frechet_distance(zeros(a.size(0)), a, zeros(a.size(0)), b);
}
std::int64_t files_in(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

}

TEST_CASE("the Fréchet distance of Gaussians: closed forms, singular covariances included") {
  const Tensor a = at::tensor({4., 9., 0.25}), b = at::tensor({1., 16., 0.});
  CHECK(distance(a.diag(), b.diag()) == doctest::Approx(1 + 1 + 0.25).epsilon(1e-12));
  // 2 × 2: tr(AB)^½ = √(tr AB + 2√det AB).
  const Tensor p = at::tensor({2., 0.5, 0.5, 1.}).view({2, 2}), q = at::tensor({1., -0.7, -0.7, 3.}).view({2, 2});
  const double det = (2 - 0.25) * (3 - 0.49), trace = p.matmul(q).trace().item<double>();
  CHECK(distance(p, q) == doctest::Approx(3 + 4 - 2 * std::sqrt(trace + 2 * std::sqrt(det))).epsilon(1e-12));
  CHECK(distance(q, p) == doctest::Approx(distance(p, q)).epsilon(1e-12));
  // Rank one: uuᵀ and vvᵀ share |u·v|.
  const Tensor u = stream(1).normal({30}).to(at::kDouble), v = stream(2).normal({30}).to(at::kDouble);
  CHECK(distance(u.outer(u), v.outer(v)) ==
        doctest::Approx((u.dot(u) + v.dot(v) - 2 * u.dot(v).abs()).item<double>()).epsilon(1e-6));
  CHECK(distance(u.outer(u), u.outer(u)) < 1e-6);
  CHECK(distance(at::zeros({3, 3}, at::kDouble), at::zeros({3, 3}, at::kDouble)) == 0);
  CHECK(shipped::frechet_distance(at::tensor({1., 2.}), p, at::tensor({4., -2.}), p) == doctest::Approx(25));
}

TEST_CASE("mean and covariance do not depend on the blocks") {
  const Tensor x = stream(3).normal({1000, 4}) * at::tensor({1.f, 2.f, 3.f, 4.f}) + 1e3;
  shipped::gaussian_fit whole, parts;
  whole.add(x);
  for (const auto& [from, to] : {std::pair{0, 1}, {1, 300}, {300, 1000}}) parts.add(x.slice(0, from, to));
  CHECK(at::allclose(whole.mean(), parts.mean(), 1e-12));
  CHECK(at::allclose(whole.covariance(), parts.covariance(), 1e-9));
  CHECK(at::allclose(whole.covariance(), at::cov(x.to(at::kDouble).t()), 1e-9));
}

TEST_CASE("frechet finds a shift and a scale, and says with which features and how many samples") {
  data_in_memory data({{"train", stream(1).normal({20000, 3})}});
  const Tensor samples = 1.5 * stream(2).normal({20000, 3}) + at::tensor({1.f, 0.f, -2.f});
  const auto r = follow("{plugin: frechet, features: {plugin: pca, components: 3, rows: 20000}}", data, samples);
  const auto& record = r.at("frechet_pca3");
  CHECK(record.value == doctest::Approx(5 + 3 * 0.25).epsilon(0.03));
  CHECK(record.n == 20000);
  CHECK(record.on == "train");
  // Units do not matter: the features are measured in the data's own spread.
  data_in_memory large({{"train", 100 * stream(1).normal({20000, 3})}});
  const auto scaled =
      follow("{plugin: frechet, features: {plugin: pca, components: 3, rows: 20000}}", large, 100 * samples);
  CHECK(scaled.at("frechet_pca3").value == doctest::Approx(record.value).epsilon(1e-4));
}

TEST_CASE("principal components: the largest first, and of average variance 1") {
  const Tensor x = stream(4).normal({5000, 1, 2, 2}) * at::tensor({1.f, 5.f, 0.1f, 3.f}).view({1, 2, 2}) + 7;
  data_in_memory data({{"train", x}});
  const auto pca = testing::make<noneq::feature>("{plugin: pca, components: 2}");
  const auto map = pca->learn(data.info(), [&](std::int64_t count, const auto& reduce, const auto& add) {
    CHECK(count == 10000);
    add(reduce(x.slice(0, 0, 2000))), add(reduce(x.slice(0, 2000)));
  });
  const Tensor f = (*map)(x);
  CHECK(f.size(1) == 2);
  CHECK(f.mean(0).abs().max().item<double>() < 1e-4);
  CHECK(f.var(0).mean().item<double>() == doctest::Approx(1).epsilon(1e-3));
  CHECK((f.select(1, 0).var() / f.select(1, 1).var()).item<double>() == doctest::Approx(25. / 9).epsilon(0.06));
  CHECK((*pca->restore(data.info(), map->learned()))(x).equal(f));
  CHECK(
      says(message_of([&] { testing::make<noneq::feature>("{plugin: pca, components: 5}")->check_data(data.info()); }),
           "components: got 5, need at most 4, the numbers of a sample"));
}

TEST_CASE("a channel whose numbers are small in data units counts as much as another") {
  // 280 ± 15 and 3·10⁻⁵ ± 10⁻⁵; of one set of samples the second channel is noise a hundred times too large.
  data_in_memory data({{"train", stream(1).normal({1000, 2, 2, 2})}, {"test", stream(6).normal({500, 2, 2, 2})}});
  const auto by_channel = [](double a, double b) { return at::tensor({a, b}, at::kDouble).view({2, 1, 1}); };
  data.known.normal.shift = by_channel(280, 3e-5);
  data.known.normal.scale = by_channel(15, 1e-5);
  const Tensor good = stream(2).normal({500, 2, 2, 2}), bad = good * by_channel(1, 100);
  const auto both = [&](const std::string& yaml, const std::string& record) {
    return std::pair{follow(yaml, data, data.known.normal.restore(good)).at(record).value,
                     follow(yaml, data, data.known.normal.restore(bad)).at(record).value};
  };
  const std::string pca = "features: {plugin: pca, components: 8}}";
  const auto [near, far] = both("{plugin: frechet, " + pca, "frechet_pca8");
  CHECK(near < 0.2);
  CHECK(far == doctest::Approx(4 * 99 * 99).epsilon(0.1));
  const auto [close, apart] = both("{plugin: kernel_distance, " + pca, "kernel_distance_pca8");
  CHECK(apart > 1000 * std::abs(close));
  const auto [precise, wild] = both("{plugin: precision_recall, " + pca, "precision_pca8");
  CHECK(precise > 0.5);
  CHECK(wild < 0.1);
  const auto [beside, off] = both("{plugin: nearest}", "nearest");
  CHECK(beside < 1);
  CHECK(off > 30);
  CHECK(follow("{plugin: nearest}", data, data.known.normal.restore(good)).at("nearest_held_out").value ==
        doctest::Approx(beside).epsilon(0.1));
}

TEST_CASE("the squared kernel distance has no bias, however small the sets") {
  // In one dimension it is Σ C(3,i)(difference of the i-th moments)²: 3μ² + 3μ⁴ + (μ³ + 3μ)² for N(0,1) and N(μ,1).
  for (const double mu : {0., 0.5}) {
    const std::int64_t n = 40000;
    const Tensor x = stream(1).normal({n, 4, 1}).to(at::kDouble), y = stream(2).normal({n, 3, 1}).to(at::kDouble) + mu;
    Tensor each = at::empty({n}, at::kDouble);
    for (std::int64_t i = 0; i < n; ++i) each[i] = shipped::unbiased_squared_mmd(x[i], y[i]);
    CHECK(testing::mean_is(each, 3 * mu * mu + 3 * std::pow(mu, 4) + std::pow(mu * mu * mu + 3 * mu, 2)));
  }
}

TEST_CASE("kernel_distance: nothing between samples of one distribution, something between two") {
  data_in_memory data({{"train", stream(1).normal({2000, 3})}});
  const std::string yaml = "{plugin: kernel_distance, features: {plugin: pca, components: 3}}";
  const auto same = follow(yaml, data, stream(2).normal({2000, 3})).at("kernel_distance_pca3");
  CHECK(std::abs(same.value) < 4 * same.standard_error);
  const auto other = follow(yaml, data, stream(2).normal({2000, 3}) + 0.3).at("kernel_distance_pca3");
  CHECK(other.value > 4 * other.standard_error);
  CHECK(other.n == 2000);
  CHECK(says(message_of([&] {
               follow(yaml, data, stream(2).normal({19, 3}));
             }),
             "got a sampler of count 19, need at least 20 samples, two for each block"));
}

TEST_CASE("precision and recall: equal sets, distant sets, a part of the data, more than the data") {
  const Tensor x = stream(1).normal({600, 3}), far = x + 100;
  data_in_memory data({{"train", x}});
  const auto of = [&](const Tensor& samples) {
    const auto r = follow("{plugin: precision_recall, features: {plugin: pca, components: 3}}", data, samples);
    return std::pair{r.at("precision_pca3").value, r.at("recall_pca3").value};
  };
  CHECK(of(x) == std::pair{1., 1.});
  CHECK(of(far) == std::pair{0., 0.});
  const auto [precise, narrow] = of(0.3 * stream(2).normal({600, 3}));
  CHECK(precise > 0.95);
  CHECK(narrow < 0.5);
  const auto [vague, wide] = of(4 * stream(2).normal({600, 3}));
  CHECK(vague < 0.4);
  // A place lies in as many balls as a sample has neighbours, 3, on average; in none with a chance of about e⁻³.
  CHECK(wide > 1 - 2 * std::exp(-3));
  // Points that lie on one another are their own neighbours at distance 0, and still found.
  data_in_memory twice({{"train", x.slice(0, 0, 20).repeat({10, 1})}});
  const auto r = follow("{plugin: precision_recall, features: {plugin: pca, components: 3}}", twice, x.slice(0, 0, 20));
  CHECK(r.at("precision_pca3").value == 1);
}

TEST_CASE("samples of 8-bit data are compared as 8-bit data") {
  const Tensor levels = (stream(1).uniform({500, 2}) * 255).round() / 127.5 - 1;
  data_in_memory data({{"train", levels}});
  data.known.bin_width = 2. / 255;
  data.known.normal = {at::full({}, 127.5), at::full({}, 127.5)};
  const Tensor exact = data.known.normal.restore(levels), blurred = exact + 0.8 * (stream(2).uniform({500, 2}) - 0.5);
  const std::string yaml = "{plugin: nearest, samples: 500}";
  CHECK(follow(yaml, data, blurred).at("nearest").value == 0);
  CHECK(follow(yaml, data, exact).at("nearest").value == 0);
  CHECK(follow(yaml, data, exact + 600).at("nearest").value == follow(yaml, data, exact * 0 + 255).at("nearest").value);
}

TEST_CASE("nearest: distances, the rows they are to, and what was learned by heart") {
  const Tensor train = stream(1).normal({700, 1, 2, 2}), test = stream(2).normal({400, 1, 2, 2});
  data_in_memory data({{"train", train}, {"test", test}});
  const Tensor fresh = stream(3).normal({400, 1, 2, 2});
  const auto honest = follow("{plugin: nearest, quantile: 0.1}", data, fresh);
  CHECK(std::abs(honest.at("memorised").value - 0.1) < 4 * honest.at("memorised").standard_error + 0.05);
  CHECK(honest.at("nearest").value == doctest::Approx(honest.at("nearest_held_out").value).epsilon(0.1));
  CHECK(honest.at("nearest").on == "train");
  CHECK(honest.at("nearest_held_out").on == "test");

  const Tensor copied = at::cat({fresh.slice(0, 0, 100), train.slice(0, 300, 400) + 1e-4});
  const auto parrot = follow("{plugin: nearest, pairs: 5, samples: 200}", data, copied, "", 33);
  CHECK(parrot.at("memorised").value == doctest::Approx(0.5).epsilon(0.1));
  const Tensor row = parrot.arrays.at("row");
  CHECK(row.size(0) == 5);
  CHECK(row.ge(300).logical_and(row.lt(400)).all().item<bool>());
  CHECK(parrot.arrays.at("nearest").equal(train.index_select(0, row)));
  CHECK(at::allclose(parrot.arrays.at("samples"), parrot.arrays.at("nearest"), 0, 2e-4));
  CHECK(parrot.arrays.at("distance").lt(2e-4).all().item<bool>());
}

TEST_CASE("what was computed from the data is kept, and used for that data only") {
  const testing::scratch folder;
  const std::string yaml = "{plugin: frechet, features: {plugin: pca, components: 2}}";
  const Tensor samples = stream(5).normal({500, 2}) + 1;
  const auto value = [&](double spread, const std::string& identity, const std::string& more = "") {
    data_in_memory data({{"train", spread * stream(1).normal({500, 2})}}, identity);
    return follow(yaml.substr(0, yaml.size() - 1) + more + "}", data, samples, folder.folder())
        .at("frechet_pca2")
        .value;
  };
  const double first = value(1, "a");
  CHECK(files_in(folder / "reference") == 2);  // components and moments
  CHECK(value(3, "a") == first);               // said to be the same data: read from the files
  const double other = value(3, "b");
  CHECK(other != doctest::Approx(first).epsilon(0.1));
  CHECK(value(3, "", "") == other);
  CHECK(value(1, "a", ", rows: 400") != first);
  for (const auto& entry : std::filesystem::directory_iterator(folder / "reference"))
    std::ofstream(entry.path(), std::ios::trunc) << "damaged";
  CHECK(value(1, "a") == first);
  CHECK(value(1, "a", ", cache: '" + (folder / "mine").string() + "'") == first);
  CHECK(files_in(folder / "mine") == 2);
}
