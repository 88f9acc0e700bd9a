// What is seen of a dataset's rows before anything is trained on them: the numbers between which they lie, whether
// the value that stands for "missing" is among them, and a checksum of some of them that tells one dataset from
// another. A value; one thread.
#pragma once

#include <cmath>
#include <functional>
#include <limits>

#include "noneq/storage/checkpoint.hpp"
#include "stored_rows.hpp"

namespace noneq {

// Rows first … first+rows−1 of a dataset, and of its labels.
struct dataset_part {
  std::string dataset, labels;
  std::int64_t first = 0, rows = 0;
};

class seen_rows {
 public:
  // fill: the values that stand for missing numbers.
  explicit seen_rows(std::vector<double> fill) : fill_(std::move(fill)) {}

  // Stored rows [n, …], the first of which is row `first`.
  void add(const Tensor& rows, std::int64_t first) {
    if (rows.numel() == 0) return;
    const bool narrow = rows.scalar_type() == at::kHalf || rows.scalar_type() == at::kBFloat16;
    const Tensor x = rows.scalar_type() == at::kBool ? rows.view(at::kByte) : narrow ? rows.to(at::kFloat) : rows;
    const auto [low, high] = at::aminmax(x);
    const double least = low.item<double>(), most = high.item<double>();  // not numbers where one of x is none
    if (std::isfinite(least) && std::isfinite(most)) {
      least_ = std::min(least_, least);
      most_ = std::max(most_, most);
    }
    for (const double value : fill_) {
      if (missing_row_ >= 0 || value < least || value > most) continue;
      const Tensor here = x.view({x.size(0), -1}).eq(value).any(1);
      if (!here.any().item<bool>()) continue;
      missing_row_ = first + here.nonzero()[0].item<std::int64_t>();
      missing_ = value;
    }
  }

  std::vector<double> range() const { return least_ <= most_ ? std::vector{least_, most_} : std::vector<double>{}; }
  std::int64_t missing_row() const { return missing_row_; }  // the first one seen; −1: none
  double missing() const { return missing_; }

 private:
  const std::vector<double> fill_;
  double least_ = std::numeric_limits<double>::infinity(), most_ = -least_, missing_ = 0;
  std::int64_t missing_row_ = -1;
};

// use(rows, number of the first) for blocks of a part, all of them or evenly spread ones of about `most_bytes`, the
// first and the last among them. Returns how many rows these are. Errors: rows that cannot be read.
inline std::int64_t visit_spread(const stored_rows& stored, const dataset_part& of, std::int64_t most_bytes,
                                 const std::function<void(const Tensor&, std::int64_t)>& use) {
  const std::int64_t block = stored.block(), blocks = (of.rows + block - 1) / block;
  const std::int64_t fitting = std::max<std::int64_t>(2, most_bytes / (block * stored.row_bytes()));
  const std::int64_t visited = std::min(blocks, fitting);
  std::int64_t seen = 0;
  for (std::int64_t j = 0; j < visited; ++j) {
    const std::int64_t at = visited == 1 ? 0 : j * (blocks - 1) / (visited - 1);
    const std::int64_t first = of.first + at * block, n = std::min(block, of.first + of.rows - first);
    use(stored.read(of.dataset, first, n), first);
    seen += n;
  }
  return seen;
}

}
