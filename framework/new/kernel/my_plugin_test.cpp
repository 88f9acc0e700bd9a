
DOCTEST_TEST_CASE("after many steps a bit has forgotten its value, and is 1 with probability r") {
  const auto kernel = noneq::laws::make<noneq::kernel>("kernel.my_plugin", "{r: 0.25}");
  const auto tables = noneq::make_tables(noneq::constant(100, 0.5));
  const noneq::Tensor bits = at::tensor({0., 1.}).view({2, 1});
  const auto last = noneq::coefficients_at(tables, at::full({2}, 99, at::kLong), bits);
  const noneq::Tensor logit = kernel->marginal(bits, last).location.flatten();
  DOCTEST_CHECK(logit[0].item<double>() == doctest::Approx(std::log(0.25 / 0.75)));
  DOCTEST_CHECK(logit[1].item<double>() == doctest::Approx(std::log(0.25 / 0.75)));
}

// Before the first step x⁰ is certain, so that one of both probabilities is 0.
DOCTEST_TEST_CASE("at t = 1 the posterior has a finite gradient") {
  const auto kernel = noneq::laws::make<noneq::kernel>("kernel.my_plugin");
  const auto tables = noneq::make_tables(noneq::constant(4, 0.5));
  const noneq::Tensor x0 = at::tensor({0., 1.}).view({2, 1}).requires_grad_();
  const auto first = noneq::coefficients_at(tables, at::zeros({2}, at::kLong), x0);
  kernel->posterior(x0, 1 - x0.detach(), first).location.sum().backward();
  DOCTEST_CHECK(x0.grad().isfinite().all().item<bool>());
}
