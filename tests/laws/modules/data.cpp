// Sources, transforms and features, each with a fault.
#include "noneq/plugin.hpp"

#include "faulty.hpp"

namespace {
using noneq::batch;
using noneq::dataset_info;
using noneq::Tensor;
}

namespace loaders {

// Row k is the number k, in 50 rows.
struct faulty : testing::faulty<noneq::loader> {
  struct rows : noneq::source {
    const std::string fault;  // the rows may outlive the loader
    const std::int64_t batch_size;
    dataset_info known;
    std::int64_t fetched = 0;
    double start;

    rows(const faulty& f, bool again)
        : fault(f.breaks), batch_size(f.batch_size), start(f.is("random") ? other_each_time() : 0) {
      known.shape = {3};
      known.count = known.measured = 50;
      if (f.is("known") && again) known.normal.shift = at::full({}, 5, at::kDouble);
    }
    bool is(const char* one) const { return fault == one; }
    const dataset_info& info() const override { return known; }
    batch from(std::int64_t first, std::int64_t n) const {
      const Tensor k = at::arange(first, first + n, at::kFloat).unsqueeze(1);
      return {0, first, {{"x0", (k + start + (is("order") ? n : 0)).expand({n, 3}).contiguous()}}};
    }
    batch fetch(std::int64_t step, const noneq::stream&) override {
      ++fetched;
      return from(is("state") ? fetched : step, batch_size + (is("batch") ? 1 : 0));
    }
    batch fetch_share(std::int64_t step, const noneq::stream& s, const noneq::batch_share& share) override {
      batch all = fetch(step, s);
      all.first = 0;
      if (!is("share")) return all;
      batch some = all.share(share);
      some.set("x0", from(step + some.size(), some.size()).at("x0"));
      return some;
    }
    batch fetch_rows(std::int64_t first, std::int64_t count) override {
      return from(first, is("ends") ? count : std::min(count, 50 - first));
    }
    batch prepare(batch raw) const override {
      if (is("prepare")) raw.set("x0", raw.at("x0") + 1);
      return raw;
    }
  };
  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>& known,
                                      const noneq::stream&) const override {
    return std::make_shared<rows>(*this, known.has_value());
  }
  static void describe(noneq::description<faulty>& d) { describe_fault(d); }
};
NONEQ_PLUGIN(faulty);

}

namespace transforms {

// Subtracts a learned mean and doubles.
struct faulty : testing::faulty<noneq::transform> {
  Tensor mean = at::zeros({}, at::kDouble);

  bool learns() const override { return true; }
  void look(const batch& rows, const noneq::transform_context&) override {
    if (rows.first == 0) mean = rows.at("x0").to(at::kDouble).mean();
  }
  void state(const noneq::state_visitor& visit) override {
    if (!is("forgets")) visit("mean", mean);
  }
  dataset_info after(dataset_info before) const override {
    if (before.missing) throw noneq::error("needs all numbers");
    before.numbers = is("type") ? at::kDouble : at::kFloat;
    before.normal = before.normal.then(mean, at::full({}, is("undo") ? 2 : 0.5, at::kDouble));
    before.range = {};
    before.bin_width = 0;
    return before;
  }
  batch run(batch b, const noneq::transform_context&) const override {
    Tensor x = b.at("x0");
    if (is("in_place")) x.zero_();
    Tensor y = ((x.to(at::kDouble) - mean) * 2).to(at::kFloat);
    if (is("together")) y = y - y.mean();
    if (is("random")) y = y + other_each_time();
    b.set("x0", y);
    return b;
  }
  static void describe(noneq::description<faulty>& d) { describe_fault(d); }
};
NONEQ_PLUGIN(faulty);

}

namespace sample_transforms {

struct faulty_of_samples : testing::faulty<noneq::sample_transform> {
  std::vector<std::string> makes() const override { return {"largest"}; }
  batch run(const batch& b) const override {
    batch made{b.step, b.first, {{"largest", b.at("samples").flatten(1).amax(1)}}};
    if (is("undeclared")) made.set("smallest", made.at("largest"));
    if (is("together")) made.set("largest", made.at("largest") - made.at("largest").mean());
    return made;
  }
  static void describe(noneq::description<faulty_of_samples>& d) {
    describe_fault(d);
    d.writes("largest", "float32 [n]");
  }
};
NONEQ_PLUGIN(faulty_of_samples);

}

namespace model_transforms {

struct faulty_of_model : testing::faulty<noneq::model_transform> {
  struct at_work : noneq::applied {
    const faulty_of_model& of;
    explicit at_work(const faulty_of_model& f) : of(f) {}
    batch run(const batch& rows) const override {
      const Tensor sum = rows.at("x0").flatten(1).sum(1);
      batch made{rows.step, rows.first, {}};
      made.set(of.is("undeclared") ? "other" : "sum",
               sum - (of.is("together") ? sum.mean().item<double>() : 0) + (of.is("random") ? other_each_time() : 0));
      return made;
    }
  };
  std::unique_ptr<noneq::applied> open(const noneq::application&) const override {
    return std::make_unique<at_work>(*this);
  }
  static void describe(noneq::description<faulty_of_model>& d) {
    describe_fault(d);
    d.reads("x0", "[n, …]").writes("sum", "float32 [n]");
  }
};
NONEQ_PLUGIN(faulty_of_model);

}

namespace features {

struct faulty : testing::faulty<noneq::feature> {
  struct sums : noneq::feature_map {
    double shift;
    bool together;
    sums(double s, bool t) : shift(s), together(t) {}
    Tensor operator()(const Tensor& data) const override {
      const Tensor sum = data.flatten(1).sum(1, true) + shift;
      return together ? sum - sum.mean() : sum;
    }
  };
  std::string label() const override { return is("names") ? "" : "sum"; }
  std::string identity() const override { return "sum"; }
  std::unique_ptr<noneq::feature_map> learn(const dataset_info&, const training_rows&) const override {
    return std::make_unique<sums>(0, is("together"));
  }
  std::unique_ptr<noneq::feature_map> restore(const dataset_info&,
                                              const std::map<std::string, Tensor>&) const override {
    return std::make_unique<sums>(is("forgets") ? 1 : 0, is("together"));
  }
  static void describe(noneq::description<faulty>& d) { describe_fault(d); }
};
NONEQ_PLUGIN(faulty);

}
