// The order in which training visits the rows of a file: blocks of consecutive rows are permuted, some of them at a
// time make a window, and the rows of a window are permuted again. A reader thus reads long stretches and holds one
// window, while every row comes once an epoch. A function of (stream, epoch, position) alone, in O(1) memory; one
// thread.
#pragma once

#include <optional>

#include "noneq/core/random.hpp"

namespace shipped {

class row_order {
 public:
  struct stretch {
    std::int64_t first, count;
  };
  struct window {
    std::int64_t epoch = -1, number = 0;
    std::int64_t first = 0, rows = 0;           // positions first … first+rows−1
    std::optional<noneq::stream> shuffle = {};  // of its rows
    bool holds(std::int64_t position) const { return epoch >= 0 && position >= first && position < first + rows; }
  };

  // Without a stream the rows come as they are stored.
  row_order(std::int64_t rows, std::int64_t block, std::int64_t blocks_per_window, std::optional<noneq::stream> shuffle)
      : rows_(rows),
        block_(std::min(block, rows)),
        blocks_((rows + block_ - 1) / block_),
        per_window_(blocks_per_window),
        shuffle_(shuffle) {}

  // Positions count on over the epochs: epoch e is rows·e … rows·(e+1)−1.
  window at(std::int64_t position) {
    window w{.epoch = position / rows_};
    find_short_block(w.epoch);
    const std::int64_t within = position % rows_;
    w.number = within / (per_window_ * block_);
    if (within >= start(w.number + 1)) ++w.number;
    w.first = w.epoch * rows_ + start(w.number);
    w.rows = start(w.number + 1) - start(w.number);
    if (shuffle_) w.shuffle = shuffle_->fork("rows").fork(w.epoch).fork(w.number);
    return w;
  }

  // The stretches of rows that make a window, in the order in which its slots count them.
  std::vector<stretch> stretches(const window& w) const {
    std::vector<stretch> all;
    for (std::int64_t k = w.number * per_window_; k < std::min((w.number + 1) * per_window_, blocks_); ++k) {
      const std::int64_t first = block_at(w.epoch, k) * block_;
      all.push_back({first, std::min(block_, rows_ - first)});
    }
    return all;
  }

  // The slot of the window in which the row of this position lies.
  static std::int64_t slot(const window& w, std::int64_t position) {
    const std::int64_t k = position - w.first;
    return w.shuffle ? noneq::permuted(*w.shuffle, k, w.rows) : k;
  }

 private:
  std::int64_t block_at(std::int64_t epoch, std::int64_t k) const {
    return shuffle_ ? noneq::permuted(shuffle_->fork("blocks").fork(epoch), k, blocks_) : k;
  }

  // The last block may be shorter than the others; where it falls shifts all windows behind it.
  void find_short_block(std::int64_t epoch) {
    if (epoch == epoch_) return;
    epoch_ = epoch;
    short_at_ = 0;
    while (block_at(epoch, short_at_) != blocks_ - 1) ++short_at_;
  }

  std::int64_t start(std::int64_t number) const {
    const std::int64_t before = std::min(number * per_window_, blocks_);
    return before * block_ - (short_at_ < before ? blocks_ * block_ - rows_ : 0);
  }

  std::int64_t rows_, block_, blocks_, per_window_;
  std::optional<noneq::stream> shuffle_;
  std::int64_t epoch_ = -1, short_at_ = 0;
};

}
