// Stateful plugins between the data and the gate.
#include "stateful.hpp"

namespace stateful {

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

namespace transforms {
// Transforms are const once they have learned; what they have learned is their state.
struct counting : counted<noneq::transform> {
  noneq::dataset_info after(noneq::dataset_info before) const override { return before; }
  noneq::batch run(noneq::batch b, const noneq::transform_context&) const override {
    b.set("x0", b.at("x0") * (1 + 0.001 * looks.item<double>()));
    return b;
  }
  bool learns() const override { return true; }
  void look(const noneq::batch& rows, const noneq::transform_context&) override { calls.next(rows.size()); }
  void learned(const noneq::dataset_info&) override { looks = at::full({}, calls.next(), at::kDouble); }
  void state(const noneq::state_visitor& visit) override {
    counted::state(visit);
    visit("looks", looks);
  }
  static void describe(noneq::description<counting>& d) { d.doc("A factor from the number of rows to learn from."); }

  Tensor looks = at::zeros({}, at::kDouble);
};
NONEQ_PLUGIN(counting);
}

namespace noisers {
struct counting : counted<noneq::noiser> {
  void apply(noneq::batch& b, const noneq::process& p, const noneq::stream&) const override {
    const Tensor& x0 = b.at("x0");
    const double factor = 1 + 0.01 * calls.next();
    b.set("xt", p.kernel->jump(x0, noneq::coefficients_at(p.tables, b.at("t"), x0), factor * b.at("noise")));
  }
  static void describe(noneq::description<counting>& d) { d.doc("Noise that grows with each batch."); }
};
NONEQ_PLUGIN(counting);
}

namespace times {
struct counting : counted<noneq::time_sampler> {
  noneq::drawn_times draw(std::int64_t B, const noneq::process& p, const noneq::stream&) const override {
    const auto t = static_cast<std::int64_t>(calls.next()) % p.steps();
    return {at::full({B}, t, at::kLong), at::ones({B}, at::kFloat)};
  }
  static void describe(noneq::description<counting>& d) { d.doc("The steps in turn, one a batch."); }
};
NONEQ_PLUGIN(counting);

// Depends on the tables, which a learned schedule changes.
struct by_tables : noneq::time_sampler {
  noneq::drawn_times draw(std::int64_t B, const noneq::process& p, const noneq::stream& s) const override {
    const Tensor index = (s.uniform({B}) * static_cast<double>(p.steps())).to(at::kLong);
    return {index, (1 + p.tables.snr.detach()).log().index_select(0, index).to(at::kFloat)};
  }
  static void describe(noneq::description<by_tables>& d) { d.doc("Uniform, with weights from the tables."); }
};
NONEQ_PLUGIN(by_tables);
}

}
