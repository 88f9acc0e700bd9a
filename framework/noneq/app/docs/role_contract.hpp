// The contract of a role as its header states it: the comment that opens plugin/roles/<role>.hpp. A role has one for
// each kind of its plugins; `transform` has three.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace noneq::app {

struct role_contract {
  std::string header;                                        // "model_transform.hpp"
  std::vector<std::string> paragraphs;                       // what it is; never empty
  std::vector<std::pair<std::string, std::string>> clauses;  // "Threads" and what it states
};

// Returns the contract in the text of a header. Pure.
role_contract contract_in(const std::string& text);

// Returns the contracts of a role, from the headers in this folder, the one that is named after it first; none for a
// role that has no header there. Throws noneq::error for a file that cannot be read.
std::vector<role_contract> contracts_of(const std::filesystem::path& folder, const std::string& role);

// Returns the first sentence about a role: "A loss is …"; "" where it has no contract.
std::string sentence_of(const std::vector<role_contract>& contracts);

}
