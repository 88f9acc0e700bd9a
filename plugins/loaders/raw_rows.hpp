// Rows of a dataset as they lie in one file or several, and the numbers that they mean. A value; decode() may be called
// concurrently.
#pragma once

#include "noneq/storage/chunks.hpp"
#include "noneq/storage/conventions.hpp"

namespace shipped {

struct raw_rows {
  // Stored rows that follow one another. The result takes its rows [begin, begin + count) from them: all of them in
  // order, or, with `from` and `to` (int64 [n]), row from[i] as row to[i]; one stored row serves for all.
  struct span {
    noneq::storage::raw_chunks stored;
    noneq::storage::number_meaning meaning = {};
    std::int64_t begin = 0, count = 0;
    bool whole = false;  // whether all stored rows make one row of the result
    noneq::Tensor from = {}, to = {};
  };
  std::vector<span> spans;
  std::int64_t rows = 0;
  at::ScalarType dtype = at::kFloat;
};

// Returns the rows [n, …], contiguous. Errors: a damaged chunk.
inline noneq::Tensor decode(const raw_rows& raw) {
  noneq::Tensor out;
  for (const raw_rows::span& s : raw.spans) {
    const noneq::Tensor all = noneq::storage::decode(s.stored), stored = s.whole ? all.unsqueeze(0) : all;
    const bool as_it_is = s.meaning.plain() && stored.scalar_type() == raw.dtype;
    const noneq::Tensor rows = as_it_is ? stored : noneq::storage::meant(stored, s.meaning, raw.dtype);
    if (raw.spans.size() == 1 && !s.to.defined() && rows.size(0) == raw.rows) return rows;
    if (!out.defined()) {
      noneq::sizes shape = rows.sizes().vec();
      shape[0] = raw.rows;
      out = at::empty(shape, raw.dtype);
    }
    if (!s.to.defined())
      out.narrow(0, s.begin, s.count).copy_(rows);  // one row becomes all of them
    else
      out.index_copy_(0, s.to,
                      s.from.defined() ? rows.index_select(0, s.from) : rows.expand_as(out.narrow(0, 0, s.to.size(0))));
  }
  return out;
}

}
