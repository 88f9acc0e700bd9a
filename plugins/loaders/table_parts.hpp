// The parts of stored data: the rows to train on, and those of validation and test, which are other datasets, other
// files, or shares of the rows. One thread at a time.
#pragma once

#include "hdf5_options.hpp"
#include "listed_rows.hpp"
#include "row_table.hpp"

namespace shipped {

// Some rows of a table, in order.
struct table_part {
  std::shared_ptr<const row_table> table;
  row_list rows;
  std::string where;  // for messages: "a.h5: dataset 'x'"

  std::int64_t count() const { return rows.count(); }
  row_block read(std::int64_t first, std::int64_t count, std::int64_t first_class) const {
    return table->read(rows.part(first, count), first_class);
  }
};

// A number in [0, 1) for each row, which depends on the number of the row alone.
inline double place_of_row(std::int64_t row) {
  static const noneq::stream places = noneq::stream(0).fork("split");
  return static_cast<double>(places.bits(static_cast<std::uint64_t>(row)) >> 11) * 0x1p-53;
}

class parts_reader {
 public:
  explicit parts_reader(const hdf5_options& of) : of_(of) {}

  // "train" and, as far as there are such, "validation" and "test". Throws noneq::error or input_error.
  std::map<std::string, table_part> open() {
    const auto files = std::make_shared<const data_files>(of_.all_files(), of_.file.empty() ? "files" : "file");
    const auto table = std::make_shared<const row_table>(files, options(of_.read_datasets(), of_.labels));
    const row_list chosen = chosen_rows(*table);
    std::map<std::string, table_part> parts;
    const auto add = [&](const std::string& name, const std::shared_ptr<const row_table>& of, const row_list& rows) {
      parts[name] = {of, rows, of->columns().front().where()};
    };
    if (of_.held_out > 0 || of_.test_share > 0) {
      for (auto& [name, rows] : of_.split == "hash" ? shares_by_hash(chosen) : last_shares(chosen))
        add(name, table, rows);
    } else {
      add("train", table, chosen);
    }
    for (const auto& [name, datasets, labels, others] :
         {std::tuple("validation", of_.validation, of_.validation_labels, of_.validation_files),
          std::tuple("test", of_.test, of_.test_labels, of_.test_files)}) {
      if (datasets.empty() && others.empty()) continue;
      const bool same = datasets.empty();
      const auto apart = std::make_shared<const row_table>(
          others.empty() ? files : std::make_shared<const data_files>(others, std::string(name) + "_files"),
          options(same ? of_.read_datasets() : hdf5_options::in_order(datasets), same ? of_.labels : labels));
      need_alike(*table, *apart);
      add(name, apart, row_list::all(apart->rows()));
    }
    return parts;
  }

 private:
  table_options options(std::vector<std::pair<std::string, std::string>> read, std::string labels) const {
    return {std::move(read), std::move(labels), of_.conventions == "netcdf", of_.fill == "allow"};
  }

  static void need_alike(const row_table& table, const row_table& other) {
    for (std::size_t c = 0; c < table.columns().size(); ++c) {
      const column &a = table.columns()[c], &b = other.columns()[c];
      noneq::sizes got{other.rows()}, need{table.rows()};
      for (const std::int64_t n : a.row_shape()) need.push_back(n);
      for (const std::int64_t n : b.row_shape()) got.push_back(n);
      if (a.row_shape() != b.row_shape() || a.stored_dtype() != b.stored_dtype() || a.dtype() != b.dtype())
        throw noneq::error(c10::str(b.where(), " got ", noneq::to_string(got), " of ", noneq::dtype_text(b.dtype()),
                                    ", need rows like those of '", a.dataset(), "', ", noneq::to_string(need), " of ",
                                    noneq::dtype_text(a.dtype())));
    }
  }

  // The rows of the table that `rows` chooses.
  row_list chosen_rows(const row_table& table) const {
    if (of_.rows.empty()) return row_list::all(table.rows());
    const auto slice = sliced(of_.rows, table.rows());
    const row_list chosen = slice ? *slice : row_list(listed_rows(table, of_.rows));
    if (chosen.count() == 0)
      throw noneq::error(c10::str("got '", of_.rows, "', which chooses none of the ", table.rows(), " rows"), "rows");
    if (!slice && (of_.held_out > 0 || of_.test_share > 0)) need_different(chosen);
    return chosen;
  }

  // Throws noneq::error when a row comes twice: it could be trained on and measured on.
  void need_different(const row_list& chosen) const {
    std::vector<std::int64_t> rows;
    for (std::int64_t k = 0; k < chosen.count(); ++k) rows.push_back(chosen.at(k));
    std::sort(rows.begin(), rows.end());
    if (const auto twice = std::adjacent_find(rows.begin(), rows.end()); twice != rows.end())
      throw noneq::error(c10::str("got row ", *twice, " of '", of_.rows, "' twice beside ",
                                  of_.held_out > 0 ? "held_out" : "test_share",
                                  ", need each row once, so that none is both trained on and measured on"),
                         "rows");
  }

  using shares = std::map<std::string, row_list>;

  // The rows to train on, then those of validation, then those of the test.
  shares last_shares(const row_list& rows) const {
    const std::int64_t n = rows.count(), held = count_of("held_out", of_.held_out, n, n),
                       tested = count_of("test_share", of_.test_share, n, n - held);
    shares all{{"train", rows.part(0, n - held - tested)}};
    if (held > 0) all["validation"] = rows.part(n - held - tested, held);
    if (tested > 0) all["test"] = rows.part(n - tested, tested);
    return all;
  }

  static std::int64_t count_of(const char* parameter, double share, std::int64_t rows, std::int64_t left) {
    const std::int64_t held = std::llround(share * static_cast<double>(rows));
    if (share > 0 && (held == 0 || held >= left))
      throw noneq::error(c10::str(parameter, " got ", share, " of ", rows, rows == 1 ? " row" : " rows",
                                  ", which leaves ", held == 0 ? "none to measure on" : "none to train on",
                                  rows > 1
                                      ? c10::str("; need ", 1. / static_cast<double>(rows), " or more, and a row left")
                                      : c10::str("; need more rows, or ", parameter, ": 0")));
    return held;
  }

  shares shares_by_hash(const row_list& rows) const {
    std::map<std::string, std::vector<std::int64_t>> entries;
    for (std::int64_t k = 0; k < rows.count(); ++k) {
      const double at = place_of_row(rows.at(k));
      entries[at < of_.test_share ? "test" : at < of_.test_share + of_.held_out ? "validation" : "train"].push_back(k);
    }
    shares all;
    for (const auto& [name, share, parameter] :
         {std::tuple("train", 1., "held_out"), std::tuple("validation", of_.held_out, "held_out"),
          std::tuple("test", of_.test_share, "test_share")}) {
      if (share == 0) continue;
      if (entries[name].empty())
        throw noneq::error(
            c10::str("got ", parameter == std::string("held_out") ? of_.held_out : of_.test_share, " of ", rows.count(),
                     " rows, which leaves none for ", name, " by their hash; need more rows"),
            parameter);
      all[name] = rows.entries(entries[name]);
    }
    return all;
  }

  const hdf5_options& of_;
};

}
