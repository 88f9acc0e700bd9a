
#include "noneq/plugin/roles/model.hpp"

struct zero : noneq::network {
  noneq::Tensor forward(const noneq::network_input& in) override { return at::zeros_like(in.x); }
};

DOCTEST_TEST_CASE("samples of 3 and −3 have the mean square 9, without error") {
  const auto metric = noneq::laws::make<noneq::metric>("metric.my_plugin");
  const noneq::denoiser none(noneq::process{}, std::make_shared<zero>());  // which this metric does not call
  const noneq::dataset_info info;
  const std::vector<noneq::measured> earlier;
  const noneq::measurement m{none, info, noneq::stream(1), {}, earlier};
  const auto sink = metric->open(m);
  sink->add(sink->map({0, 0, {{"samples", at::full({4, 2}, 3)}}}));
  sink->add(sink->map({1, 4, {{"samples", at::full({4, 2}, -3)}}}));
  const noneq::outcome out = sink->finish();
  DOCTEST_CHECK(out.records.at(0).value == doctest::Approx(9));
  DOCTEST_CHECK(out.records.at(0).standard_error == doctest::Approx(0));
}
