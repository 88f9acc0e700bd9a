// The graph of a pipeline as text for Graphviz, and Graphviz's drawing of it.
#pragma once

#include <map>
#include <string>

#include "noneq/flow/plan.hpp"

namespace noneq::app {

// Returns the graph in the language of dot. `notes` are more lines in the boxes of nodes, by node.
std::string as_dot(const flow::plan& p, const std::map<std::string, std::string>& notes = {});

// Returns the drawing of such a text. Throws noneq::error when Graphviz is not installed.
std::string svg_of(const std::string& dot);

}
