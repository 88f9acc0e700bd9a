// The reference of metrics that compare samples with data: rows of the data as features.
#pragma once

#include "../learned_features.hpp"
#include "rows.hpp"

namespace shipped {

// Returns samples of data that has bins rounded to the nearest value that the data can have, and others unchanged.
inline noneq::Tensor on_grid(const noneq::dataset_info& info, const noneq::Tensor& samples) {
  if (info.bin_width <= 0) return samples;
  const noneq::Tensor x0 = info.normal.apply(samples).to(at::kDouble);
  const noneq::Tensor bins = ((x0.clamp(-1, 1) + 1) / info.bin_width).round();
  return info.normal.restore(bins * info.bin_width - 1).to(info.normal.dtype);
}

// The parameters and functions shared by such metrics.
struct compared {
  noneq::part<noneq::feature> features{"pca"};
  std::string with = "train";
  std::int64_t wanted_rows = 0;
  std::filesystem::path cache;

  template <class P>
  static void describe_common(noneq::description<P>& d) {
    d.param("features", &P::features, "what is compared of the samples")
        .param("with", &P::with, "the part of the data to compare with", noneq::one_of({"train", "validation", "test"}))
        .param("rows", &P::wanted_rows,
               "its rows to compare with, from the first; 0: as many as there are, or as are needed",
               noneq::at_least(0))
        .param("cache", &P::cache,
               "folder that keeps what was computed from the data; left out: reference/ in the folder of the run");
  }

  std::filesystem::path cache_folder(const noneq::measurement& m) const {
    return cache.empty() ? m.folder / "reference" : cache;
  }

  void check_data(const noneq::dataset_info& info) const {
    noneq::said_of("features", [&] { features->check_data(info); });
    noneq::need_part(info, with, "with");
  }

  // Returns the key of what is computed from features of these rows, for kept_or_made().
  std::string key(const noneq::dataset_info& info, const noneq::row_request& chosen, const std::string& kind) const {
    return key_of_features(*features, info, chosen, kind);
  }

  // Returns the map into the space of features, learned from the training rows or read from a file.
  std::shared_ptr<const noneq::feature_map> map(const noneq::measurement& m) const {
    return learned_map(*features, m.info, m.pass, cache_folder(m), !cache.empty());
  }

  // Calls use() with the features [n, D] of blocks of the requested rows, in order.
  static void visit(const noneq::measurement& m, const noneq::row_request& rows, const noneq::feature_map& map,
                    const std::function<void(const noneq::Tensor&)>& use) {
    m.pass(
        rows,
        [&](const noneq::batch& b) -> noneq::batch {
          return {b.step, b.first, {{"features", map(m.info.normal.restore(b.at("x0")))}}};
        },
        [&](const noneq::batch& b) { use(b.at("features")); });
  }
};

// A sink that reduces samples to their features.
class feature_sinking : public noneq::sinking {
 public:
  // `of` and m outlive the sink.
  feature_sinking(const compared& of, const noneq::measurement& m) : of_(of), m_(m), map_(of.map(m)) {}

  noneq::batch map(noneq::batch b) const override {
    return {b.step, b.first, {{"features", (*map_)(on_grid(m_.info, b.at("samples")))}}};
  }

 protected:
  std::string name(const char* metric) const { return c10::str(metric, "_", of_.features->label()); }

  const compared& of_;
  const noneq::measurement& m_;
  const std::shared_ptr<const noneq::feature_map> map_;
};

}
