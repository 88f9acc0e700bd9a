
DOCTEST_TEST_CASE("a prediction that is 3 off costs √(9 + 16) − 4 for c = 4") {
  const auto loss = noneq::laws::make<noneq::loss>("loss.my_plugin", "{c: 4}");
  const auto kernel = noneq::laws::make<noneq::kernel>("kernel.gaussian");
  const auto mean = noneq::laws::make<noneq::mean>("mean.epsilon");
  const auto variance = noneq::laws::make<noneq::variance>("variance.fixed_small");
  const noneq::process p{kernel, nullptr, mean, variance, noneq::make_tables(noneq::constant(4, 0.5)), {}};
  const noneq::Tensor x = at::ones({2, 3}), noise = at::zeros({2, 3});
  const noneq::batch b{
      0, 0, {{"x0", x}, {"xt", x}, {"noise", noise}, {"output", noise + 3}, {"t", at::ones({2}, at::kLong)}}};
  DOCTEST_CHECK(loss->run(b, p)[0].item<double>() == doctest::Approx(1));
}
