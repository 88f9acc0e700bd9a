
DOCTEST_TEST_CASE("members 1, 4 and 2 have the range 3") {
  const auto transform = noneq::laws::make<noneq::sample_transform>("transform.my_plugin");
  const noneq::Tensor members = at::tensor({1., 4., 2.}).view({1, 3, 1});
  DOCTEST_CHECK(transform->run({0, 0, {{"samples", members}}}).at("spread").item<double>() == doctest::Approx(3));
}
