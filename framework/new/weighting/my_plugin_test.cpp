
DOCTEST_TEST_CASE("the weight is 1/2 where ln SNR is b") {
  const auto tables = noneq::make_tables(noneq::constant(2, 0.5));  // ᾱ = 1/2, 1/4: SNR = 1, 1/3
  const auto c = noneq::coefficients_at(tables, at::arange(2, at::kLong), at::zeros({2, 1}, at::kDouble));
  const auto at_step = [&](const char* b, int i) {
    return noneq::laws::make<noneq::weighting>("weighting.my_plugin", b)->weight(c).flatten()[i].item<double>();
  };
  DOCTEST_CHECK(at_step("{b: 0}", 0) == doctest::Approx(0.5));
  DOCTEST_CHECK(at_step("{b: 0}", 1) == doctest::Approx(0.75));
}
