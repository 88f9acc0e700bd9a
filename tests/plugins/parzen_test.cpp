// Parzen windows against the mixture written out, and against a density that is known.
#include "measuring.hpp"
#include "plugins/message.hpp"

using noneq::stream;
using noneq::Tensor;
using testing::data_in_memory;
using testing::follow;

TEST_CASE("windows of a given width are the mixture of Gaussians around the samples") {
  data_in_memory data({{"train", at::zeros({5, 2})}, {"test", at::tensor({0.5f, 1.f, -1.f, 0.f}).view({2, 2})}});
  data.known.normal = {at::full({}, 3.f), at::full({}, 2.f)};
  const Tensor samples = at::tensor({4.f, 5.f, 2.f, 3.f, 1.f, 1.f}).view({3, 2});
  const auto r = follow("{plugin: parzen, sigma: 0.7}", data, samples, "", 2);
  double nats = 0;
  for (const auto& [a, b] : {std::pair{4., 5.}, {1., 3.}}) {  // the rows in data units
    double density = 0;
    for (const auto& [x, y] : {std::pair{4., 5.}, {2., 3.}, {1., 1.}})
      density += std::exp(-((a - x) * (a - x) + (b - y) * (b - y)) / (2 * 0.49)) / (2 * M_PI * 0.49) / 3;
    nats += std::log(density) / 2;
  }
  CHECK(r.at("parzen").value == doctest::Approx(nats / std::log(2)).epsilon(1e-6));
  CHECK(r.at("parzen").on == "test");
  CHECK(r.at("parzen").n == 2);
  CHECK(r.at("parzen_sigma").value == 0.7);
}

TEST_CASE("the width is chosen on validation rows; samples of the data's density come close to its entropy") {
  data_in_memory data({{"train", at::zeros({9, 1})},
                       {"validation", stream(1).normal({500, 1})},
                       {"test", stream(2).normal({2000, 1})}});
  const auto r = follow("{plugin: parzen, samples: 2000}", data, stream(3).normal({4000, 1}));
  const double entropy = 0.5 * std::log2(2 * M_PI * M_E);
  CHECK(r.at("parzen").value < -entropy + 4 * r.at("parzen").standard_error);
  CHECK(r.at("parzen").value > -entropy - 4 * r.at("parzen").standard_error - 0.02);
  const auto of_width = [&](double sigma) {
    return follow("{plugin: parzen, samples: 2000, sigma: " + std::to_string(sigma) + "}", data,
                  stream(3).normal({4000, 1}))
        .at("parzen")
        .value;
  };
  CHECK(r.at("parzen").value > of_width(0.002));
  CHECK(r.at("parzen").value > of_width(1.5));
}

TEST_CASE("a width cannot be chosen on the rows that are measured") {
  data_in_memory data({{"train", at::zeros({9, 1})}});
  CHECK(testing::says(testing::message_of([&] {
                        follow("parzen", data, at::zeros({9, 1}));
                      }),
                      "got data of one part only, need another part to choose σ on"));
}
