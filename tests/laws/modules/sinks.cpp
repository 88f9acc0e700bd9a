// Metrics and writers, each with a fault.
#include <fstream>
#include <mutex>

#include "noneq/plugin.hpp"

#include "faulty.hpp"

namespace {
using noneq::batch;
using noneq::Tensor;
}

namespace metrics {

// The mean of rows.
struct faulty : testing::faulty<noneq::metric> {
  struct mean : noneq::sinking {
    const faulty& of;
    double sum = 0, count = 0;
    explicit mean(const faulty& f) : of(f) {}
    batch map(batch b) const override {
      const double x = b.at("x0").sum().item<double>() + (of.is("random") ? other_each_time() : 0);
      return {
          b.step,
          b.first,
          {{"sum", at::scalar_tensor(x, at::kDouble)}, {"count", at::scalar_tensor(b.at("x0").numel(), at::kDouble)}}};
    }
    void add(const batch& b) override {
      const double n = b.at("count").item<double>(), s = b.at("sum").item<double>();
      sum += of.is("batches") ? s / n : s;
      count += of.is("batches") ? 1 : n;
    }
    noneq::outcome finish() override { return {{{"mean", sum / (of.is("infinite") ? 0.0 : count), ""}}, {}, {}}; }
  };
  std::unique_ptr<noneq::sinking> open(const noneq::measurement&) const override {
    return std::make_unique<mean>(*this);
  }
  noneq::row_request rows(const noneq::dataset_info&) const override { return {"test", 90}; }
  static void describe(noneq::description<faulty>& d) { describe_fault(d); }
};
NONEQ_PLUGIN(faulty);

}

namespace writers {

// The sum of all samples, as text.
struct faulty : testing::faulty<noneq::writer> {
  mutable std::atomic<int> open_now{0};

  struct text : noneq::sinking {
    const faulty& of;
    std::filesystem::path path;
    double sum = 0;
    text(const faulty& f, std::filesystem::path p) : of(f), path(std::move(p)) {
      ++of.open_now;
      if (of.is("early")) write();
      if (of.is("leaves")) std::ofstream(path.string() + ".tmp") << "begun";
    }
    void write() const { std::ofstream(path) << sum; }
    void add(const batch& b) override { sum += b.at("samples").to(at::kDouble).sum().item<double>(); }
    noneq::outcome finish() override {
      if (of.is("leaves")) std::filesystem::remove(path.string() + ".tmp");
      if (of.is("random")) sum += other_each_time();
      if (of.is("shared") && of.open_now > 1) sum = 0;
      write();
      return {{}, {}, {path}};
    }
    ~text() override { --of.open_now; }
  };
  std::unique_ptr<noneq::sinking> open(const noneq::writing& w) const override {
    return std::make_unique<text>(*this, path(w));
  }
  void check_input(const noneq::writer_input& given) const override { given.need("samples", "in"); }
  static void describe(noneq::description<faulty>& d) { describe_fault(d); }
};
NONEQ_PLUGIN(faulty);

}
