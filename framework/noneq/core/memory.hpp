// How the process treats memory that was given back.
#pragma once

namespace noneq {

// Keeps it, up to 2 GB at the top, for what is asked for next: a training step frees and asks for the same tens of
// megabytes again and again, and pages that went back to the system must be cleared anew. Memory in use does not grow.
// Once, before other threads start.
void keep_freed_memory();

}
