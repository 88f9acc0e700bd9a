// Loaders that draw their data: they have the densities they say, and nothing but the step decides a batch.
#include <numbers>
#include <set>

#include "make.hpp"
#include "plugins/message.hpp"

using noneq::sizes;
using noneq::stream;
using noneq::Tensor;
using testing::make;
using testing::message_of;
using testing::says;

TEST_CASE("the Swiss roll has mean 0, unit variance and the density it says") {
  const auto s = make<noneq::loader>("{plugin: swiss_roll, batch: 100}")->open({}, stream(3));
  const Tensor x = s->fetch_rows(0, 200000).at("x0").to(at::kDouble);
  CHECK(x.mean(0).abs().max().item<double>() < 0.01);
  CHECK(x.var(0).mean().item<double>() == doctest::Approx(1).epsilon(0.005));
  const noneq::mixture& truth = *s->info().truth;
  const Tensor atoms = truth.atoms.to(at::kDouble);
  // Next to each other no farther apart than the first step's noise is wide, at β_1 = 1e-7.
  CHECK((atoms.slice(0, 1) - atoms.slice(0, 0, -1)).norm(2, 1).max().item<double>() < std::sqrt(1e-7));
  CHECK(truth.log_weights.exp().sum().item<double>() == doctest::Approx(1));
  CHECK((atoms.var(0, false) + truth.variance).mean().item<double>() == doctest::Approx(1).epsilon(1e-5));

  // Points drawn from the atoms themselves must be as likely as those of the loader.
  const Tensor some = atoms.slice(0, 8, c10::nullopt, 16);
  const auto log_density = [&](const Tensor& points) {
    const Tensor square = (points.unsqueeze(1) - some.unsqueeze(0)).square().sum(2);
    const Tensor each = -square / (2 * truth.variance) -
                        std::log(2 * std::numbers::pi * truth.variance * static_cast<double>(some.size(0)));
    return each.logsumexp(1).mean().item<double>();
  };
  const Tensor chosen = (stream(5).uniform({1000}).to(at::kDouble) * static_cast<double>(atoms.size(0))).to(at::kLong);
  const Tensor drawn = atoms.index_select(0, chosen) + std::sqrt(truth.variance) * stream(6).normal({1000, 2});
  CHECK(log_density(x.slice(0, 0, 1000)) == doctest::Approx(log_density(drawn)).epsilon(0.1));
  CHECK(s->info().shape == sizes{2});
  CHECK(s->info().count == -1);
}

TEST_CASE("heartbeats are the five sequences of the truth, equally often") {
  const auto s = make<noneq::loader>("heartbeat")->open({}, stream(3));
  const Tensor x = s->fetch_rows(0, 50000).at("x0");
  const noneq::mixture& truth = *s->info().truth;
  CHECK(truth.atoms.sizes().vec() == sizes{5, 20});
  CHECK(truth.variance == 0);
  CHECK(truth.atoms.sum(1).equal(at::full({5}, 4.f)));
  const Tensor same = x.unsqueeze(1).eq(truth.atoms).all(2);  // [n, 5]
  CHECK(same.sum(1).eq(1).all().item<bool>());
  CHECK((same.to(at::kDouble).mean(0) - 0.2).abs().max().item<double>() < 0.01);
  CHECK(make<noneq::loader>("{plugin: heartbeat, length: 7, period: 3}")->open({}, stream(3))->info().shape ==
        sizes{7});
  CHECK(says(message_of([] { make<noneq::loader>("{plugin: heartbeat, length: 4, period: 5}"); }),
             "period got 5, need at most the length 4"));
}

TEST_CASE("generators: batches depend on the step only, rows are not training data") {
  for (const char* name : {"{plugin: swiss_roll, batch: 64}", "{plugin: heartbeat, batch: 64}"}) {
    const auto l = make<noneq::loader>(name);
    const auto one = l->open({}, stream(3)), other = l->open({}, stream(3));
    one->prepare(one->fetch(0, stream(99)));
    const Tensor batch = one->fetch(1, stream(8)).at("x0");
    CHECK(batch.size(0) == 64);
    CHECK(batch.equal(other->fetch(1, stream(8)).at("x0")));
    CHECK_FALSE(batch.equal(one->fetch(2, stream(8)).at("x0")));
    CHECK_FALSE(batch.equal(one->fetch_rows(0, 64).at("x0")));
    CHECK(at::cat({one->fetch_rows(0, 5).at("x0"), one->fetch_rows(5, 6).at("x0")})
              .equal(other->fetch_rows(0, 11).at("x0")));
  }
}
