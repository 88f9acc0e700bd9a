#include "make.hpp"

using namespace noneq;

namespace {

// The mean of weight·(t − 1)² over many draws is that over uniform t; (t − 1)² vanishes at t = 1.
bool unbiased(const time_sampler& sampler, std::int64_t T, std::int64_t B, std::int64_t repeats) {
  std::vector<double> means;
  for (std::int64_t k = 0; k < repeats; ++k) {
    const drawn_times d = sampler.draw(B, T, stream(5).fork(k));
    means.push_back((d.weight * d.index.square()).to(at::kDouble).mean().item<double>());
  }
  const double expected = static_cast<double>((T - 1) * (2 * T - 1)) / 6;
  return mean_is(at::tensor(means, at::kDouble), expected);
}

void fill(time_sampler& sampler, std::int64_t T, std::int64_t times) {
  for (std::int64_t k = 0; k < times; ++k)
    sampler.update(at::arange(T, at::kLong), at::arange(1, T + 1).to(at::kFloat));
}

}

TEST_CASE("weights make every draw unbiased over uniform t") {
  for (const char* yaml : {"uniform", "{plugin: uniform, first: 2}", "antithetic", "{plugin: antithetic, first: 2}",
                           "loss_second_moment"}) {
    CAPTURE(yaml);
    const auto sampler = make<time_sampler>(yaml);
    CHECK(unbiased(*sampler, 30, 16, 2000));
    if (sampler->adaptive()) {
      fill(*sampler, 30, 10);
      CHECK(unbiased(*sampler, 30, 16, 2000));
    }
  }
}

TEST_CASE("draws stay between first and T, and use all of it") {
  for (const char* name : {"uniform", "antithetic"}) {
    const auto d = make<time_sampler>(c10::str("{plugin: ", name, ", first: 3}"))->draw(4000, 7, stream(1));
    CHECK((d.index.scalar_type() == at::kLong));
    CHECK((d.weight.scalar_type() == at::kFloat));
    CHECK(d.index.min().item<std::int64_t>() == 2);
    CHECK(d.index.max().item<std::int64_t>() == 6);
    CHECK_THROWS_AS(make<time_sampler>(c10::str("{plugin: ", name, ", first: 3}"))->draw(4, 2, stream(1)), error);
  }
  const auto million = make<time_sampler>("uniform")->draw(200000, 1000000, stream(2)).index;
  CHECK(million.max().item<std::int64_t>() < 1000000);
  CHECK(mean_is(million, 499999.5));
  // 24 bits alone reach only even or only odd steps in places: of many draws both must be equally many.
  CHECK(mean_is(million.remainder(2), 0.5));
}

TEST_CASE("an antithetic batch covers time evenly") {
  const auto counts = make<time_sampler>("antithetic")->draw(64, 16, stream(3)).index.bincount({}, 16);
  CHECK((counts == 4).all().item<bool>());
}

TEST_CASE("loss_second_moment is uniform until all histories are full, then follows the losses") {
  const std::int64_t T = 5, n = 40000;
  const auto sampler = make<time_sampler>("loss_second_moment");
  fill(*sampler, T, 9);
  CHECK((sampler->draw(100, T, stream(1)).weight == 1).all().item<bool>());
  fill(*sampler, T, 1);
  const drawn_times d = sampler->draw(n, T, stream(1));
  const Tensor share = at::arange(1, 6, at::kDouble) / 15, p = share * 0.999 + 0.001 / 5;
  CHECK(largest(d.weight - 1 / (5 * p.index_select(0, d.index))) < 1e-5);
  const Tensor counts = d.index.bincount({}, T).to(at::kDouble);
  CHECK(((counts - n * p).abs() < 5 * (n * p).sqrt()).all().item<bool>());
  // Only the last ten count, and a loss that is no number is not one of them.
  for (int k = 0; k < 10; ++k) sampler->update(at::arange(T, at::kLong), at::ones({T}));
  sampler->update(at::zeros({1}, at::kLong), at::full({1}, std::numeric_limits<float>::infinity()));
  CHECK(largest(sampler->draw(100, T, stream(1)).weight - 1) < 1e-6);
}

TEST_CASE("loss_second_moment goes on from its state") {
  const auto a = make<time_sampler>("loss_second_moment"), b = make<time_sampler>("loss_second_moment");
  fill(*a, 5, 7);
  std::map<std::string, Tensor> stored;
  a->state([&](const std::string& name, Tensor& value) { stored[name] = value.clone(); });
  b->state([&](const std::string& name, Tensor& value) { value = stored.at(name); });
  for (const auto& sampler : {a, b}) sampler->update(at::tensor({4}, at::kLong), at::tensor({9.f}));
  for (const auto& sampler : {a, b}) fill(*sampler, 5, 3);
  const drawn_times x = a->draw(50, 5, stream(1)), y = b->draw(50, 5, stream(1));
  CHECK(at::equal(x.index, y.index));
  CHECK(at::equal(x.weight, y.weight));
  CHECK(largest(x.weight - 1) > 0.1);
}
