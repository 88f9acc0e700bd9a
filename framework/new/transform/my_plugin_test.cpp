
DOCTEST_TEST_CASE("sinh 1 becomes 1, and the normalisation undoes it") {
  const auto transform = noneq::laws::make<noneq::transform>("transform.my_plugin", "{scale: 2}");
  const noneq::Tensor x = at::full({3, 2}, 2 * std::sinh(1.), at::kDouble);
  const noneq::Tensor y = transform->run({0, 0, {{"x0", x}}}, {}).at("x0");
  DOCTEST_CHECK(y[0][0].item<double>() == doctest::Approx(1));
  noneq::dataset_info info;
  info.shape = {2};
  info.numbers = at::kDouble;
  const noneq::Tensor back = transform->after(info).normal.restore(y);
  DOCTEST_CHECK((back - x).abs().max().item<double>() < 1e-12);
}
