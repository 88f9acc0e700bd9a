
#include "noneq/plugin/roles/model.hpp"

// The network that knows all data to be 3.
struct three : noneq::network {
  noneq::Tensor forward(const noneq::network_input& in) override { return at::full_like(in.x, 3); }
};

DOCTEST_TEST_CASE("samples are what the network knows the data to be") {
  const auto sampler = noneq::laws::make<noneq::sampler>("sampler.my_plugin", "{steps: 5}");
  const noneq::process p{noneq::laws::make<noneq::kernel>("kernel.gaussian"),
                         nullptr,
                         noneq::laws::make<noneq::mean>("mean.x0"),
                         noneq::laws::make<noneq::variance>("variance.fixed_small"),
                         noneq::make_tables(noneq::cosine(20)),
                         {}};
  const noneq::denoiser denoiser(p, std::make_shared<three>());
  const noneq::Tensor x = sampler->sample(denoiser, {0, 8, {2}, noneq::stream(1), {}, {}});
  DOCTEST_CHECK((x - 3).abs().max().item<double>() < 1e-6);
}
