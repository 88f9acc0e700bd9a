// Samples beside the truth of their rows, and tensors made of samples: the checks and calls of `verification` metrics
// and of `sample_transform` nodes. Const use is thread-safe.
#pragma once

#include "noneq/flow/session.hpp"

namespace noneq::flow {

// Returns the description of the truth that a verification reads: of its data, else of that of the model of its
// sampler.
dataset_info info_of_truth(session& s, const plan_node& n);

// Throws noneq::error when the shapes of samples and truth are known and do not fit, when there are too few members, or
// when the metric cannot measure such data. Requires opened data.
void check_verification(session& s, const plan_node& n);

// Return the batch that a verification receives, in data units, with 0 where the truth was not observed and the tensor
// `mask` is 0; and the batch behind a transform of samples, with the rows' labels and numbers. `of_stream` describes
// the data in `b`. May be called concurrently.
batch rows_to_verify(batch b, const dataset_info& of_stream);
batch made_of_samples(const plan_node& n, batch b, const dataset_info& of_stream);

}
