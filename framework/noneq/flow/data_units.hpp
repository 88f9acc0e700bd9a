// Tensors of data in a stream, wherever they were renamed, joined or normalised: their description, and their numbers
// in data units, in which guides and metrics of samples read them. Pure, thread-safe.
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

// Returns rows that node n receives with these tensors in data units, and with all of them.
batch in_data_units(const session& s, const plan_node& n, const std::vector<std::string>& names, batch rows);
batch in_data_units(const session& s, const plan_node& n, batch rows);

}
