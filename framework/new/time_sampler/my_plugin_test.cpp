
DOCTEST_TEST_CASE("with power 2 the first of four steps is drawn half of the time, with weight 1/2") {
  const auto times = noneq::laws::make<noneq::time_sampler>("time_sampler.my_plugin", "{power: 2}");
  noneq::process p{};
  p.tables = noneq::make_tables(noneq::constant(4, 0.5));
  const auto drawn = times->draw(10000, p, noneq::stream(1));
  const noneq::Tensor first = drawn.index == 0;
  const double share = first.to(at::kDouble).mean().item<double>();  // its standard error is 0.005
  DOCTEST_CHECK(share == doctest::Approx(0.5).epsilon(0.05));
  DOCTEST_CHECK(drawn.weight.masked_select(first).max().item<double>() == doctest::Approx(0.5));
}
