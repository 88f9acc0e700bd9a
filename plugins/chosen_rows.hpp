// Rows of the data to request, and the results of the batches of a pass over them.
#pragma once

#include "noneq/core/memory.hpp"
#include "noneq/plugin.hpp"

namespace shipped {

// Returns a request for the first `wanted` rows of a part, or for as many as there are; 0: all. The part "auto" is the
// one that is measured on by default.
// Throws noneq::error about the parameters when the data has no such part, or when all rows of endless data are wanted.
inline noneq::row_request choose_rows(const noneq::dataset_info& info, const std::string& part, std::int64_t wanted,
                                      std::int64_t block = 256, const char* part_parameter = "split",
                                      const char* count_parameter = "samples") {
  if (part != "auto") noneq::need_part(info, part, part_parameter);
  const std::string name = info.parts.empty() ? "" : part == "auto" ? noneq::measured_part(info) : part;
  const std::int64_t there = name.empty() ? -1 : info.parts.at(name);
  if (there < 0 && wanted == 0)
    throw noneq::error("got 0, all, of data that is drawn without end; need a number", count_parameter);
  const std::int64_t count = there < 0 ? wanted : wanted == 0 ? there : std::min(wanted, there);
  // Some eight numbers in float64 are held for each row.
  noneq::need_memory(64 * static_cast<double>(count), c10::str(count, " rows"), count_parameter);
  return {name, count, 0, block};
}

// The batches that map() returned, in order: a few numbers for each row, or sums over rows. A value.
class mapped_batches {
 public:
  void add(const noneq::batch& b) { all_.push_back(b); }

  // Returns one tensor of all batches, joined along the rows. Throws noneq::error when there was no batch.
  noneq::Tensor joined(const std::string& name) const {
    std::vector<noneq::Tensor> parts;
    for (const noneq::batch& b : all_) parts.push_back(b.at(name));
    if (parts.empty()) throw noneq::error("got no rows to measure, need at least one");
    return at::cat(parts);
  }
  // Returns the sum of one tensor over the batches, added in their order. Throws noneq::error when there was no batch.
  noneq::Tensor summed(const std::string& name) const {
    if (all_.empty()) throw noneq::error("got no rows to measure, need at least one");
    noneq::Tensor sum = at::zeros_like(all_.front().at(name));
    for (const noneq::batch& b : all_) sum = sum + b.at(name);
    return sum;
  }

 private:
  std::vector<noneq::batch> all_;
};

// Returns the results of map() for the batches of a pass.
inline mapped_batches mapped(const noneq::row_pass& pass, const noneq::row_request& rows,
                             const std::function<noneq::batch(noneq::batch)>& map) {
  mapped_batches all;
  pass(rows, map, [&](const noneq::batch& b) { all.add(b); });
  return all;
}

}
