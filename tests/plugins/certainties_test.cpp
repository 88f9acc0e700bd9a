// What guides are certain of, together.
#include "guiding.hpp"

using noneq::stream;
using noneq::Tensor;
using namespace testing;

TEST_CASE("measurements without noise are refused where no x has them all, and only there") {
  const noneq::sizes shape{2, 4};
  const auto d = testing::gaussian_denoiser(testing::linear("epsilon", 10), at::zeros({1}), at::ones({1}));
  const Tensor x = stream(3).normal({3, 2, 4}), known = at::ones({3, 2, 4}), half = known.clone(), shifted = x.clone();
  half.select(1, 1).zero_();
  shifted[1][0][2] += 1;
  const auto total = [](const Tensor& v) { return v.flatten(1).sum(1, true); };
  const given file({{"x", x},
                    {"mask", known},
                    {"half", half},
                    {"total", total(x)},
                    {"other", total(shifted)},
                    {"twice", at::cat({total(x), total(shifted)}, 1)},
                    {"matrix", at::ones({2, 8})},
                    {"blurred", 0.3 * x}});
  const auto refusal = [&](const std::vector<std::string>& guides) {
    const std::string list = "[" + c10::Join(", ", guides) + "]";
    return message_of([&] { file.draw("{plugin: ddim, guides: " + list + "}", d, request(3, shape)); });
  };
  const auto seen = [&](const std::string& of, const std::string& deviation = "0") {
    return file.guide("linear_observation", ", operator: sum, observation: " + of + ", deviation: " + deviation);
  };
  const auto values = [&](const std::string& mask) { return file.guide("known_values", ", values: x, mask: " + mask); };
  const std::string fine = "nothing was thrown";
  CHECK(refusal({values("mask"), seen("total")}) == fine);
  CHECK(refusal({values("half"), seen("other")}) == fine);  // the unknown half makes up for it
  CHECK(refusal({values("mask"), seen("other", "0.5")}) == fine);
  CHECK(says_all(refusal({values("mask"), seen("other")}), {"guides", "contradict", "of sample 1,"}));
  CHECK(says_all(refusal({file.guide("linear_observation", ", observation: twice, deviation: 0")}), {"of sample 1,"}));
  // One of many small numbers is wrong beside a large one that is right; rows of a matrix differ in length.
  const Tensor sizes_apart = at::tensor({1., 1e-7}).diag(), ones = at::ones({1, 2}),
               far = at::tensor({0.2, 1e7}).view({1, 2});
  const given units({{"matrix", sizes_apart},
                     {"ones", ones},
                     {"far", far},
                     {"mask", ones},
                     {"near", at::tensor({0.2, 1.}).view({1, 2})},
                     {"off", at::tensor({0.9, 1.}).view({1, 2})},
                     {"rounded", far.to(at::kFloat)},
                     {"matrix_broken", at::full({2, 2}, NAN)},
                     {"high", at::tensor({300., 0.}).view({1, 2})}});
  auto r = request(1, {2});
  r.normal = {at::tensor({0.f, 1e7f}), at::tensor({1.f, 3e5f})};
  const auto of_two = [&](const std::string& observed, const std::string& more) {
    const std::string measured = units.guide("linear_observation", ", deviation: 0, observation: " + observed + more);
    const std::string known = units.guide("known_values", ", values: far");
    return message_of([&] { units.draw("{plugin: ddim, guides: [" + known + ", " + measured + "]}", d, r); });
  };
  CHECK(message_of([&] {
          units.draw(
              "{plugin: ddim, guides: " + units.guide("linear_observation", ", deviation: 0, observation: ones") + "}",
              d, r);
        }) == fine);
  CHECK(of_two("near", "") == fine);
  CHECK(says_all(of_two("off", ""), {"contradict", "sample 0"}));
  CHECK(says_all(of_two("near", ", matrix: matrix_broken"), {"'matrix_broken'", "not finite"}));
  CHECK(message_of([&] {
          units.draw("{plugin: ddim, guides: [" + units.guide("known_values", ", values: far") + ", " +
                         units.guide("known_values", ", values: rounded") + "]}",
                     d, r);
        }) == fine);
  r.range = {0, 255};
  CHECK(says_all(message_of([&] {
                   units.draw("{plugin: ddim, guides: " +
                                  units.guide("linear_observation", ", deviation: 1, observation: high") + "}",
                              d, r);
                 }),
                 {"'high'", "got 300", "from 0 to 255", "need 0 to 255"}));
  CHECK(refusal({file.guide("linear_observation",
                            ", observation: blurred, operator: blur, width: 0.8, deviation: 0")}) == fine);
}
