// A loader that fails in the middle of training.
#include <stdexcept>

#include "noneq/plugin.hpp"

struct throws_at_work : noneq::loader {
  std::int64_t step = 3;
  bool known = true;

  struct failing : noneq::source {
    failing(std::int64_t batch, std::int64_t step, bool known) : batch_(batch), step_(step), known_(known) {
      info_.shape = {2};
    }
    const noneq::dataset_info& info() const override { return info_; }
    noneq::batch fetch(std::int64_t step, const noneq::stream&) override {
      if (step == step_ && known_) throw std::runtime_error("the sensor fell off\nat 0x1234");
      if (step == step_) throw 42;
      return fetch_rows(0, batch_);
    }
    noneq::batch fetch_rows(std::int64_t first, std::int64_t count) override {
      return {0, first, {{"x0", at::zeros({count, 2})}}};
    }
    const std::int64_t batch_, step_;
    const bool known_;
    noneq::dataset_info info_;
  };

  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>&, const noneq::stream&) const override {
    return std::make_shared<failing>(batch_size, step, known);
  }
  static void describe(noneq::description<throws_at_work>& d) {
    d.doc("Fails at a step.")
        .param("step", &throws_at_work::step, "the step it fails at")
        .param("known", &throws_at_work::known, "with a std::exception, or with something else");
  }
};
NONEQ_PLUGIN(throws_at_work);
