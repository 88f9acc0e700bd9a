// Chooses the rows that a stream beside the training takes from its sources. Pure but for opening data.
#pragma once

#include "noneq/flow/session.hpp"
#include "noneq/plugin/row_pass.hpp"

namespace noneq::flow {

struct pass_rows {
  row_request rows;        // in batches of the loader
  std::int64_t there = 0;  // that the part has; they begin again where more are requested
};

// Returns the part to measure of data that the model is trained on, and all rows of other data; as many as a sampler
// behind it is to draw. Throws noneq::error for data without end.
pass_rows rows_of_pass(session& s, const stream_nodes& stream, const plan_node& loader);

// Sources of one stream must have equal numbers of rows and batches.
void check_batches(session& s, const stream_nodes& stream, config::problems& found);

}
