
DOCTEST_TEST_CASE("Σ is β or β̃ at the ends of share, and their geometric mean in the middle") {
  const auto tables = noneq::make_tables(noneq::constant(10, 0.3));
  const auto c = noneq::coefficients_at(tables, at::full({1}, 4, at::kLong), at::zeros({1, 2}, at::kDouble));
  const auto sigma = [&](const char* share) {
    return noneq::laws::make<noneq::variance>("variance.my_plugin", share)
        ->log_variance({}, c, 10)
        .exp()
        .item<double>();
  };
  const double beta = 0.3, beta_tilde = c.beta_tilde.item<double>();
  DOCTEST_CHECK(sigma("{share: 1}") == doctest::Approx(beta));
  DOCTEST_CHECK(sigma("{share: 0}") == doctest::Approx(beta_tilde));
  DOCTEST_CHECK(sigma("{share: 0.5}") == doctest::Approx(std::sqrt(beta * beta_tilde)));
}
