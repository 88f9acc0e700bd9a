
DOCTEST_TEST_CASE("a prediction of no noise means that x^t is √ᾱ x⁰") {
  const auto mean = noneq::laws::make<noneq::mean>("mean.my_plugin");
  const auto kernel = noneq::laws::make<noneq::kernel>("kernel.gaussian");
  const noneq::Tensor xt = at::full({1, 3}, 2., at::kDouble);
  const auto tables = noneq::make_tables(noneq::constant(2, 0.5));  // ᾱ = 1/2, 1/4
  const auto c = noneq::coefficients_at(tables, at::ones({1}, at::kLong), xt);
  const noneq::Tensor x0 = mean->x0(at::zeros_like(xt), {xt, c, *kernel});
  DOCTEST_CHECK(x0[0][0].item<double>() == doctest::Approx(4));
}
