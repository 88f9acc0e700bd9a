// Plugins whose work depends on how often they were called: they go on as before only if their state was saved.
#include <mutex>

#include "noneq/plugin.hpp"

namespace stateful {

using noneq::Tensor;

// A number that grows with each call of next(), which may be concurrent.
class count {
 public:
  double next() {
    const std::lock_guard one(changing_);
    const double now = value_.item<double>();
    value_ = value_ + 1;
    return now;
  }
  void state(const noneq::state_visitor& visit) { visit("count", value_); }

 private:
  std::mutex changing_;
  Tensor value_ = at::zeros({}, at::kDouble);
};

// Each batch is wider than the one before.
struct growing_source : noneq::source {
  explicit growing_source(std::int64_t size) : size_(size) { info_.shape = {2}; }
  const noneq::dataset_info& info() const override { return info_; }
  noneq::batch fetch(std::int64_t step, const noneq::stream& s) override {
    return {step, 0, {{"x0", (1 + 0.01 * calls_.next()) * s.normal({size_, 2})}}};
  }
  noneq::batch fetch_rows(std::int64_t first, std::int64_t n) override {
    return {0, first, {{"x0", noneq::stream(1).normal({n, 2}, first)}}};
  }
  void state(const noneq::state_visitor& visit) override { calls_.state(visit); }

  const std::int64_t size_;
  noneq::dataset_info info_;
  count calls_;
};

namespace loaders {
struct growing : noneq::loader {
  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>&, const noneq::stream&) const override {
    return std::make_shared<growing_source>(batch_size);
  }
  static void describe(noneq::description<growing>& d) { d.doc("Data that grows with each batch."); }
};
NONEQ_PLUGIN(growing);
}

namespace noisers {
struct counting : noneq::noiser {
  mutable count calls;
  void apply(noneq::batch& b, const noneq::process& p, const noneq::stream&) const override {
    const Tensor& x0 = b.at("x0");
    const double factor = 1 + 0.01 * calls.next();
    b.set("xt", p.kernel->jump(x0, noneq::at(p.tables, b.at("t"), x0), factor * b.at("noise")));
  }
  void state(const noneq::state_visitor& visit) override { calls.state(visit); }
  static void describe(noneq::description<counting>& d) { d.doc("Noise that grows with each batch."); }
};
NONEQ_PLUGIN(counting);
}

namespace times {
struct counting : noneq::time_sampler {
  mutable count calls;
  noneq::drawn_times draw(std::int64_t B, const noneq::process& p, const noneq::stream&) const override {
    const auto t = static_cast<std::int64_t>(calls.next()) % p.steps();
    return {at::full({B}, t, at::kLong), at::ones({B}, at::kFloat)};
  }
  void state(const noneq::state_visitor& visit) override { calls.state(visit); }
  static void describe(noneq::description<counting>& d) { d.doc("The steps in turn, one a batch."); }
};
NONEQ_PLUGIN(counting);
}

namespace weightings {
// Two shards share each value of the count, whichever comes first.
struct counting : noneq::weighting {
  mutable count calls;
  Tensor weight(const noneq::coefficients& c) const override {
    return at::ones_like(c.snr) * (1 + std::floor(calls.next() / 2));
  }
  void state(const noneq::state_visitor& visit) override { calls.state(visit); }
  static void describe(noneq::description<counting>& d) { d.doc("A weight that grows with each step."); }
};
NONEQ_PLUGIN(counting);
}

namespace losses {
struct counting : noneq::loss {
  mutable count calls;
  Tensor run(const noneq::batch& b, const noneq::process&) const override {
    const double factor = 1 + std::floor(calls.next() / 2);
    return factor * b.at("output").flatten(1).square().mean(1);
  }
  const char* unit() const override { return ""; }
  void state(const noneq::state_visitor& visit) override { calls.state(visit); }
  static void describe(noneq::description<counting>& d) { d.doc("A loss that grows with each step."); }
};
NONEQ_PLUGIN(counting);
}

}
