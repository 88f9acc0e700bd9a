
DOCTEST_TEST_CASE("points of a ring without width lie at the radius √2") {
  const auto loader = noneq::laws::make<noneq::loader>("loader.my_plugin", "{width: 0}");
  const auto source = loader->open({}, noneq::stream(1));
  const noneq::Tensor x = source->fetch_rows(0, 100).at("x0");
  const noneq::Tensor off = x.square().sum(1) - 2;
  DOCTEST_CHECK(off.abs().max().item<double>() < 1e-5);
  DOCTEST_CHECK(std::abs(x.mean().item<double>()) < 0.5);  // all around, not at one point: seven standard errors
}
