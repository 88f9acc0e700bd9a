#include "noneq/diffusion/respace.hpp"

#include "diffusion/close.hpp"
#include "noneq/core/error.hpp"
#include "noneq/diffusion/schedules.hpp"

using namespace noneq;
using namespace testing;
using indices = std::vector<std::int64_t>;

TEST_CASE("respacing keeps the published steps") {
  CHECK(respace(1000, {10}) == indices{0, 111, 222, 333, 444, 555, 666, 777, 888, 999});
  const indices many = respace(1000, {250});
  CHECK(many.size() == 250);
  CHECK(indices(many.begin(), many.begin() + 3) == indices{0, 4, 8});
  CHECK(indices(many.end() - 3, many.end()) == indices{991, 995, 999});
  CHECK(respace(10, {2, 3, 1}) == indices{0, 3, 4, 5, 6, 7});
  CHECK(respace(5, {5}) == indices{0, 1, 2, 3, 4});
}

TEST_CASE("impossible sections are refused") {
  CHECK_THROWS_AS(respace(10, {}), error);
  CHECK_THROWS_AS(respace(10, {0}), error);
  CHECK_THROWS_AS(respace(10, {6, 2}), error);
}

TEST_CASE("respaced tables have the kept steps' signal levels") {
  for (const Tensor& beta : {linear(1000, 1e-4, 0.02), cosine(1000), reciprocal(1000)}) {
    const tables t = make_tables(beta);
    const indices kept = respace(1000, {7, 30});
    const tables r = make_tables(respaced_beta(t, kept));
    CHECK(close(r.alpha_bar, t.alpha_bar.index_select(0, at::tensor(kept, at::kLong)), 1e-9));
    CHECK(close(respaced_beta(t, respace(1000, {1000})), t.beta, 1e-9));
  }
  const tables t = make_tables(linear(10, 0.1, 0.2));
  CHECK_THROWS_AS(respaced_beta(t, {}), error);
  CHECK_THROWS_AS(respaced_beta(t, {3, 3}), error);
  CHECK_THROWS_AS(respaced_beta(t, {10}), error);
}

TEST_CASE("respacing passes gradients to β") {
  const Tensor beta = reciprocal(10).requires_grad_(true);
  const Tensor kept = respaced_beta(make_tables(beta), {1, 4, 9});
  CHECK(finite(torch::autograd::grad({kept.sum()}, {beta})[0]));
}
