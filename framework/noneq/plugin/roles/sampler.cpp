#include "noneq/plugin/roles/sampler.hpp"

#include "noneq/diffusion/respace.hpp"

namespace noneq {

std::vector<std::int64_t> sampler::kept_steps(std::int64_t T) const {
  if (steps > T)
    throw error("got " + std::to_string(steps) + " steps, need at most the schedule's T = " + std::to_string(T));
  if (steps == 1) throw error("got 1 step, need at least 2: the first and the last of the schedule");
  return steps == 0 ? std::vector<std::int64_t>{} : respace(T, {steps});
}

}
