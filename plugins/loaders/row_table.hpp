// Datasets side by side, in one file or several, as one table of rows: a column for each dataset, aligned by row, and
// their labels. One thread at a time.
#pragma once

#include <algorithm>
#include <map>

#include "column.hpp"
#include "noneq/config/problems.hpp"
#include "noneq/core/dtype.hpp"

namespace shipped {

// Which datasets a table has, and how their numbers are read.
struct table_options {
  std::vector<std::pair<std::string, std::string>> read;  // name of the tensor and path of the dataset
  std::string labels = {};                                // path of a dataset of integers, or ""
  bool conventions = true;                                // whether the attributes of netCDF are honoured
  bool unwritten = false;                                 // whether numbers that were never written are allowed
};

class row_table {
 public:
  // Checks the layouts of all datasets in all files. Throws input_error with every problem.
  row_table(std::shared_ptr<const data_files> files, table_options of) : files_(std::move(files)), of_(std::move(of)) {
    auto named = of_.read;
    if (!of_.labels.empty()) named.emplace_back("label", of_.labels);
    noneq::config::problems found;
    layouts_of layouts(named.size());
    std::vector<std::vector<noneq::storage::number_meaning>> meanings(named.size());
    for (std::size_t c = 0; c < named.size(); ++c)
      for (std::size_t f = 0; f < files_->size(); ++f)
        found.guard([&] {
          const bool is_label = c >= of_.read.size();
          const auto reader = files_->reader(f);
          layouts[c].push_back(reader.layout(named[c].second));
          check_layout(f, named[c].second, layouts[c].front(), layouts[c].back());
          if (of_.conventions && f > 0) check_units(f, named[c].second);
          meanings[c].push_back(of_.conventions && !is_label ? noneq::storage::meaning_of(reader, named[c].second)
                                                             : noneq::storage::number_meaning{});
        });
    found.raise();
    firsts_ = first_rows(named, layouts, found);
    found.raise();
    for (std::size_t c = 0; c < named.size(); ++c) {
      std::vector<column::piece> pieces;
      for (std::size_t f = 0; f < files_->size(); ++f) {
        const std::int64_t rows = rows_of_file(f);
        pieces.push_back({firsts_[f], rows, whole(layouts, c) || layouts[c][f].shape[0] < rows, meanings[c][f]});
      }
      columns_.emplace_back(files_, named[c].first, named[c].second, layouts[c].front(), whole(layouts, c),
                            std::move(pieces));
    }
    if (!of_.labels.empty()) {
      labels_ = std::make_unique<column>(std::move(columns_.back()));
      columns_.pop_back();
    }
    for (const column& c : columns_)
      constants_.push_back(c.constant() ? decode(c.read(row_list(0, 1, 1))) : noneq::Tensor());
  }

  std::int64_t rows() const { return firsts_.back(); }
  std::size_t file_of(std::int64_t row) const {
    return static_cast<std::size_t>(std::upper_bound(firsts_.begin(), firsts_.end(), row) - firsts_.begin()) - 1;
  }
  std::int64_t rows_of_file(std::size_t f) const { return firsts_[f + 1] - firsts_[f]; }
  const std::vector<column>& columns() const { return columns_; }
  const column* labels() const { return labels_.get(); }  // null when there are none
  const data_files& files() const { return *files_; }
  // The one row [1, …] of a column that is the same in all rows; undefined for another.
  const noneq::Tensor& constant(std::size_t c) const { return constants_[c]; }

  // Returns the bytes that a row needs in memory, without the columns that are equal in all rows.
  std::int64_t row_bytes() const {
    std::int64_t bytes = 0;
    for (std::size_t c = 0; c < columns_.size(); ++c) bytes += constants_[c].defined() ? 0 : columns_[c].row_bytes();
    return std::max<std::int64_t>(1, bytes);
  }
  // The column that takes the most room, whose chunks decide how rows are best read.
  const column& widest() const {
    return *std::max_element(columns_.begin(), columns_.end(), [](const column& a, const column& b) {
      return (a.constant() ? 0 : a.row_bytes()) < (b.constant() ? 0 : b.row_bytes());
    });
  }

