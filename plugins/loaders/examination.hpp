// Reads rows of a file before anything is trained on them, to find rows that cannot be trained on, and computes
// checksums that distinguish data. Pure but for reading; one thread.
#pragma once

#include <functional>
#include <map>

#include "noneq/core/dtype.hpp"
#include "noneq/core/random.hpp"
#include "noneq/core/stop.hpp"
#include "noneq/storage/checkpoint.hpp"
#include "reading_blocks.hpp"

namespace shipped {

// Rows of a part: column by column [n, …], without those that are the same in all rows, and class numbers.
struct read_rows {
  std::int64_t first, count;  // the number of the first in the part, and how many there are
  std::vector<noneq::Tensor> columns;
  noneq::Tensor labels;

  read_rows slice(std::int64_t begin, std::int64_t end) const {
    const auto cut = [&](const noneq::Tensor& t) { return t.defined() ? t.slice(0, begin, end) : t; };
    read_rows some{first + begin, end - begin, {}, cut(labels)};
    for (const noneq::Tensor& c : columns) some.columns.push_back(cut(c));
    return some;
  }
};

// Calls use(rows) for blocks of a part: all of them, or evenly spread ones of about `most_rows` rows, the first and the
// last among them. Returns the number of these rows. Errors: rows that cannot be read.
inline std::int64_t visit_spread(const table_part& of, std::int64_t first_class, std::int64_t block,
                                 std::int64_t most_rows, const std::function<void(const read_rows&)>& use) {
  const std::int64_t blocks = (of.count() + block - 1) / block;
  const std::int64_t fitting = std::max<std::int64_t>(2, most_rows / block);
  const std::int64_t visited = std::min(blocks, fitting);
  std::int64_t seen = 0;
  for (std::int64_t j = 0; j < visited; ++j) {
    const std::int64_t at = visited == 1 ? 0 : j * (blocks - 1) / (visited - 1);
    const std::int64_t first = at * block, n = std::min(block, of.count() - first);
    const row_block read = of.read(first, n, first_class);
    read_rows rows{first, n, {}, read.labels};
    for (const auto& c : read.columns) rows.columns.push_back(c ? c->rows() : noneq::Tensor());
    use(rows);
    seen += n;
  }
  return seen;
}

struct examination {
  std::string contents;  // a fingerprint of the parts: their rows' number, shape and type, and checksums of blocks
  std::string extent;    // how much was read, in words
};

// Called with the name of a part and some of its rows.
using row_check = std::function<void(const std::string& part, const read_rows& rows)>;

// Passes rows of every part once to `check`, which may throw: all rows where reading them takes a second or so, and for
// a trained model only those that the fingerprint needs. `block`: rows that are best read together. Errors: those of
// check; rows that cannot be read.
inline examination examine(const std::map<std::string, table_part>& parts, std::int64_t block, std::int64_t first_class,
                           bool trained, const row_check& check) {
  constexpr std::int64_t identified_bytes = std::int64_t{64} << 20, checked_bytes = std::int64_t{1} << 30;
  constexpr std::int64_t slice_numbers = std::int64_t{1} << 20;
  // The choice of rows for the fingerprint depends on their contents and on how far they lie apart, not on the chunks
  // they are stored in.
  constexpr std::int64_t identified_rows = 1024;
  std::uint64_t contents = 0;
  const auto add = [&](const std::string& text) { contents = noneq::stream(contents).fork(text).bits(0); };
  std::string unseen;
  for (const auto& [name, p] : parts) {
    const std::string& of_part = name;
    const std::vector<column>& columns = p.table->columns();
    const std::int64_t row_bytes = p.table->row_bytes();
    std::int64_t numbers = 1;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      numbers = std::max<std::int64_t>(numbers, c10::multiply_integers(columns[c].sample_shape()));
      add(c10::str(c == 0 ? name : columns[c].name(), ": ", p.count(), " rows like ",
                   noneq::to_string(columns[c].sample_shape()), " of ", noneq::dtype_text(columns[c].dtype())));
    }
    const std::int64_t slice = std::max<std::int64_t>(1, slice_numbers / numbers);
    const auto look = [&](const read_rows& rows) {
      noneq::stop_here_if_asked();
      for (std::int64_t k = 0; k < rows.count; k += slice)
        check(of_part, rows.slice(k, std::min(k + slice, rows.count)));
    };
    std::vector<std::uint32_t> of_columns(columns.size(), 0);
    std::uint32_t of_labels = 0;
    for (std::size_t c = 0; c < columns.size(); ++c)
      if (p.table->constant(c).defined()) of_columns[c] = noneq::storage::checksum(p.table->constant(c), 0);
    const bool whole = p.count() * row_bytes <= identified_bytes, again = !whole && !trained;
    // Bytes for each row of the part with the rows that lie between them, which are read too where chunks are large.
    const std::int64_t apart =
        row_bytes * (p.rows.is_run() ? 1 : std::max<std::int64_t>(1, p.table->rows() / p.count()));
    const std::int64_t identified =
        whole ? block : std::clamp<std::int64_t>(identified_bytes / 16 / apart, 1, identified_rows);
    std::int64_t rows = visit_spread(p, first_class, identified, whole ? INT64_MAX : identified_bytes / apart,
                                     [&](const read_rows& some) {
                                       if (!again) look(some);
                                       for (std::size_t c = 0; c < columns.size(); ++c)
                                         if (some.columns[c].defined())
                                           of_columns[c] = noneq::storage::checksum(some.columns[c], of_columns[c]);
                                       if (some.labels.defined())
                                         of_labels = noneq::storage::checksum(some.labels + first_class, of_labels);
                                     });
    add(c10::str(of_columns[0], " ", of_labels));
    for (std::size_t c = 1; c < columns.size(); ++c) add(c10::str(columns[c].name(), " ", of_columns[c]));
    if (again) rows = visit_spread(p, first_class, block, checked_bytes / chunked_rows(p).held, look);
    if (rows < p.count()) unseen += c10::str(unseen.empty() ? "" : " and ", rows, " of ", p.count(), " (", name, ")");
  }
  return {c10::str(std::hex, contents), unseen.empty()
                                            ? "all rows were looked at"
                                            : c10::str("rows looked at: ", unseen, "; the others when they are used")};
}

}
