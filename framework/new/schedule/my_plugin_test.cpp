
DOCTEST_TEST_CASE("ᾱ is cos(π/4)^power halfway, which is 1/2 for the square") {
  const auto schedule = noneq::laws::make<noneq::schedule>("schedule.my_plugin", "{steps: 100, power: 2}");
  const double half = noneq::make_tables(schedule->beta()).alpha_bar[49].item<double>();
  DOCTEST_CHECK(half == doctest::Approx(0.5).epsilon(1e-9));
}
