// Consecutive rows of a table, kept compressed until they are needed. The first thread that needs them decompresses
// them, once; others wait for it, or decompress other rows in the meantime. Threads: any number.
#pragma once

#include <atomic>
#include <exception>
#include <memory>

#include "raw_rows.hpp"

namespace shipped {

class lazy_rows {
 public:
  explicit lazy_rows(raw_rows stored) : stored_(std::move(stored)) {}
  lazy_rows(const lazy_rows&) = delete;

  // Decompresses the rows unless another thread has begun to. Does not wait.
  void begin() const {
    int untouched = as_stored;
    if (state_.load(std::memory_order_acquire) != as_stored ||
        !state_.compare_exchange_strong(untouched, at_work, std::memory_order_acq_rel))
      return;
    try {
      rows_ = decode(stored_);
    } catch (...) {
      failed_ = std::current_exception();
    }
    stored_ = {};
    state_.store(done, std::memory_order_release);
    state_.notify_all();
  }

  // The rows [n, …]. Errors: a damaged chunk, for each thread that needs it.
  const noneq::Tensor& rows() const {
    begin();
    state_.wait(at_work, std::memory_order_acquire);
    if (failed_) std::rethrow_exception(failed_);
    return rows_;
  }

 private:
  enum : int { as_stored, at_work, done };
  mutable std::atomic<int> state_ = as_stored;
  // Written by the thread that set at_work, read by others after done.
  mutable raw_rows stored_;
  mutable noneq::Tensor rows_;
  mutable std::exception_ptr failed_;
};

// Some rows of a table, column by column, and their labels.
struct row_block {
  std::vector<std::shared_ptr<const lazy_rows>> columns;  // null for a column that is the same in all rows
  noneq::Tensor labels = {};                              // int64 [n], or undefined
};

}
