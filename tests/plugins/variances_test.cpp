#include "make.hpp"

using namespace noneq;
using namespace testing;

namespace {

struct at_all_steps {
  tables t = make_tables(make<schedule>("{plugin: linear, steps: 50}")->beta());
  coefficients c = coefficients_at(t, at::arange(50, at::kLong), at::zeros({50, 2}, at::kDouble));
};

}

TEST_CASE("the fixed variances are the ends of the range that learned_range spans") {
  const at_all_steps s;
  const Tensor small = make<variance>("fixed_small")->log_variance({}, s.c, 50);
  const Tensor large = make<variance>("fixed_large")->log_variance({}, s.c, 50);
  CHECK((small <= large).all().item<bool>());
  const auto range = make<variance>("learned_range");
  CHECK(range->outputs() == 1);
  const Tensor ones = at::ones({50, 2}, at::kDouble);
  CHECK(largest(range->log_variance(-ones, s.c, 50) - small) < 1e-12);
  // At t = 1 the range reaches the true ln β.
  CHECK(largest((range->log_variance(ones, s.c, 50) - large).narrow(0, 1, 49)) < 1e-12);
}

TEST_CASE("an unperturbed variance is the forward step's") {
  const at_all_steps s;
  const Tensor zero = at::zeros({50, 2}, at::kDouble);
  CHECK(largest(make<variance>("perturbation")->log_variance(zero, s.c, 50) - s.c.beta.log()) < 1e-12);
}

TEST_CASE("a learned variance is its output, held in bounds") {
  const at_all_steps s;
  const auto learned = make<variance>("learned");
  const Tensor usual = at::full({1, 1}, -7., at::kDouble), huge = at::full({1, 1}, 1e6, at::kDouble);
  CHECK(learned->log_variance(usual, s.c, 50).item<double>() == doctest::Approx(-7));
  CHECK(learned->log_variance(huge, s.c, 50).item<double>() <= 20);
  CHECK(learned->log_variance(-huge, s.c, 50).item<double>() >= -40);
}
