// The processes that mpirun or srun started together.
#pragma once

#include <memory>

#include "noneq/core/ranks.hpp"

namespace noneq::flow {

// Joins the processes of this job, of which the environment states several, by MPI, whose library is loaded only then;
// returns null where there is one process. The result is destroyed when all are done. Collective. Throws input_error
// when they cannot find each other: no MPI is installed, or it is another one than that which started them.
std::unique_ptr<ranks> join_job();

// Calls work(). Where it throws on a rank, other than stopped_together, the processes of all ranks end within seconds,
// because the others may wait for this one: with exit code 1 and the message of the first rank that failed, or with 130
// after a stop.
void end_together(const ranks& r, const std::function<void()>& work);

// Returns whether this process is the first, or the only one, of those that were started together, as the environment
// states; it alone reports what all of them find.
bool first_of_job();

// Waits, on all processes but the first, as long as that may need to report an error that all of them find.
void wait_for_first();

}
