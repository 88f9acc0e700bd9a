// Rows of a part in order. Stretches of rows that share a chunk and were read last are kept, because metrics request
// few rows at a time. One thread reads; the functions that it returns may be called concurrently.
#pragma once

#include <deque>
#include <functional>

#include "reading_blocks.hpp"

namespace shipped {

class recent_rows {
 public:
  explicit recent_rows(std::int64_t first_class) : first_class_(first_class) {}

  struct some {
    std::function<std::vector<noneq::Tensor>()> columns;  // [n, …]; undefined for one that is the same in all rows
    noneq::Tensor labels;                                 // int64 [n], or undefined
  };

  some read(const std::string& part, const table_part& of, std::int64_t first, std::int64_t count) {
    const auto [stretch, held] = chunked_rows(of);
    if (of.table->widest().chunk_rows() == 0 || count == 0 || stretch * held > window_bytes)
      return joined({std::make_shared<const row_block>(of.read(first, count, first_class_))}, 0, count);
    // Stretches begin where chunks do, as far as the part's rows follow one another.
    const std::int64_t shift = of.rows.is_run() ? of.rows.at(0) % stretch : 0;
    std::vector<std::shared_ptr<const row_block>> parts;
    const std::int64_t from = (first + shift) / stretch * stretch - shift;
    for (std::int64_t at = from; at < first + count; at += stretch) {
      const std::int64_t begin = std::max<std::int64_t>(0, at);
      parts.push_back(recent(part, of, begin, std::min(at + stretch, of.count()) - begin, held));
    }
    return joined(parts, first - std::max<std::int64_t>(0, from), count);
  }

 private:
  static some joined(const std::vector<std::shared_ptr<const row_block>>& parts, std::int64_t begin,
                     std::int64_t count) {
    const auto cut = [begin, count](const std::vector<noneq::Tensor>& all) {
      std::vector<noneq::Tensor> rows;
      std::int64_t skipped = begin, left = count;
      for (const noneq::Tensor& each : all) {
        rows.push_back(each.slice(0, skipped, skipped + left));
        skipped = 0;
        left -= rows.back().size(0);
      }
      return rows.size() == 1 ? rows[0] : at::cat(rows);
    };
    some s;
    if (parts.front()->labels.defined()) {
      std::vector<noneq::Tensor> labels;
      for (const auto& p : parts) labels.push_back(p->labels);
      s.labels = cut(labels);
    }
    s.columns = [parts, cut] {
      std::vector<noneq::Tensor> columns(parts.front()->columns.size());
      for (std::size_t c = 0; c < columns.size(); ++c) {
        if (!parts.front()->columns[c]) continue;
        for (const auto& p : parts) p->columns[c]->begin();
        std::vector<noneq::Tensor> rows;
        for (const auto& p : parts) rows.push_back(p->columns[c]->rows());
        columns[c] = cut(rows);
      }
      return columns;
    };
    return s;
  }

  // `held`: bytes in memory for each row.
  std::shared_ptr<const row_block> recent(const std::string& part, const table_part& of, std::int64_t first,
                                          std::int64_t count, std::int64_t held) {
    for (const kept& k : all_)
      if (k.first == first && k.part == part) return k.rows;
    const auto most =
        static_cast<std::size_t>(std::max<std::int64_t>(1, window_bytes / std::max<std::int64_t>(1, count * held)));
    while (all_.size() >= std::min<std::size_t>(most, 64)) all_.pop_front();
    all_.push_back({part, first, std::make_shared<const row_block>(of.read(first, count, first_class_))});
    return all_.back().rows;
  }

  struct kept {
    std::string part;
    std::int64_t first;
    std::shared_ptr<const row_block> rows;
  };

  const std::int64_t first_class_;
  std::deque<kept> all_;  // the latest last
};

}
