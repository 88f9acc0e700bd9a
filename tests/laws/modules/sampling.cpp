// Networks, samplers and guides, each with a fault.
#include <torch/optim/optimizer.h>

#include "noneq/plugin.hpp"
#include "noneq/plugin/roles/model.hpp"
#include "noneq/plugin/roles/trainer.hpp"

#include "faulty.hpp"

namespace {
using noneq::Tensor;
}

namespace models {

// One linear map for all t.
struct linear_network : noneq::network {
  const std::string breaks;
  Tensor weight, loose, unused;
  noneq::sizes shape;

  linear_network(const testing::faulty<noneq::model>& f, const noneq::network_signature& s) : breaks(f.breaks) {
    const std::int64_t size = c10::multiply_integers(s.shape);
    weight = register_parameter("weight", at::randn({size, size * s.outputs}));
    if (f.is("unused")) unused = register_parameter("unused", at::ones({2}));
    if (f.is("seed")) weight.data().add_(f.other_each_time());
    loose = f.is("state") ? at::randn({}) : at::ones({});
    shape = s.shape;
    shape[0] *= s.outputs + (f.is("outputs") ? 1 : 0);
    if (f.is("outputs")) weight.set_data(at::randn({size, c10::multiply_integers(shape)}));
  }
  bool takes_any_t() const override { return breaks == "claims"; }
  Tensor forward(const noneq::network_input& in) override {
    if (in.t.is_floating_point()) throw noneq::error("knows whole steps only");
    Tensor x = in.x.flatten(1).clone();
    if (breaks == "together") x = x - x.mean();
    noneq::sizes out = shape;
    out.insert(out.begin(), x.size(0));
    const Tensor y = (loose * x.matmul(weight)).view(out);
    if (breaks == "changes") in.x.zero_();
    return y;
  }
};

struct faulty : testing::faulty<noneq::model> {
  std::shared_ptr<noneq::network> build(const noneq::network_signature& s) const override {
    return std::make_shared<linear_network>(*this, s);
  }
  static void describe(noneq::description<faulty>& d) { describe_fault(d); }
};
NONEQ_PLUGIN(faulty);

}

namespace trainers {

struct options : torch::optim::OptimizerCloneableOptions<options> {
  TORCH_ARG(double, lr) = 1e-3;

 public:
  double get_lr() const override { return lr(); }
  void set_lr(const double rate) override { lr(rate); }
};

// Gradient descent without state.
struct descent : torch::optim::Optimizer {
  const double sign;
  const bool by_norm;
  descent(std::vector<torch::optim::OptimizerParamGroup> groups, double s, bool n)
      : Optimizer(std::move(groups), std::make_unique<options>()), sign(s), by_norm(n) {}
  Tensor step(LossClosure = nullptr) override {
    at::NoGradGuard values_only;
    for (Tensor& p : param_groups().front().params()) {
      const double size = by_norm ? p.grad().norm().item<double>() : 1;
      p.sub_(p.grad(), sign * param_groups().front().options().get_lr() / size);
    }
    return {};
  }
};

struct faulty : testing::faulty<noneq::trainer> {
  std::unique_ptr<torch::optim::Optimizer> optimizer(
      std::vector<torch::optim::OptimizerParamGroup> groups) const override {
    return std::make_unique<descent>(std::move(groups), is("uphill") ? -1 : 1, is("norm"));
  }
  void optimizer_state(torch::optim::Optimizer&, const noneq::state_visitor&) const override {}
  static void describe(noneq::description<faulty>& d) { describe_fault(d); }
};
NONEQ_PLUGIN(faulty);

}

namespace samplers {

// Ancestral sampling.
struct faulty : testing::faulty<noneq::sampler> {
  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    at::NoGradGuard values_only;
    const noneq::kernel& k = *d.process().kernel;
    noneq::sizes shape = r.shape;
    shape.insert(shape.begin(), r.count);
    Tensor x = r.start.defined() ? r.start : k.noise(shape, r.stream.fork("start"), r.first);
    const auto show = [&](std::int64_t t) {
      if (r.visit && !(is("visit") && t == 0)) r.visit(t, x);
    };
    show(d.process().steps());
    for (std::int64_t i = d.process().steps() - 1; i >= 0; --i) {
      const auto p = d.predict(x, i, r.given);
      const Tensor noise = k.noise(shape, r.stream.fork(i + 1), r.first).to(x.scalar_type());
      x = i == 0 ? k.most_likely(p.reverse) : k.sample(p.reverse, noise);
      if (i == 0 && is("together")) x = x - x.mean();
      if (i == 0 && is("random")) x = x + 1e-3 * other_each_time();
      if (i == 0 && is("wide")) x = 2 * x;
      show(i);
    }
    return is("infinite") ? x / 0 : x;
  }
  static void describe(noneq::description<faulty>& d) {
    describe_fault(d);
    d.spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(faulty);

}

namespace guides {

// Pulls samples towards the values of a tensor.
struct faulty : testing::faulty<noneq::guide> {
  struct pull : noneq::guidance {
    const faulty& of;
    Tensor y;
    pull(const faulty& f, Tensor values) : of(f), y(std::move(values)) {}
    Tensor gradient(const noneq::guided_state& s) const override {
      Tensor g = y.defined() ? y - s.x0 : -s.x0;
      if (of.is("infinite")) g = g / 0;
      return of.is("together") ? g - g.mean() : g;
    }
    std::optional<noneq::linear_equation> equation() const override {
      if (!y.defined()) return {};
      const double wrong = of.is("transposed") ? 3 : 2;
      return noneq::linear_equation{y, [](const Tensor& x) { return 2 * x; },
                                    [wrong](const Tensor& v) { return wrong * v; }};
    }
  };
  std::vector<std::string> reads() const override { return {"y"}; }
  std::unique_ptr<noneq::guidance> begin(const noneq::guided_chunk& c) const override {
    return std::make_unique<pull>(*this, is("rows") ? c.rows.find("y") : c.rows.at("y"));
  }
  static void describe(noneq::description<faulty>& d) {
    describe_fault(d);
    d.spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(faulty);

}
