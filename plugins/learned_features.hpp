// Features that are learned from the training rows. Tensors that are computed from the rows alone are kept in HDF5
// files and read again later. A file holds the key of its inputs; one with another key, or a damaged one, is made
// again.
#pragma once

#include "chosen_rows.hpp"
#include "noneq/storage/hdf5.hpp"

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

// Returns a text that changes with everything that features of these rows depend on; "" for data without identity.
inline std::string key_of_features(const noneq::feature& f, const noneq::dataset_info& info,
                                   const noneq::row_request& chosen, const std::string& kind) {
  if (info.identity.empty()) return "";
  return c10::str(kind, " of ", info.identity, "; features ", f.identity(), "; part ", chosen.part, ", ", chosen.count,
                  " rows");
}

// Returns the map into the space of features, learned from the training rows that `pass` streams, or read from a file
// in `folder`. `must`: throws noneq::error when that file cannot be written.
inline std::shared_ptr<const noneq::feature_map> learned_map(const noneq::feature& f, const noneq::dataset_info& info,
                                                             const noneq::row_pass& pass,
                                                             const std::filesystem::path& folder, bool must) {
  const noneq::row_request training =
      choose_rows(info, info.parts.empty() ? "auto" : "train", info.parts.empty() ? 1 << 20 : 0, 512);
  const noneq::feature::training_rows rows = [&](std::int64_t count, const auto& reduce, const auto& add) {
    noneq::row_request some = training;
    some.count = std::min(count, training.count);
    pass(
        some,
        [&](const noneq::batch& b) -> noneq::batch {
          return {b.step, b.first, {{"rows", reduce(info.normal.restore(b.at("x0")))}}};
        },
        [&](const noneq::batch& b) { add(b.at("rows")); });
  };
  std::shared_ptr<const noneq::feature_map> learned;
  const kept_tensors kept =
      kept_or_made(folder, f.label(), key_of_features(f, info, training, "map"), must, [&]() -> kept_tensors {
        learned = f.learn(info, rows);
        return learned->learned();
      });
  return learned ? learned : std::shared_ptr<const noneq::feature_map>(f.restore(info, kept));
}

}
