// Blocks of consecutive rows in memory: those that are asked for together, or for good where the whole dataset is
// small. One thread.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>

#include "row_order.hpp"

namespace noneq {

class kept_blocks {
 public:
  struct block {
    Tensor rows, labels;  // [n, …] as stored, and int64 [n] or undefined
  };
  using reader = std::function<block(const row_order::stretch&)>;

  // for_good: whether blocks are kept that are not asked for.
  explicit kept_blocks(bool for_good) : for_good_(for_good) {}

  // Brings these stretches of rows into memory; slots count their rows on from one to the next.
  void hold(const std::vector<row_order::stretch>& stretches, const reader& read) {
    held_.clear();
    if (!for_good_) all_.clear();
    std::int64_t first_slot = 0;
    for (const row_order::stretch& s : stretches) {
      auto known = all_.find(s.first);
      if (known == all_.end()) known = all_.emplace(s.first, read(s)).first;
      held_.push_back({known->second, s.first, first_slot});
      first_slot += s.count;
    }
  }

  // What lies at these slots, and the numbers of the rows.
  struct gathered {
    Tensor rows, labels, numbers;
  };
  gathered gather(const std::vector<std::int64_t>& slots) const {
    const block& like = held_.front().kept;
    sizes shape = like.rows.sizes().vec();
    shape[0] = static_cast<std::int64_t>(slots.size());
    gathered out{at::empty(shape, like.rows.scalar_type()), {}, at::empty({shape[0]}, at::kLong)};
    if (like.labels.defined()) out.labels = at::empty({shape[0]}, at::kLong);
    const auto row_bytes = static_cast<std::size_t>(like.rows.nbytes()) / static_cast<std::size_t>(like.rows.size(0));
    auto* to = static_cast<char*>(out.rows.data_ptr());
    for (std::size_t i = 0; i < slots.size(); ++i, to += row_bytes) {
      const place& p = place_of(slots[i]);
      const std::int64_t at = slots[i] - p.first_slot;
      std::memcpy(to, static_cast<const char*>(p.kept.rows.data_ptr()) + static_cast<std::size_t>(at) * row_bytes,
                  row_bytes);
      out.numbers.data_ptr<std::int64_t>()[i] = p.first_row + at;
      if (out.labels.defined()) out.labels.data_ptr<std::int64_t>()[i] = p.kept.labels.data_ptr<std::int64_t>()[at];
    }
    return out;
  }

 private:
  struct place {
    block kept;
    std::int64_t first_row, first_slot;
  };

  const place& place_of(std::int64_t slot) const {
    return *std::prev(std::upper_bound(held_.begin(), held_.end(), slot,
                                       [](std::int64_t s, const place& p) { return s < p.first_slot; }));
  }

  bool for_good_;
  std::map<std::int64_t, block> all_;  // by the first row
  std::vector<place> held_;            // by the first slot
};

}
