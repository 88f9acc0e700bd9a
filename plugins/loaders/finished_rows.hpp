// Rows of a table as a loader gives them: x0 with NaN where a number was not observed, and the fields beside it.
// Refuses numbers that nothing can be learned from, naming the row. Const use is thread-safe.
#pragma once

#include <cmath>
#include <limits>

#include "../row_checks.hpp"
#include "noneq/plugin.hpp"
#include "table_parts.hpp"

namespace shipped {

class finished_rows {
 public:
  // The columns of all parts are those of `table`; nan_is_missing: whether NaN stands for a number that was not
  // observed.
  finished_rows(const row_table& table, const std::map<std::string, table_part>& parts, bool nan_is_missing) {
    for (std::size_t c = 0; c < table.columns().size(); ++c) {
      const column& of = table.columns()[c];
      if (of.name() == "x0") x0_ = c;
      const bool filled = std::any_of(parts.begin(), parts.end(),
                                      [&](const auto& p) { return p.second.table->columns()[c].may_miss(); });
      missing_.push_back(filled || (nan_is_missing && c10::isFloatingType(of.dtype())));
    }
    for (std::size_t c = 0; x0_ && c < table.columns().size(); ++c)
      if (table.columns()[c].name() == "mask") mask_ = c;
    if (mask_) need_mask(table);
  }

  bool has_x0() const { return x0_.has_value(); }

  // Adds the data to `info`: shape, numbers, missing, fields, and where they are stored.
  void describe(const row_table& table, noneq::dataset_info& info) const {
    info.has_x0 = has_x0();
    if (!has_x0()) info.shape = {1};
    for (std::size_t c = 0; c < table.columns().size(); ++c) {
      const column& of = table.columns()[c];
      const noneq::stored_place place{table.files().paths(), of.dataset()};
      if (c == x0_) {
        info.shape = of.sample_shape();
        info.numbers = mask_ ? masked_type(of.dtype()) : of.dtype();
        info.missing = missing_[c] || mask_;
        info.stored = place;
      } else if (c != mask_) {
        info.fields[of.name()] = {of.sample_shape(), of.dtype(), {}, missing_[c], place};
      }
    }
  }

  // Returns the batch with these rows of a part, column by column; "row" has their numbers in the part's table.
  noneq::batch operator()(noneq::batch b, const std::vector<noneq::Tensor>& columns, const row_table& table) const {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (c == mask_) continue;
      noneq::Tensor rows = column::as_samples(columns[c]);
      if (c == x0_ && mask_) rows = masked(rows, columns[*mask_], b.at("row"), table);
      const bool kept = missing_[c] || (c == x0_ && mask_);
      refuse(rows, b.at("row"), table.columns()[c], kept ? missing_numbers::kept : missing_numbers::refused);
      b.set(table.columns()[c].name(), rows);
    }
    return b;
  }

  // Returns why these rows cannot be trained on: one of them has no observed number. "" when all can be.
  std::string untrainable(const noneq::batch& b, const row_table& table) const {
    if (!x0_ || !(missing_[*x0_] || mask_) || b.size() == 0) return "";
    const noneq::Tensor empty = b.at("x0").isnan().flatten(1).all(1);
    if (!empty.any().item<bool>()) return "";
    const auto [where, row] =
        table.columns()[*x0_].place(b.at("row")[empty.nonzero()[0].item<std::int64_t>()].item<std::int64_t>());
    return c10::str(where, " has no observed number in row ", row,
                    ", need one in each row that is trained on; leave such rows out by rows");
  }

 private:
  static at::ScalarType masked_type(at::ScalarType numbers) {
    if (c10::isFloatingType(numbers)) return numbers;
    return numbers == at::kLong || numbers == at::kInt ? at::kDouble : at::kFloat;
  }

  // A mask broadcasts to a row of the data.
  void need_mask(const row_table& table) const {
    const column &x = table.columns()[*x0_], &m = table.columns()[*mask_];
    if (!at::is_expandable_to(m.sample_shape(), x.sample_shape()))
      throw noneq::error(c10::str(m.where(), " got masks ", noneq::to_string(m.sample_shape()), " for rows ",
                                  noneq::to_string(x.sample_shape()), " of '", x.dataset(),
                                  "', need a shape that broadcasts to these"));
  }

  noneq::Tensor masked(const noneq::Tensor& x, const noneq::Tensor& stored_mask, const noneq::Tensor& rows,
                       const row_table& table) const {
    noneq::Tensor mask = column::as_samples(stored_mask);
    const noneq::Tensor observed = mask.ne(0), wrong = observed.logical_and(mask.ne(1));
    if (wrong.any().item<bool>()) {
      const auto k = wrong.flatten(1).any(1).nonzero()[0].item<std::int64_t>();
      const auto [where, row] = table.columns()[*mask_].place(rows[k].item<std::int64_t>());
      throw noneq::error(c10::str(where, " got ", mask[k].masked_select(wrong[k])[0].item<double>(), " in row ", row,
                                  ", need a mask of 1, where the number was observed, and 0"));
    }
    noneq::sizes shape(static_cast<std::size_t>(x.dim() - mask.dim()), 1);  // rows first, then as a row broadcasts
    shape.insert(shape.begin(), mask.size(0));
    shape.insert(shape.end(), mask.sizes().begin() + 1, mask.sizes().end());
    return x.to(masked_type(x.scalar_type()))
        .masked_fill(observed.view(shape).logical_not(), std::numeric_limits<double>::quiet_NaN());
  }

  static void refuse(const noneq::Tensor& x, const noneq::Tensor& rows, const column& of, missing_numbers missing) {
    if (of.files().size() == 1) return refuse_infinite(x, rows, of.where(), missing);
    try {
      refuse_infinite(x, rows, of.where(), missing);
    } catch (const noneq::error&) {  // named by its own file
      for (std::int64_t k = 0; k < x.size(0); ++k) {
        const auto [where, row] = of.place(rows[k].item<std::int64_t>());
        refuse_infinite(x.narrow(0, k, 1), at::full({1}, row, at::kLong), where, missing);
      }
      throw;
    }
  }

  std::optional<std::size_t> x0_, mask_;  // numbers of columns
  std::vector<bool> missing_;             // whether NaN may stand in a column
};

}
