// The rows of a table that a dataset chooses, in each file its own: a mask, or a list of row numbers. One thread.
#pragma once

#include "row_table.hpp"

namespace shipped {

// Returns the dataset of row numbers or booleans in a file, [k]. Throws noneq::error about `rows` when it is neither.
inline noneq::Tensor stored_choice(const row_table& table, std::size_t file, const std::string& dataset) {
  const auto reader = table.files().reader(file);
  const auto layout = reader.layout(dataset);
  const std::string where = table.files().where(file, dataset);
  if (layout.shape.size() != 1)
    throw noneq::error(where + " got shape " + noneq::to_string(layout.shape) + ", need one dimension", "rows");
  if (!at::isIntegralType(layout.dtype, true))
    throw noneq::error(
        where + " got numbers of type " + noneq::dtype_text(layout.dtype) + ", need booleans, or row numbers", "rows");
  if (const std::int64_t rows = table.rows_of_file(file); layout.dtype == at::kBool && layout.shape[0] != rows)
    throw noneq::error(c10::str(where, " got ", layout.shape[0], " rows, need ", rows, ", one per row"), "rows");
  return reader.rows(dataset, 0, layout.shape[0]);
}

// Returns whether integers are masks, as netCDF, which has no booleans, stores them: 0 or 1 for each row of every file.
// As numbers they would name the first two rows again and again; files of one or two rows alone leave that open.
inline bool are_masks(const row_table& table, const std::vector<noneq::Tensor>& choices) {
  bool open = true;
  for (std::size_t f = 0; f < choices.size(); ++f) {
    const noneq::Tensor& c = choices[f];
    const std::int64_t rows = table.rows_of_file(f);
    if (c.size(0) != rows || c.ne(0).logical_and(c.ne(1)).any().item<bool>()) return false;
    open = open && rows <= 2;
  }
  return !open;
}

// Returns the rows of the table. Throws noneq::error about `rows`.
inline std::vector<std::int64_t> listed_rows(const row_table& table, const std::string& dataset) {
  std::vector<noneq::Tensor> choices;
  for (std::size_t f = 0; f < table.files().size(); ++f) choices.push_back(stored_choice(table, f, dataset));
  const bool masks = are_masks(table, choices);
  std::vector<std::int64_t> chosen;
  std::int64_t first = 0;
  for (std::size_t f = 0; f < choices.size(); ++f) {
    const bool mask = masks || choices[f].scalar_type() == at::kBool;
    const noneq::Tensor numbers = (mask ? choices[f].nonzero().flatten() : choices[f].to(at::kLong)).contiguous();
    const std::int64_t rows = table.rows_of_file(f);
    for (std::int64_t k = 0; k < numbers.size(0); ++k) {
      const std::int64_t row = numbers.data_ptr<std::int64_t>()[k];
      if (row < 0 || row >= rows)
        throw noneq::error(c10::str(table.files().where(f, dataset), " got ", row, " in row ", k,
                                    ", need row numbers from 0 to ", rows - 1),
                           "rows");
      chosen.push_back(first + row);
    }
    first += rows;
  }
  return chosen;
}

}
