// How the network of a run is computed on this machine, for people.
#pragma once

#include <string>

namespace noneq::flow {

class session;

// Returns "execution compiled, precision bf16"; "" for a network that has no choice.
std::string how_computed(const session& s);

}
