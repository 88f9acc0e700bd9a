
DOCTEST_TEST_CASE("of the training rows −1 and 3 the features are −1 and 1") {
  const auto feature = noneq::laws::make<noneq::feature>("feature.my_plugin");
  const noneq::Tensor x = at::tensor({-1., 3.}).view({2, 1});
  const auto map = feature->learn({}, [&](std::int64_t, const auto& mapped, const auto& add) { add(mapped(x)); });
  const noneq::Tensor f = (*map)(x);
  DOCTEST_CHECK(f[0][0].item<double>() == doctest::Approx(-1));
  DOCTEST_CHECK(f[1][0].item<double>() == doctest::Approx(1));
}
