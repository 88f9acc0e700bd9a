
// For data N(0, I), x̂⁰ = √ᾱ x^t and V = 1 − ᾱ. Four numbers: a·V a = (1−ᾱ)/4 = 1/8, V a = 1/8.
DOCTEST_TEST_CASE("for data N(0, I) x̂⁰ moves as Bayes' rule has it") {
  const auto guide = noneq::laws::make<noneq::guide>("guide.my_plugin", "{value: 1, deviation: 1}");
  noneq::process p{};
  p.tables = noneq::make_tables(noneq::constant(2, 0.5));
  const noneq::Tensor xt = at::zeros({1, 4}, at::kDouble);
  const auto c = noneq::coefficients_at(p.tables, at::zeros({1}, at::kLong), xt);
  const noneq::guided_state state{xt, xt, c,
                                  [](const noneq::Tensor& u) -> noneq::Tensor { return std::sqrt(0.5) * u; }};
  const auto guidance = guide->begin({p, 0, 1, {4}, {}, {}, {}});
  const noneq::Tensor moved = guidance->gradient(state) * state.reach();
  DOCTEST_CHECK(moved[0][2].item<double>() == doctest::Approx((1. / 8) / (1. / 8 + 1)));
}
