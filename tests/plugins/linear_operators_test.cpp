// Named linear maps against their matrices.
#include "guiding.hpp"

using noneq::Tensor;
using testing::given;
using testing::message_of;
using testing::request;
using testing::says_all;

#include "../../plugins/guides/operators.hpp"

namespace {

const noneq::sizes shape{2, 4, 6};
constexpr std::int64_t dimensions = 48;

// A of linear_map, [m, d].
Tensor matrix_of(const shipped::linear_map& a) {
  return a.map(at::eye(dimensions, at::kDouble).view({dimensions, 2, 4, 6})).flatten(1).t().contiguous();
}

struct named {
  std::string yaml;
  std::unique_ptr<shipped::linear_map> a;
};

std::vector<named> operators() {
  std::vector<named> all;
  const auto add = [&](const std::string& yaml, Tensor rows, Tensor columns) {
    all.push_back({yaml, std::make_unique<shipped::separable_map>(std::move(rows), std::move(columns), shape)});
  };
  add("blur, width: 1.5", shipped::blurred_axis(4, 1.5), shipped::blurred_axis(6, 1.5));
  add("downsample, factor: 2", shipped::averaged_axis(4, 2), shipped::averaged_axis(6, 2));
  add("crop, window: [1, 2, 2, 3]", shipped::cut_axis(4, 1, 2), shipped::cut_axis(6, 2, 3));
  all.push_back({"sum", std::make_unique<shipped::sum_map>(shape)});
  return all;
}

Tensor normal(std::uint64_t seed, const noneq::sizes& one, std::int64_t n = 3) {
  noneq::sizes all = one;
  all.insert(all.begin(), n);
  return noneq::stream(seed).normal(all).to(at::kDouble);
}

}

TEST_CASE("every map and its transpose: (A x)·u = x·(Aᵀ u)") {
  auto all = operators();
  all.push_back({"matrix", std::make_unique<shipped::dense_map>(normal(9, {dimensions}, 5), shape)});
  for (const named& o : all) {
    CAPTURE(o.yaml);
    const Tensor x = normal(1, shape), u = normal(2, o.a->shape);
    REQUIRE(o.a->map(x).sizes() == u.sizes());
    REQUIRE(o.a->transposed(u).sizes() == x.sizes());
    const Tensor left = (o.a->map(x) * u).flatten(1).sum(1), right = (x * o.a->transposed(u)).flatten(1).sum(1);
    CHECK(testing::largest(left - right) < 1e-12);
  }
}

TEST_CASE("named maps do what their names say") {
  const Tensor x = normal(1, shape), grey = at::full_like(x, 3.);
  const auto all = operators();
  CHECK(testing::largest(all[0].a->map(grey) - 3) < 1e-12);
  // Mirrored edges keep the sum too, and a narrow blur changes nothing.
  CHECK(testing::largest(shipped::blurred_axis(6, 1.5).sum(0) - 1) < 1e-12);
  CHECK(testing::largest(shipped::blurred_axis(6, 0.1) - at::eye(6, at::kDouble)) < 1e-12);
  // Far from the edges: neighbours at distances 0, 1, 2 have the Gaussian's ratios.
  const Tensor middle = shipped::blurred_axis(21, 1)[10];
  CHECK((middle[11] / middle[10]).item<double>() == doctest::Approx(std::exp(-0.5)));
  CHECK((middle[12] / middle[10]).item<double>() == doctest::Approx(std::exp(-2)));
  // … and at the edge the first pixel counts for its mirror image.
  const Tensor edge = shipped::blurred_axis(21, 1)[0];
  CHECK((edge[1] / edge[0]).item<double>() == doctest::Approx((std::exp(-0.5) + std::exp(-2)) / (1 + std::exp(-0.5))));
  CHECK(testing::largest(all[1].a->map(x) - at::avg_pool2d(x, {2, 2})) < 1e-12);
  CHECK(all[2].a->map(x).equal(x.narrow(2, 1, 2).narrow(3, 2, 3)));
  CHECK(testing::largest(all[3].a->map(x).squeeze(1) - x.flatten(1).sum(1)) < 1e-12);
}

TEST_CASE("a named map gives the samples of its matrix") {
  const auto d = testing::gaussian_denoiser(testing::linear("epsilon", 50), at::zeros({1}), at::full({1}, 0.5));
  for (const named& o : operators()) {
    CAPTURE(o.yaml);
    const Tensor y = o.a->map(normal(4, shape, 2));
    const given by_name({{"observation", y}}), by_matrix({{"observation", y.flatten(1)}, {"matrix", matrix_of(*o.a)}});
    const auto of = [&](const given& file, const std::string& more) {
      const std::string guide = file.guide("linear_observation", ", deviation: 0.1" + more);
      return file.draw("{plugin: ddim, guides: " + guide + "}", d, request(3, shape));
    };
    const Tensor x = of(by_name, ", operator: " + o.yaml);
    CHECK(testing::largest(x - of(by_matrix, "")) < 1e-4);
    CHECK(testing::largest(o.a->map(x) - y.index_select(0, at::tensor({0, 1, 0}, at::kLong))) < 1);
  }
}

TEST_CASE("named maps refuse what does not fit") {
  const given file({{"observation", at::zeros({1, 2, 2, 3})}});
  const auto d = testing::gaussian_denoiser(testing::linear("epsilon", 10), at::zeros({1}), at::ones({1}));
  const auto refusal = [&](const std::string& more, const noneq::sizes& of = shape) {
    const std::string guide = file.guide("linear_observation", ", deviation: 1, operator: " + more);
    return message_of([&] { file.draw(testing::ancestral(guide), d, request(1, of)); });
  };
  CHECK(refusal("downsample, factor: 2") == "nothing was thrown");
  CHECK(says_all(refusal("smear"), {"operator", "smear", "blur"}));
  CHECK(says_all(refusal("blur"), {"width is missing", "operator blur"}));
  CHECK(says_all(refusal("sum, width: 2"), {"width", "no meaning for operator sum"}));
  CHECK(says_all(refusal("sum"), {"'observation'", "got rows of shape [2, 2, 3]", "need [1]"}));
  CHECK(says_all(refusal("blur, width: 1"), {"got rows of shape [2, 2, 3]", "need [2, 4, 6]"}));
  CHECK(says_all(refusal("blur, width: 1", {6}), {"operator got blur", "shape [6]", "need images"}));
  CHECK(says_all(refusal("downsample, factor: 4"), {"factor got 4", "[2, 4, 6]", "divides"}));
  CHECK(says_all(refusal("crop, window: [1, 2, 3]"), {"window got [1, 2, 3]", "need [top, left, height, width]"}));
  CHECK(says_all(refusal("crop, window: [3, 0, 2, 3]"), {"window got [3, 0, 2, 3]", "beyond", "[2, 4, 6]"}));
}
