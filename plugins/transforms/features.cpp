// Rows in a space of features, as metrics compare sets of samples in it.
#include "../learned_features.hpp"

namespace {

struct features : noneq::model_transform {
  noneq::part<noneq::feature> space{"pca"};
  std::filesystem::path cache;

  bool needs_data() const override { return true; }
  void check_data(const noneq::dataset_info& info) const override {
    noneq::said_of("features", [&] { space->check_data(info); });
  }
  std::unique_ptr<noneq::applied> open(const noneq::application& a) const override;

  static void describe(noneq::description<features>& d) {
    d.doc("Features of each row, learned from the rows that the model was trained on, or of a trained network.")
        .param("features", &features::space, "the space of features")
        .param("cache", &features::cache,
               "folder that keeps what was computed from the data; left out: reference/ in the folder of the run")
        .reads("x0", "[n, …]: the data")
        .writes("features", "float32 [n, D]");
  }
};

class featuring : public noneq::applied {
 public:
  featuring(const features& of, const noneq::application& a)
      : a_(a),
        map_(shipped::learned_map(*of.space, a.info, a.pass, of.cache.empty() ? a.folder / "reference" : of.cache,
                                  !of.cache.empty())) {}

  noneq::batch run(const noneq::batch& rows) const override {
    return {rows.step, rows.first, {{"features", (*map_)(a_.info.normal.restore(rows.at("x0")))}}};
  }

 private:
  const noneq::application& a_;
  const std::shared_ptr<const noneq::feature_map> map_;
};

std::unique_ptr<noneq::applied> features::open(const noneq::application& a) const {
  return std::make_unique<featuring>(*this, a);
}

}

NONEQ_PLUGIN(features);
