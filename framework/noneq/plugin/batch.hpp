// A batch is the value on an edge: named tensors whose first dimension is the sample, their step and the index of the
// first sample. Copying copies handles; a node never changes a tensor in place that another may hold.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "noneq/core/error.hpp"
#include "noneq/core/tensor.hpp"

namespace noneq {

// Neighbouring parts first … last − 1 of those into which a batch of n rows is cut.
struct batch_share {
  std::int64_t first = 0, last = 1, parts = 1;

  bool whole() const { return first == 0 && last == parts; }
  std::int64_t begin(std::int64_t n) const { return first * n / parts; }
  std::int64_t end(std::int64_t n) const { return last * n / parts; }
};

struct batch {
  std::int64_t step = 0;   // training: 0-based step; sampling and measuring: number of the chunk
  std::int64_t first = 0;  // index of the first sample within its step or run
  std::map<std::string, Tensor> tensors;
  // Data that a source's fetch() passes to its prepare(), or a sink's map() to its add(), beside tensors, such as rows
  // that are compressed. Null on every edge between nodes.
  std::shared_ptr<const void> fetched = {};
  // Where a process holds a share of a step's batch only, the number of rows of all of it. 0: these are all.
  std::int64_t of_rows = 0;

  // Throws noneq::error when there is no tensor of this name.
  const Tensor& at(const std::string& name) const {
    const auto it = tensors.find(name);
    if (it == tensors.end()) throw error("the batch has no tensor '" + name + "'");
    return it->second;
  }
  // Returns an undefined tensor when there is none of this name.
  Tensor find(const std::string& name) const {
    const auto it = tensors.find(name);
    return it == tensors.end() ? Tensor{} : it->second;
  }
  bool has(const std::string& name) const { return tensors.count(name) != 0; }
  void set(const std::string& name, Tensor value) { tensors[name] = std::move(value); }
  std::int64_t size() const { return tensors.empty() ? 0 : tensors.begin()->second.size(0); }

  // Returns a batch without tensors in the place of this one: its step, its first sample and of_rows.
  batch place() const { return {step, first, {}, {}, of_rows}; }
  // Puts this batch in the place of another one.
  void put_at(const batch& other) { step = other.step, first = other.first, of_rows = other.of_rows; }

  // Returns the number of rows of all of the step's batch.
  std::int64_t rows_in_all() const { return of_rows > 0 ? of_rows : size(); }

  // Returns samples [begin, end) of this batch, which must be prepared.
  batch rows(std::int64_t begin, std::int64_t end) const {
    batch part{step, first + begin, {}, {}, of_rows};
    for (const auto& [name, tensor] : tensors) part.tensors[name] = tensor.slice(0, begin, end);
    return part;
  }
  // Returns the rows of a share of all of the step's batch that are here. This batch must be prepared.
  batch share(const batch_share& s) const {
    const std::int64_t all = rows_in_all(), here = of_rows > 0 ? first : 0;
    const auto within = [&](std::int64_t row) { return std::clamp<std::int64_t>(row - here, 0, size()); };
    batch some = rows(within(s.begin(all)), within(s.end(all)));
    some.of_rows = all;
    return some;
  }
};

}
