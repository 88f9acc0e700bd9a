// Numbers in whose space sets of samples are compared: principal components, or what a trained network says.
// A feature plugin makes a map, which may have looked at the training rows; the map is thread-safe.
#pragma once

#include <functional>
#include <memory>

#include "noneq/plugin/roles/loader.hpp"

namespace noneq {

struct feature_map {
  virtual ~feature_map() = default;
  // Data [n, …] in data units as features [n, D], float32.
  virtual Tensor operator()(const Tensor& data) const = 0;
  // What it learned from the data, to be kept and given back to feature::restore(); {} when it learns nothing.
  virtual std::map<std::string, Tensor> learned() const { return {}; }
};

struct feature : role<"feature"> {
  virtual std::string label() const = 0;  // in the names of records: "pca64"
  // Changes whenever the same data may give other features, e.g. with the bytes of a network's file.
  virtual std::string identity() const = 0;
  // Throws noneq::error when this data has no such features; asked before training begins.
  virtual void check_data(const dataset_info&) const {}
  // `rows(visit)` shows blocks of the training data, [n, …] in data units, in order, until visit says false.
  using training_rows = std::function<void(const std::function<bool(const Tensor& block)>& visit)>;
  virtual std::unique_ptr<feature_map> learn(const dataset_info& info, const training_rows& rows) const = 0;
  virtual std::unique_ptr<feature_map> restore(const dataset_info& info,
                                               const std::map<std::string, Tensor>& learned) const = 0;
};

}
