// A dataset of equal layout in one or several files, seen as one column of a table: the rows of the files follow one
// another. Where a file has one row of it for many of the others', that row stands for all of them. One thread at a
// time.
#pragma once

#include <algorithm>

#include "data_files.hpp"
#include "lazy_rows.hpp"
#include "row_list.hpp"

namespace shipped {

// The largest amount of data in memory at once when it is not kept, whatever its size.
constexpr std::int64_t window_bytes = std::int64_t{32} << 20;

class column {
 public:
  // The rows of one file.
  struct piece {
    std::int64_t first, rows;  // of the table
    bool constant;             // one stored row stands for all, or the whole dataset does
    noneq::storage::number_meaning meaning;
  };

  // `like`: the layout in the first file. `whole`: the dataset is itself one row, [height, width] beside [N, height,
  // width].
  column(std::shared_ptr<const data_files> files, std::string name, std::string dataset,
         noneq::storage::dataset_layout like, bool whole, std::vector<piece> pieces)
      : files_(std::move(files)),
        name_(std::move(name)),
        dataset_(std::move(dataset)),
        like_(std::move(like)),
        whole_(whole),
        pieces_(std::move(pieces)) {
    dtype_ = like_.dtype;
    for (const piece& p : pieces_) {
      dtype_ = at::promoteTypes(dtype_, p.meaning.dtype(like_.dtype));
      may_miss_ = may_miss_ || !p.meaning.missing.empty();
    }
  }

  const std::string& name() const { return name_; }  // of the tensor
  const std::string& dataset() const { return dataset_; }
  at::ScalarType stored_dtype() const { return like_.dtype; }
  at::ScalarType dtype() const { return dtype_; }  // of the numbers that read() gives
  bool may_miss() const { return may_miss_; }      // whether NaN may stand for a number that was not observed
  noneq::sizes row_shape() const { return {like_.shape.begin() + (whole_ ? 0 : 1), like_.shape.end()}; }
  // The shape of a sample; rows that are single numbers make samples [1].
  noneq::sizes sample_shape() const { return row_shape().empty() ? noneq::sizes{1} : row_shape(); }
  std::int64_t row_bytes() const {
    return std::max<std::int64_t>(
        1, c10::multiply_integers(row_shape()) * static_cast<std::int64_t>(c10::elementSize(dtype_)));
  }
  std::int64_t chunk_rows() const { return whole_ || like_.chunk.empty() ? 0 : like_.chunk[0]; }  // 0: not in chunks
  const data_files& files() const { return *files_; }
  std::string where() const { return files_->where(dataset_); }

  // The place of a row of the table, for messages: its dataset, and its number there.
  std::pair<std::string, std::int64_t> place(std::int64_t row) const {
    const std::size_t k = piece_of(row);
    return {files_->where(k, dataset_), pieces_[k].constant ? 0 : row - pieces_[k].first};
  }

  // Returns whether one row stands for all rows of the table.
  bool constant() const { return pieces_.size() == 1 && pieces_[0].constant; }

  // Returns these rows as they are stored, to be decoded on any thread.
  raw_rows read(const row_list& rows) const {
    raw_rows r;
    r.rows = rows.count();
    r.dtype = dtype_;
    if (rows.is_run())
      add_run(r, rows.count() > 0 ? rows.at(0) : 0, rows.count());
    else
      add_chosen(r, rows);
    return r;
  }

  static noneq::Tensor as_samples(const noneq::Tensor& rows) { return rows.dim() == 1 ? rows.unsqueeze(1) : rows; }

 private:
  std::size_t piece_of(std::int64_t row) const {
    const auto next = std::upper_bound(pieces_.begin(), pieces_.end(), row,
                                       [](std::int64_t r, const piece& p) { return r < p.first; });
    return static_cast<std::size_t>(next - pieces_.begin()) - 1;
  }

  // Rows first … first+count−1 of the table, all of one piece.
  raw_rows::span span_of(std::size_t k, std::int64_t first, std::int64_t count) const {
    const piece& p = pieces_[k];
    const std::int64_t stored = whole_ ? like_.shape[0] : p.constant ? std::min<std::int64_t>(count, 1) : count;
    raw_rows::span s{noneq::storage::read_raw(files_->reader(k), dataset_, p.constant ? 0 : first - p.first, stored),
                     p.meaning};
    s.whole = whole_;
    return s;
  }

  void add_run(raw_rows& r, std::int64_t first, std::int64_t count) const {
    std::int64_t at = first;
    do {
      const std::size_t k = piece_of(at);
      const std::int64_t n = std::min(count - (at - first), pieces_[k].first + pieces_[k].rows - at);
      raw_rows::span s = span_of(k, at, n);
      s.begin = at - first, s.count = n;
      r.spans.push_back(std::move(s));
      at += n;
    } while (at < first + count);
  }

  // Rows that lie in one chunk are read together, and so are those that follow one another.
  void add_chosen(raw_rows& r, const row_list& rows) const {
    std::vector<std::pair<std::int64_t, std::int64_t>> by_row;  // row of the table, row of the result
    for (std::int64_t k = 0; k < rows.count(); ++k) by_row.emplace_back(rows.at(k), k);
    std::sort(by_row.begin(), by_row.end());
    const std::int64_t chunk = std::max<std::int64_t>(1, chunk_rows());
    for (std::size_t begin = 0, end; begin < by_row.size(); begin = end) {
      const std::size_t k = piece_of(by_row[begin].first);
      const piece& p = pieces_[k];
      const auto near = [&](std::int64_t row, std::int64_t other) {
        return other < p.first + p.rows &&
               (p.constant || other - row <= 1 || (other - p.first) / chunk == (row - p.first) / chunk);
      };
      for (end = begin + 1; end < by_row.size() && near(by_row[end - 1].first, by_row[end].first);) ++end;
      const std::int64_t first = by_row[begin].first, count = by_row[end - 1].first - first + 1;
      raw_rows::span s = span_of(k, first, count);
      std::vector<std::int64_t> from, to;
      for (std::size_t i = begin; i < end; ++i) from.push_back(by_row[i].first - first), to.push_back(by_row[i].second);
      if (!p.constant) s.from = at::tensor(from, at::kLong);
      s.to = at::tensor(to, at::kLong);
      r.spans.push_back(std::move(s));
    }
  }

  std::shared_ptr<const data_files> files_;
  std::string name_, dataset_;
  noneq::storage::dataset_layout like_;
  bool whole_;
  std::vector<piece> pieces_;  // one for each file
  at::ScalarType dtype_;
  bool may_miss_ = false;
};

}
