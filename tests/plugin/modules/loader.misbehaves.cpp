// A loader that does one thing wrong, as `how` says, at training step 3 or where it is opened.
#include <csignal>
#include <cstdlib>
#include <limits>

#include "noneq/plugin.hpp"

namespace misbehaving_loader {

using noneq::Tensor;

// Runs the stack over; what it returns depends on every call.
double deep(double x) {
  volatile double here[512];
  here[0] = x;
  return x < 0 ? x : deep(here[0] + 1) + here[0];
}

struct misbehaves : noneq::loader {
  std::string how = "well";
  std::int64_t step = 3;

  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>&, const noneq::stream&) const override;

  static void describe(noneq::description<misbehaves>& d) {
    d.doc("Does one thing wrong.")
        .param("how", &misbehaves::how, "what")
        .param("step", &misbehaves::step, "the step at which it does it");
  }
};

struct wrong : noneq::source {
  explicit wrong(const misbehaves& of) : of_(of) {
    info_.shape = {2};
    if (is("no_shape")) info_.shape = {};
    if (is("no_scale")) info_.normal.scale = at::zeros({});
    if (is("labels")) info_.classes = 3;
  }

  bool is(const char* how) const { return of_.how == how; }
  const noneq::dataset_info& info() const override { return info_; }

  noneq::batch fetch(std::int64_t step, const noneq::stream&) override {
    if (step < of_.step) return good(0, of_.batch_size);
    if (is("segfault")) std::raise(SIGSEGV);
    if (is("nowhere")) *of_nowhere() = 1;
    if (is("abort")) std::abort();
    if (is("overflow")) return {0, 0, {{"x0", at::full({1, 2}, deep(0))}}};
    if (is("int")) throw 42;
    if (is("memory")) return {0, 0, {{"x0", at::zeros({std::int64_t{1} << 50})}}};
    if (is("empty")) return {};
    noneq::batch b = good(0, of_.batch_size);
    Tensor x0 = b.at("x0");
    if (is("wide")) x0 = at::zeros({x0.size(0), 3});
    if (is("double")) x0 = x0.to(at::kDouble);
    if (is("undefined")) x0 = Tensor();
    if (is("nan")) x0 = at::full_like(x0, std::numeric_limits<double>::quiet_NaN());
    b.set("x0", x0);
    if (is("other_rows")) b.set("row", at::arange(5));
    if (is("labels")) b.set("label", at::full({x0.size(0)}, 7, at::kLong));
    return b;
  }

  noneq::batch fetch_rows(std::int64_t first, std::int64_t count) override {
    return good(first, is("more_rows") ? count + 1 : count);
  }

 private:
  noneq::batch good(std::int64_t first, std::int64_t count) const {
    noneq::batch b{0, first, {{"x0", at::zeros({count, 2})}}};
    if (is("labels")) b.set("label", at::zeros({count}, at::kLong));
    return b;
  }
  // An address that the compiler cannot see through.
  static volatile int* of_nowhere() {
    volatile std::uintptr_t nowhere = 0;
    return reinterpret_cast<volatile int*>(nowhere);
  }

  const misbehaves of_;
  noneq::dataset_info info_;
};

std::shared_ptr<noneq::source> misbehaves::open(const std::optional<noneq::normalisation>&,
                                                const noneq::stream&) const {
  if (how == "nothing") return nullptr;
  if (how == "int_at_open") throw 42;
  return std::make_shared<wrong>(*this);
}

NONEQ_PLUGIN(misbehaves);

}
