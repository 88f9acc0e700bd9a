// The units of a processing pipeline: runs of whole batches of a stream, which are made or missing as a whole. Pure.
#pragma once

#include <set>

#include "noneq/flow/job_part.hpp"
#include "noneq/flow/plan.hpp"

namespace noneq::flow {

// The rows of one stream, and how they are cut.
struct stream_rows {
  std::int64_t rows = 0, batch = 1, unit = 1;  // unit: rows, a multiple of batch

  std::int64_t units() const { return (rows + unit - 1) / unit; }
  std::int64_t first_of(std::int64_t u) const { return u * unit; }
  std::int64_t rows_of(std::int64_t u) const { return std::min(unit, rows - u * unit); }
  std::int64_t batches() const { return (rows + batch - 1) / batch; }
  std::int64_t first_batch(std::int64_t u) const { return u * (unit / batch); }
  std::int64_t end_batch(std::int64_t u) const { return std::min(batches(), first_batch(u + 1)); }
  // Returns the unit of which batch k is the last.
  std::optional<std::int64_t> unit_ended_by(std::int64_t k) const {
    const std::int64_t u = k / (unit / batch);
    return k + 1 == end_batch(u) ? std::optional(u) : std::nullopt;
  }
};

// Units begin … end−1 of a stream.
struct unit_run {
  std::int64_t begin = 0, end = 0;
};

// Returns the units that a part has: as many as the others have, or one more, that follow one another.
unit_run units_of(const job_part& part, std::int64_t units);
// Returns the units of `all` that are not among `done`, in runs.
std::vector<unit_run> missing_units(const unit_run& all, const std::set<std::int64_t>& done);

// Returns the rows in a unit of a stream whose batches have so many rows: those that `unit:` states, or the smallest
// multiple of a batch that has 1024.
std::int64_t unit_rows(const plan& p, std::int64_t batch);

// Returns the rows in the batches of a stream, which its sources or its sampler state.
std::int64_t batch_rows(const plan& p, const stream_nodes& s);

// Returns whether a pipeline is made in units: it has no trainer, and all its sinks are writers that can. Otherwise
// `why`, unless null, receives the sinks that cannot, in words; "" where there is nothing to make.
bool works_in_units(const plan& p, std::string* why = nullptr);

// Checks the keys `unit` and `not_finite`.
void check_units(const plan& p, config::problems& found);

}
