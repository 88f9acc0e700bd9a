// A feature is a space in which sets of samples are compared, for example principal components or the outputs of a
// trained network. The plugin returns a map into that space, which may be computed from the training rows.
//
// Shapes and units: a map takes data [n, …] in data units and returns features [n, D], float32.
// Threads: a feature and its maps are const; maps may be called concurrently.
// Requires: equal data, parameters and identity() give equal features, so that metrics can keep in files what they
//   compute from features of the data.
// Errors: check_data() throws noneq::error before training begins; learn(), restore() and the map when they cannot
//   compute features.
#pragma once

#include <functional>
#include <memory>

#include "noneq/plugin/roles/loader.hpp"

namespace noneq {

struct feature_map {
  virtual ~feature_map() = default;
  // Returns the features [n, D], float32, of data [n, …] in data units.
  virtual Tensor operator()(const Tensor& data) const = 0;
  // Returns the tensors that were computed from the data, for feature::restore(). The default is none.
  virtual std::map<std::string, Tensor> learned() const { return {}; }
};

struct feature : role<"feature"> {
  // Part of the names of records and files, for example "pca64".
  virtual std::string label() const = 0;
  // Changes whenever the same data may have other features, for example with the bytes of a network's file.
  virtual std::string identity() const = 0;
  // Throws noneq::error when this data has no such features. Called before training begins.
  virtual void check_data(const dataset_info&) const {}

  // rows(count, map, add) streams the first `count` training rows, or all where there are fewer, through map() and
  // add(), in blocks [n, …] in data units. map() may be called concurrently; add() receives what map() returned, one
  // block at a time and in order. A bounded number of blocks is held at once.
  using training_rows = std::function<void(std::int64_t count, const std::function<Tensor(const Tensor& block)>& map,
                                           const std::function<void(const Tensor& mapped)>& add)>;
  // Returns the map for this data.
  virtual std::unique_ptr<feature_map> learn(const dataset_info& info, const training_rows& rows) const = 0;
  // Returns the map whose learned() returned these tensors.
  virtual std::unique_ptr<feature_map> restore(const dataset_info& info,
                                               const std::map<std::string, Tensor>& learned) const = 0;
};

}
