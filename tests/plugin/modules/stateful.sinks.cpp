// Stateful plugins that end a stream, and the features that metrics compare in.
#include <fstream>

#include "stateful.hpp"

namespace stateful {

// The sum of a tensor over a stream, times a number that was counted when it began.
struct summing : noneq::sinking {
  void add(const noneq::batch& b) override { sum += b.tensors.begin()->second.sum().item<double>(); }
  double sum = 0;
};

namespace metrics {
struct counting_sinking : summing {
  explicit counting_sinking(count& c) : calls(c), begun(c.next()) {}
  noneq::outcome finish() override {
    const double counted = sum * (1 + 0.01 * calls.next()) + begun;
    noneq::outcome found;
    found.records.push_back({"counted", counted, ""});
    found.arrays.set("counted", at::full({1}, counted, at::kDouble));
    return found;
  }
  count& calls;
  const double begun;
};

struct counting : counted<noneq::sample_metric> {
  std::unique_ptr<noneq::sinking> open(const noneq::measurement&) const override {
    return std::make_unique<counting_sinking>(calls);
  }
  void check_data(const noneq::dataset_info&) const override { calls.next(); }
  static void describe(noneq::description<counting>& d) {
    d.doc("Grows with each event.").writes("counted", "float64 [1]", noneq::extent::other);
  }
};
NONEQ_PLUGIN(counting);
}

namespace features {
struct scaled_map : noneq::feature_map {
  explicit scaled_map(double f) : factor(f) {}
  Tensor operator()(const Tensor& data) const override { return (factor * data.flatten(1)).to(at::kFloat); }
  const double factor;
};

struct counting : counted<noneq::feature> {
  std::string label() const override { return "counting"; }
  std::string identity() const override { return "counting"; }
  std::unique_ptr<noneq::feature_map> learn(const noneq::dataset_info&, const training_rows&) const override {
    return std::make_unique<scaled_map>(1 + 0.01 * calls.next());
  }
  std::unique_ptr<noneq::feature_map> restore(const noneq::dataset_info&,
                                              const std::map<std::string, Tensor>&) const override {
    return std::make_unique<scaled_map>(1 + 0.01 * calls.next());
  }
  static void describe(noneq::description<counting>& d) { d.doc("Data by a factor that grows with each event."); }
};
NONEQ_PLUGIN(counting);
}

namespace writers {
struct counting_sinking : summing {
  counting_sinking(count& c, std::filesystem::path f) : calls(c), file(std::move(f)), begun(c.next()) {}
  noneq::outcome finish() override {
    std::ofstream(file) << std::hexfloat << sum << " " << begun << " " << calls.next() << "\n";
    return {{}, {}, {file}};
  }
  count& calls;
  const std::filesystem::path file;
  const double begun;
};

struct counting : counted<noneq::writer> {
  std::unique_ptr<noneq::sinking> open(const noneq::writing& w) const override {
    return std::make_unique<counting_sinking>(calls, path(w));
  }
  static void describe(noneq::description<counting>& d) { d.doc("How often it was called, and a sum."); }
};
NONEQ_PLUGIN(counting);
}

}
