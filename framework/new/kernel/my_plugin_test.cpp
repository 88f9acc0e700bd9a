
DOCTEST_TEST_CASE("after many steps a bit has forgotten its value, and is 1 with probability r") {
  const auto kernel = noneq::laws::make<noneq::kernel>("kernel.my_plugin", "{r: 0.25}");
  const auto tables = noneq::make_tables(noneq::constant(100, 0.5));
  const noneq::Tensor bits = at::tensor({0., 1.}).view({2, 1});
  const auto last = noneq::coefficients_at(tables, at::full({2}, 99, at::kLong), bits);
  const noneq::Tensor logit = kernel->marginal(bits, last).location.flatten();
  DOCTEST_CHECK(logit[0].item<double>() == doctest::Approx(std::log(0.25 / 0.75)));
  DOCTEST_CHECK(logit[1].item<double>() == doctest::Approx(std::log(0.25 / 0.75)));
}
