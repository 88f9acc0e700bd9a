// How much memory the process may use, and how it treats what was given back.
#pragma once

#include <string_view>

namespace noneq {

// Bytes that this process may use: the machine's memory, or what a cgroup or `ulimit -v` leaves of it.
double memory_of_machine();

// Throws noneq::error when `what` needs more: "… needs 3.7 TB of memory, need at most the 24 GB of this machine".
// Called before memory is asked for, which the system may grant and not have. Thread-safe.
// `subject`: the parameter that asks for it.
void need_memory(double bytes, std::string_view what, std::string_view subject = "");

// Applies need_memory() to every tensor on the CPU that is large beside what the process holds already. Once, before
// other threads start.
void bound_tensors();

// Keeps it, up to 2 GB at the top, for what is asked for next: a training step frees and asks for the same tens of
// megabytes again and again, and pages that went back to the system must be cleared anew. Memory in use does not grow.
// Once, before other threads start.
void keep_freed_memory();

}
