#include "noneq/plugin/roles/sampler.hpp"

namespace noneq {

std::vector<std::int64_t> sampler::kept_steps(const process& p) const {
  const tables t = p.with_room_for(steps).tables;
  const std::int64_t T = t.steps(), count = steps == 0 ? grid->usual_count(T) : steps;
  if (count > T)
    throw error("got " + std::to_string(count) + " steps, need at most the schedule's T = " + std::to_string(T));
  return grid->indices(count, t);
}

}
