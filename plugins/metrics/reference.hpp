// The reference of metrics that compare samples with data: rows of the data as features. Tensors that are computed from
// the rows alone are kept in HDF5 files and read again at the next event. A file holds the key of its inputs; one with
// another key, or a damaged one, is made again.
#pragma once

#include "noneq/storage/hdf5.hpp"
#include "rows.hpp"

namespace shipped {

using kept_tensors = std::map<std::string, noneq::Tensor>;

// Returns tensors that depend on `key` alone: those of a file in `folder` that was made for this key, or else those
// that make() returns, which are then written there. With an empty key nothing is kept. `must`: throws noneq::error
// when they cannot be written.
inline kept_tensors kept_or_made(const std::filesystem::path& folder, const std::string& name, const std::string& key,
                                 bool must, const std::function<kept_tensors()>& make) {
  if (key.empty()) return make();
  const std::filesystem::path file = folder / c10::str(name, "-", noneq::stream(0).fork(key).bits(0), ".h5");
  try {
    const noneq::storage::hdf5_reader in(file);
    const auto attributes = in.attributes("/");
    if (const auto found = attributes.find("key"); found != attributes.end() && found->second == key) {
      kept_tensors all;
      for (const std::string& dataset : in.datasets()) all[dataset] = in.rows(dataset, 0, in.layout(dataset).shape[0]);
      return all;
    }
  } catch (const noneq::error&) {  // not there, or damaged
  }
  const kept_tensors all = make();
  if (all.empty()) return all;
  try {
    std::error_code told_below;
    std::filesystem::create_directories(folder, told_below);
    noneq::storage::hdf5_writer out(file);
    for (const auto& [dataset, tensor] : all) out.write(dataset, tensor);
    out.attribute("/", "key", key);
    out.close();
  } catch (const noneq::error&) {
    if (must) throw;
  }
  return all;
}

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

  // Returns a text that changes with everything that features of these rows depend on; "" for data without identity.
  std::string key(const noneq::dataset_info& info, const noneq::row_request& chosen, const std::string& kind) const {
    if (info.identity.empty()) return "";
    return c10::str(kind, " of ", info.identity, "; features ", features->identity(), "; part ", chosen.part, ", ",
                    chosen.count, " rows");
  }

  // Returns the map into the space of features, learned from the training rows or read from a file.
  std::shared_ptr<const noneq::feature_map> map(const noneq::measurement& m) const {
    const noneq::dataset_info& info = m.info;
    const noneq::row_request training =
        choose_rows(info, info.parts.empty() ? "auto" : "train", info.parts.empty() ? 1 << 20 : 0, 512);
    const noneq::feature::training_rows rows = [&](std::int64_t count, const auto& reduce, const auto& add) {
      noneq::row_request some = training;
      some.count = std::min(count, training.count);
      m.pass(
          some,
          [&](const noneq::batch& b) -> noneq::batch {
            return {b.step, b.first, {{"rows", reduce(info.normal.restore(b.at("x0")))}}};
          },
          [&](const noneq::batch& b) { add(b.at("rows")); });
    };
    std::shared_ptr<const noneq::feature_map> learned;
    const kept_tensors kept = kept_or_made(cache_folder(m), features->label(), key(info, training, "map"),
                                           !cache.empty(), [&]() -> kept_tensors {
                                             learned = features->learn(info, rows);
                                             return learned->learned();
                                           });
    return learned ? learned : std::shared_ptr<const noneq::feature_map>(features->restore(info, kept));
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
