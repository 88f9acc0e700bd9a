// What metrics of samples compare with: rows of the data, seen through features. What was computed from the rows alone
// is kept in HDF5 files and read again on the next occasion; a file tells by its key what it was made from, and one
// with another key, or a damaged one, is made again.
#pragma once

#include "noneq/storage/hdf5.hpp"
#include "rows.hpp"

namespace noneq {

using kept_tensors = std::map<std::string, Tensor>;

// Tensors that depend on `key` alone: those of a file in `folder` that was made for this key, or else what make()
// gives, which is then put there. An empty key keeps nothing. `must`: not being able to is an error.
inline kept_tensors kept_or_made(const std::filesystem::path& folder, const std::string& name, const std::string& key,
                                 bool must, const std::function<kept_tensors()>& make) {
  if (key.empty()) return make();
  const std::filesystem::path file = folder / c10::str(name, "-", stream(0).fork(key).bits(0), ".h5");
  try {
    const hdf5_reader in(file);
    const auto attributes = in.attributes("/");
    if (const auto found = attributes.find("key"); found != attributes.end() && found->second == key) {
      kept_tensors all;
      for (const std::string& dataset : in.datasets()) all[dataset] = in.rows(dataset, 0, in.layout(dataset).shape[0]);
      return all;
    }
  } catch (const error&) {  // not there, or damaged
  }
  const kept_tensors all = make();
  if (all.empty()) return all;
  try {
    std::error_code told_below;
    std::filesystem::create_directories(folder, told_below);
    hdf5_writer out(file);
    for (const auto& [dataset, tensor] : all) out.write(dataset, tensor);
    out.attribute("/", "key", key);
    out.close();
  } catch (const error&) {
    if (must) throw;
  }
  return all;
}

// Samples of data that has bins, as such data: rounded to the nearest value it can have. Others are left alone.
inline Tensor on_grid(const dataset_info& info, const Tensor& samples) {
  if (info.bin_width <= 0) return samples;
  const Tensor x0 = info.normal.apply(samples).to(at::kDouble);
  const Tensor bins = ((x0.clamp(-1, 1) + 1) / info.bin_width).round();
  return info.normal.restore(bins * info.bin_width - 1).to(info.normal.dtype);
}

// The parameters that such metrics share, and what they have in common.
struct compared {
  part<feature> features{"pca"};
  std::string with = "train";
  std::int64_t rows = 0;
  std::filesystem::path cache;

  template <class P>
  static void describe_common(description<P>& d) {
    d.param("features", &P::features, "what is compared of the samples")
        .param("with", &P::with, "the part of the data to compare with", one_of({"train", "validation", "test"}))
        .param("rows", &P::rows, "its rows to compare with, from the first; 0: as many as there are, or as are needed",
               at_least(0))
        .param("cache", &P::cache,
               "folder that keeps what was computed from the data; left out: reference/ in the folder of the run");
  }

  std::filesystem::path cache_folder(const measurement& m) const {
    return cache.empty() ? m.folder / "reference" : cache;
  }

  void check_data(const dataset_info& info) const {
    noneq::said_of("features", [&] { features->check_data(info); });
    need_part(info, with, "with");
  }

  // Of everything that features of these rows depend on.
  std::string key(const dataset_info& info, const chosen_rows& chosen, const std::string& kind) const {
    if (info.identity.empty()) return "";
    return c10::str(kind, " of ", info.identity, "; features ", features->identity(), "; part ", chosen.part, ", ",
                    chosen.count, " rows");
  }

  std::shared_ptr<const feature_map> map(measurement& m) const {
    const dataset_info& info = m.data.info();
    const chosen_rows training =
        choose_rows(info, info.parts.empty() ? "auto" : "train", info.parts.empty() ? 1 << 20 : 0);
    std::shared_ptr<const feature_map> learned;
    const kept_tensors kept = kept_or_made(
        cache_folder(m), features->label(), key(info, training, "map"), !cache.empty(), [&]() -> kept_tensors {
          learned = features->learn(info, [&](const auto& visit) {
            constexpr std::int64_t block = 512;
            for (std::int64_t first = 0; first < training.count; first += block) {
              const std::int64_t n = std::min(block, training.count - first);
              const batch raw =
                  training.part.empty() ? m.data.fetch_rows(first, n) : m.data.fetch_part(training.part, first, n);
              if (!visit(info.normal.restore(m.data.prepare(raw).at("x0")))) return;
            }
          });
          return learned->learned();
        });
    return learned ? learned : std::shared_ptr<const feature_map>(features->restore(info, kept));
  }

  // use(features [n, D]) for blocks of the chosen rows, in order; few blocks are held at once.
  static void visit(measurement& m, const chosen_rows& chosen, const feature_map& map,
                    const std::function<void(const Tensor&)>& use) {
    const normalisation& normal = m.data.info().normal;
    const auto features = [&](std::int64_t, const batch& rows) { return map(normal.restore(rows.at("x0"))); };
    use_blocks(m, chosen, 256, features, use);
  }
};

// A meter that looks at features of samples.
class feature_meter : public meter {
 public:
  // `of` and m outlive it.
  feature_meter(const compared& of, measurement& m) : of_(of), info_(m.data.info()), map_(of.map(m)) {}

  batch digest(const batch& chunk) const override {
    return {chunk.step, chunk.first, {{"features", (*map_)(on_grid(info_, chunk.at("samples")))}}};
  }

 protected:
  std::string name(const char* metric) const { return metric + ("_" + of_.features->label()); }

  const compared& of_;
  const dataset_info info_;
  const std::shared_ptr<const feature_map> map_;
};

}
