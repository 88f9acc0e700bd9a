// The nodes that bring the tensors of a stream into it, wherever they were renamed, joined or normalised. Pure,
// thread-safe.
#pragma once

#include <optional>

#include "noneq/flow/session.hpp"

namespace noneq::flow {

// A tensor that data brings into a stream.
struct data_tensor {
  const plan_node* node;  // the last loader or transform that changed it
  field_info field;       // behind that node
};

// Returns the data that node n receives under this name; none where the tensor was made by a sampler or a model, as
// samples are. Requires that the data before n was opened.
std::optional<data_tensor> data_under(const session& s, const plan_node& n, const std::string& name);

// Returns the sampler whose samples node n receives under this name; nullptr for other tensors.
const plan_node* sampler_under(const plan& p, const plan_node& n, const std::string& name);

}
