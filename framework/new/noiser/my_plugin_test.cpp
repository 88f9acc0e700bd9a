
DOCTEST_TEST_CASE("the noise of a pair of rows adds up to 0") {
  const auto noiser = noneq::laws::make<noneq::noiser>("noiser.my_plugin");
  noneq::process p{};
  p.kernel = noneq::laws::make<noneq::kernel>("kernel.gaussian");
  p.tables = noneq::make_tables(noneq::constant(4, 0.5));
  noneq::batch b{0, 0, {{"x0", at::zeros({6, 3})}}};
  noiser->draw(b, p, noneq::stream(1));
  const noneq::Tensor noise = b.at("noise");
  DOCTEST_CHECK((noise.slice(0, 0, 6, 2) + noise.slice(0, 1, 6, 2)).abs().max().item<double>() == 0);
  DOCTEST_CHECK(noise.square().mean().item<double>() > 0);
}
