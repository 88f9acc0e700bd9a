// Reads rows of a file before anything is trained on them, to find rows that cannot be trained on, and computes
// checksums that distinguish datasets. Pure but for reading; one thread.
#pragma once

#include <functional>
#include <map>

#include "noneq/core/dtype.hpp"
#include "noneq/core/random.hpp"
#include "noneq/core/stop.hpp"
#include "noneq/storage/checkpoint.hpp"
#include "seen_rows.hpp"
#include "stored_rows.hpp"

namespace shipped {

// Rows first … first+rows−1 of a dataset, and of its labels.
struct dataset_part {
  std::string dataset, labels;
  std::int64_t first = 0, rows = 0;
};

// Calls use(rows, number of the first) for blocks of a part: all of them, or evenly spread ones of about `most_bytes`,
// the first and the last among them. Returns the number of these rows. Errors: rows that cannot be read.
inline std::int64_t visit_spread(const stored_rows& stored, const dataset_part& of, std::int64_t block,
                                 std::int64_t most_bytes,
                                 const std::function<void(const noneq::Tensor&, std::int64_t)>& use) {
  const std::int64_t blocks = (of.rows + block - 1) / block;
  const std::int64_t fitting = std::max<std::int64_t>(2, most_bytes / (block * stored.row_bytes()));
  const std::int64_t visited = std::min(blocks, fitting);
  std::int64_t seen = 0;
  for (std::int64_t j = 0; j < visited; ++j) {
    const std::int64_t at = visited == 1 ? 0 : j * (blocks - 1) / (visited - 1);
    const std::int64_t first = of.first + at * block, n = std::min(block, of.first + of.rows - first);
    use(stored.read(of.dataset, first, n), first);
    seen += n;
  }
  return seen;
}

struct examination {
  std::string contents;  // a fingerprint of the parts: their rows' number, shape and type, and checksums of blocks
  std::string extent;    // how much was read, in words
};

// Called with the name of a part, some of its stored rows, and the number of the first in their dataset.
using row_check = std::function<void(const std::string& part, const noneq::Tensor& rows, std::int64_t first)>;

// Passes rows of every part to `seen` and each of them once to `check`, which may throw: all rows where reading them
// takes a second or so, and for a trained model only those that the fingerprint needs. Errors: those of check; rows
// that cannot be read.
inline examination examine(const stored_rows& stored, const std::map<std::string, dataset_part>& parts, bool trained,
                           seen_rows& seen, const row_check& check) {
  constexpr std::int64_t identified_bytes = std::int64_t{64} << 20, checked_bytes = std::int64_t{1} << 30;
  constexpr std::int64_t slice_numbers = std::int64_t{1} << 20;
  const std::int64_t numbers = std::max<std::int64_t>(1, c10::multiply_integers(stored.sample_shape()));
  const std::int64_t slice = std::max<std::int64_t>(1, slice_numbers / numbers);
  // The choice of rows for the fingerprint depends on their contents alone, not on the chunks they are stored in.
  constexpr std::int64_t identified_rows = 1024;
  std::uint64_t contents = 0;
  const auto add = [&](const std::string& text) { contents = noneq::stream(contents).fork(text).bits(0); };
  std::string unseen;
  for (const auto& [name, of] : parts) {
    const dataset_part& p = of;
    const std::string& of_part = name;
    add(c10::str(name, ": ", p.rows, " rows like ", noneq::to_string(stored.sample_shape()), " of ",
                 noneq::dtype_text(stored.layout().dtype)));
    const auto look = [&](const noneq::Tensor& rows, std::int64_t first) {
      noneq::stop_here_if_asked();
      seen.add(rows, first);
      for (std::int64_t k = 0; k < rows.size(0); k += slice) check(of_part, rows.slice(0, k, k + slice), first + k);
    };
    std::uint32_t of_rows = 0, of_labels = 0;
    const bool whole = p.rows * stored.row_bytes() <= identified_bytes, again = !whole && !trained;
    const auto identify = [&](const noneq::Tensor& rows, std::int64_t first) {
      if (!again) look(rows, first);
      of_rows = noneq::storage::checksum(rows, of_rows);
      if (!p.labels.empty())
        of_labels = noneq::storage::checksum(stored.labels(p.labels, first, rows.size(0), 0), of_labels);
    };
    const std::int64_t block =
        whole ? stored.block()
              : std::clamp<std::int64_t>(identified_bytes / 16 / stored.row_bytes(), 1, identified_rows);
    std::int64_t rows = visit_spread(stored, p, block, whole ? INT64_MAX : identified_bytes, identify);
    add(c10::str(of_rows, " ", of_labels));
    if (again) rows = visit_spread(stored, p, stored.block(), checked_bytes, look);
    if (rows < p.rows) unseen += c10::str(unseen.empty() ? "" : " and ", rows, " of ", p.rows, " (", name, ")");
  }
  return {c10::str(std::hex, contents), unseen.empty()
                                            ? "all rows were looked at"
                                            : c10::str("rows looked at: ", unseen, "; the others when they are used")};
}

}
