// The memory that the process may use, and the treatment of memory that was freed.
#pragma once

#include <string_view>

namespace noneq {

// Returns the bytes that this process may use: the machine's memory, or the limit of a cgroup or of `ulimit -v`.
double memory_of_machine();

// Returns the bytes that are allocated. The resident ones are another number: they may hold memory that was freed.
double memory_held();

// Throws noneq::error when `what` needs more: "… needs 3.7 TB of memory, need at most the 24 GB of this machine". Call
// it before the allocation, because the system may grant memory that it does not have. `subject` is the parameter that
// causes the allocation. Thread-safe.
void need_memory(double bytes, std::string_view what, std::string_view subject = "");

// Applies need_memory() to every tensor on the CPU that is large beside the memory in use. Called once, before other
// threads start.
void bound_tensors();

// Keeps freed memory at the top of the heap for the next allocations: each training step frees and allocates the same
// tens of megabytes, and pages that went back to the system must be cleared anew. Memory in use does not grow. Called
// once, before other threads start.
void keep_freed_memory();

// Gives the pages of freed memory back to the system. Blocks of changing sizes, as samplers and metrics allocate them
// between steps, otherwise fragment all memory that was ever kept. May be called concurrently; costs milliseconds, and
// pages that are needed again are cleared anew: for rare occasions.
void return_freed_memory();

}
