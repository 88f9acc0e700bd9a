// Blocks of consecutive rows: those that a window of positions needs, or all of them for good where the dataset is
// small. One thread holds windows; any number of threads may gather the rows it picked, also after the next window is
// held.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>

#include "lazy_rows.hpp"
#include "row_order.hpp"

namespace shipped {

class kept_blocks {
 public:
  using reader = std::function<row_block(const row_order::stretch&)>;

 private:
  struct place {
    row_block kept;
    std::int64_t first_row, first_slot;
  };
  using window = std::vector<place>;  // by the first slot

 public:
  // Rows at some slots of a window, which keep its blocks alive.
  class picked {
   public:
    picked(std::shared_ptr<const window> held, std::vector<std::int64_t> slots)
        : held_(std::move(held)), slots_(std::move(slots)) {
      for (const std::int64_t slot : slots_)
        places_.push_back(&*std::prev(std::upper_bound(
            held_->begin(), held_->end(), slot, [](std::int64_t s, const place& p) { return s < p.first_slot; })));
    }
    std::size_t size() const { return slots_.size(); }

    // Writes the numbers of the rows, and their labels unless `labels` is null.
    void number(std::int64_t* numbers, std::int64_t* labels) const {
      for (std::size_t i = 0; i < slots_.size(); ++i) {
        numbers[i] = places_[i]->first_row + within(i);
        if (labels != nullptr) labels[i] = places_[i]->kept.labels.data_ptr<std::int64_t>()[within(i)];
      }
    }
    // Returns the rows [n, …] of a column. Threads that gather from one block share the work of decompressing it.
    noneq::Tensor gather(std::size_t column = 0) const {
      for (const place* p : places_) p->kept.columns[column]->begin();
      const noneq::Tensor& like = places_.front()->kept.columns[column]->rows();
      noneq::sizes shape = like.sizes().vec();
      shape[0] = static_cast<std::int64_t>(slots_.size());
      const noneq::Tensor out = at::empty(shape, like.scalar_type());
      const auto row_bytes = static_cast<std::size_t>(like.nbytes()) / static_cast<std::size_t>(like.size(0));
      auto* to = static_cast<char*>(out.data_ptr());
      for (std::size_t i = 0; i < slots_.size(); ++i, to += row_bytes)
        std::memcpy(to,
                    static_cast<const char*>(places_[i]->kept.columns[column]->rows().data_ptr()) +
                        static_cast<std::size_t>(within(i)) * row_bytes,
                    row_bytes);
      return out;
    }

   private:
    std::int64_t within(std::size_t i) const { return slots_[i] - places_[i]->first_slot; }

    std::shared_ptr<const window> held_;
    std::vector<std::int64_t> slots_;
    std::vector<const place*> places_;
  };

  // for_good: whether blocks are kept that the window at hand does not need.
  explicit kept_blocks(bool for_good) : for_good_(for_good) {}

  // Holds the window that these stretches of rows make; slots count their rows on from one to the next.
  void hold(const std::vector<row_order::stretch>& stretches, const reader& read) {
    held_.reset();
    if (!for_good_) all_.clear();
    window next;
    std::int64_t first_slot = 0;
    for (const row_order::stretch& s : stretches) {
      auto known = all_.find(s.first);
      if (known == all_.end()) known = all_.emplace(s.first, read(s)).first;
      next.push_back({known->second, s.first, first_slot});
      first_slot += s.count;
    }
    held_ = std::make_shared<const window>(std::move(next));
  }

  picked pick(std::vector<std::int64_t> slots) const { return {held_, std::move(slots)}; }

 private:
  bool for_good_;
  std::map<std::int64_t, row_block> all_;  // by the first row
  std::shared_ptr<const window> held_;
};

}
