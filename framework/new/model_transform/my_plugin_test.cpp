
#include "noneq/plugin/roles/model.hpp"

// The network that knows all data to be 0.
struct zero : noneq::network {
  noneq::Tensor forward(const noneq::network_input& in) override { return at::zeros_like(in.x); }
};

DOCTEST_TEST_CASE("a row of numbers 3 and 4 is √12.5 away from data that is 0") {
  const auto transform = noneq::laws::make<noneq::model_transform>("transform.my_plugin", "{t: 5}");
  const noneq::process p{noneq::laws::make<noneq::kernel>("kernel.gaussian"),
                         nullptr,
                         noneq::laws::make<noneq::mean>("mean.x0"),
                         noneq::laws::make<noneq::variance>("variance.fixed_small"),
                         noneq::make_tables(noneq::cosine(20)),
                         {}};
  const noneq::denoiser denoiser(p, std::make_shared<zero>());
  const noneq::dataset_info info;
  const noneq::application around{denoiser, info, noneq::stream(1), {}};
  const noneq::batch rows{0, 0, {{"x0", at::tensor({3.f, 4.f}).view({1, 2})}}};
  const noneq::batch made = transform->open(around)->run(rows);
  DOCTEST_CHECK(made.at("surprise").item<double>() == doctest::Approx(std::sqrt(12.5)));
}
