#include "make.hpp"
#include "noneq/plugin/roles/trainer.hpp"

using namespace noneq;
using namespace testing;

namespace {

// Two parameters of a bowl and one that gets no gradient, in two groups.
struct bowl {
  std::vector<Tensor> parameters;
  std::unique_ptr<torch::optim::Optimizer> optimizer;

  bowl(const trainer& t, const std::vector<Tensor>& start) {
    for (const Tensor& s : start) parameters.push_back(s.detach().clone().requires_grad_(true));
    std::vector<torch::optim::OptimizerParamGroup> groups;
    groups.emplace_back(std::vector<Tensor>{parameters[0], parameters[2]});
    groups.emplace_back(std::vector<Tensor>{parameters[1]});
    optimizer = t.optimizer(std::move(groups));
  }
  void step() {
    optimizer->zero_grad();
    (3 * parameters[0].square().sum() + (parameters[1] - 1).pow(4).sum()).backward();
    optimizer->step();
  }
};

std::vector<Tensor> start() { return {stream(1).normal({4}), stream(2).normal({2, 3}), at::ones({5})}; }

}

TEST_CASE("an optimizer goes on from its state as if it had never stopped") {
  for (const char* name : {"adam", "adamw"}) {
    CAPTURE(name);
    const auto t = make<trainer>(c10::str("{plugin: ", name, ", rate: 0.05}"));
    bowl a(*t, start());
    for (int k = 0; k < 5; ++k) a.step();
    std::map<std::string, Tensor> stored;
    t->optimizer_state(*a.optimizer, [&](const std::string& n, Tensor& value) { stored[n] = value.clone(); });
    CHECK(stored.size() == 9);
    CHECK(stored.at("0.step").item<std::int64_t>() == 5);
    CHECK(stored.at("1.step").item<std::int64_t>() == 0);
    CHECK(stored.at("2.exp_avg").sizes() == a.parameters[1].sizes());

    bowl b(*t, a.parameters);
    t->optimizer_state(*b.optimizer, [&](const std::string& n, Tensor& value) { value = stored.at(n); });
    for (int k = 0; k < 3; ++k) {
      a.step(), b.step();
      for (int i = 0; i < 3; ++i) CHECK(at::equal(a.parameters[i], b.parameters[i]));
    }
    bowl other(*t, {at::ones({3}), at::ones({2, 3}), at::ones({5})});
    CHECK_THROWS_AS(
        t->optimizer_state(*other.optimizer, [&](const std::string& n, Tensor& value) { value = stored.at(n); }),
        error);
  }
}

TEST_CASE("looking at the state changes nothing") {
  const auto t = make<trainer>("adam");
  bowl a(*t, start()), b(*t, start());
  for (int k = 0; k < 3; ++k) {
    t->optimizer_state(*b.optimizer, [](const std::string&, Tensor&) {});
    a.step(), b.step();
  }
  for (int i = 0; i < 3; ++i) CHECK(at::equal(a.parameters[i], b.parameters[i]));
}

TEST_CASE("the first step is the rate, against the gradient; parameters do what they say") {
  const auto t = make<trainer>("{plugin: adam, rate: 0.05}");
  bowl a(*t, start());
  a.step();
  CHECK(largest(a.parameters[0] - (start()[0] - 0.05 * start()[0].sign())) < 1e-5);
  CHECK(at::equal(a.parameters[2], at::ones({5})));

  const auto decaying = make<trainer>("{plugin: adamw, rate: 0.05, weight_decay: 0.5}");
  bowl w(*decaying, start());
  w.step();
  CHECK(largest(w.parameters[0] - (start()[0] * (1 - 0.05 * 0.5) - 0.05 * start()[0].sign())) < 1e-5);
  CHECK_THROWS_AS(make<trainer>("{plugin: adam, beta1: 1}"), error);
  CHECK_THROWS_AS(make<trainer>("{plugin: adam, weight_decay: 0.1}"), error);
}