  // Returns rows of all columns, and the class numbers of their labels from 0 on, where those begin at first_class.
  row_block read(const row_list& rows, std::int64_t first_class) const {
    row_block b;
    for (std::size_t c = 0; c < columns_.size(); ++c)
      b.columns.push_back(constants_[c].defined() ? nullptr
                                                  : std::make_shared<const lazy_rows>(columns_[c].read(rows)));
    if (labels_) b.labels = classes(rows, first_class);
    return b;
  }
  noneq::Tensor classes(const row_list& rows, std::int64_t first_class) const {
    return decode(labels_->read(rows)).reshape({rows.count()}).to(at::kLong) - first_class;
  }

 private:
  void check_layout(std::size_t file, const std::string& dataset, const noneq::storage::dataset_layout& first,
                    const noneq::storage::dataset_layout& here) const {
    noneq::sizes need = first.shape;
    need[0] = here.shape[0];
    if (here.shape != need || here.dtype != first.dtype)
      throw noneq::error(c10::str(files_->where(file, dataset), " got ", noneq::to_string(here.shape), " of ",
                                  noneq::dtype_text(here.dtype), ", need rows like those of ",
                                  files_->where(0, dataset), ", ", noneq::to_string(first.shape), " of ",
                                  noneq::dtype_text(first.dtype)));
    if (!here.unwritten.empty() && !of_.unwritten)
      throw noneq::error(
          c10::str(files_->where(file, dataset), " ", here.unwritten, "; fill: allow reads its fill value there"));
  }

  // Numbers of one tensor are in one unit; times that count from different dates are not.
  void check_units(std::size_t file, const std::string& dataset) const {
    const auto first = files_->reader(0).attributes(dataset), here = files_->reader(file).attributes(dataset);
    for (const char* name : {"units", "calendar"}) {
      const auto need = first.find(name), got = here.find(name);
      if (need != first.end() && got != here.end() && need->second != got->second)
        throw noneq::error(c10::str(files_->where(file, dataset), " got ", name, " '", got->second, "', need '",
                                    need->second, "' as in ", files_->where(0, dataset)));
    }
  }

  using layouts_of = std::vector<std::vector<noneq::storage::dataset_layout>>;  // of each dataset in each file

  // Returns whether a dataset has the shape of one row of the first, as a map of the land has beside maps of each day.
  bool whole(const layouts_of& layouts, std::size_t c) const {
    const noneq::sizes &first = layouts[0][0].shape, &own = layouts[c][0].shape;
    return c > 0 && c < of_.read.size() && own[0] != first[0] && noneq::sizes(first.begin() + 1, first.end()) == own;
  }

  // Returns the number of the first row of each file, and behind them that of all rows. Each dataset has as many rows
  // as the first, or one.
  std::vector<std::int64_t> first_rows(const std::vector<std::pair<std::string, std::string>>& named,
                                       const layouts_of& layouts, noneq::config::problems& found) const {
    std::vector<std::int64_t> firsts = {0};
    for (std::size_t f = 0; f < files_->size(); ++f) {
      std::size_t by = 0;  // the dataset that has the rows: the first that has more than one
      while (by + 1 < of_.read.size() && layouts[by][f].shape[0] == 1) ++by;
      const std::int64_t rows = layouts[by][f].shape[0];
      for (std::size_t c = 0; c < named.size(); ++c) {
        const std::int64_t got = layouts[c][f].shape[0];
        const bool is_label = c >= of_.read.size();
        const bool as_one = whole(layouts, c) && layouts[c][f].shape == layouts[c][0].shape;
        if (as_one || (!whole(layouts, c) && (got == rows || (got == 1 && !is_label)))) continue;
        found.add(noneq::error(c10::str(files_->paths()[f].string(), ": ", is_label ? "labels" : "dataset", " '",
                                        named[c].second, "' got ", got, got == 1 ? " row" : " rows", ", need ", rows,
                                        ", one per row of '", named[by].second, "'",
                                        is_label ? "" : ", or one row for all of them")));
      }
      firsts.push_back(firsts.back() + rows);
    }
    return firsts;
  }

  const std::shared_ptr<const data_files> files_;
  const table_options of_;
  std::vector<column> columns_;
  std::vector<noneq::Tensor> constants_;
  std::unique_ptr<column> labels_;
  std::vector<std::int64_t> firsts_;  // the first row of each file, and behind them the number of all
};

}
