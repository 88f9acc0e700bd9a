// Several sources as one, whose rows are joined one by one. Threads as for any source.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "noneq/plugin/roles/loader.hpp"

namespace noneq::flow {

struct joined_input {
  std::shared_ptr<source> from;
  std::string id;                         // of the node, for messages
  std::map<std::string, std::string> as;  // new names of its tensors
};

// Its info() is that of the first input. Throws noneq::error naming both nodes when inputs have different numbers of
// rows, or both a tensor of one name; `row`, the number in the file, is that of the first.
std::shared_ptr<source> joined_source(std::vector<joined_input> inputs);

// Returns the batch with tensors under their new names.
batch renamed(batch b, const std::map<std::string, std::string>& as);
// Adds the tensors of `more` to b. Throws noneq::error when a name is there already, or the numbers of rows differ.
void join_into(batch& b, batch more);

// Returns the rows of all parts behind one another; step and first are those of the first part.
batch joined_rows(const std::vector<batch>& parts);

}
