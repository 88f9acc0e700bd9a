#include "noneq/plugin/roles/sampler.hpp"

namespace noneq {

std::vector<std::int64_t> sampler::kept_steps(const process& p) const {
  const tables t = p.with_room_for(steps).tables;
  const std::int64_t T = t.steps(), count = steps == 0 ? grid->usual_count(T) : steps;
  if (count > T)
    throw error("got " + std::to_string(count) + " steps, need at most the schedule's T = " + std::to_string(T),
                "steps");
  const std::vector<std::int64_t> kept = grid->indices(count, t);
  bool good = !kept.empty() && kept.front() >= 0 && kept.back() < T;
  for (std::size_t i = 1; i < kept.size(); ++i) good &= kept[i - 1] < kept[i];
  if (!good)
    throw error("the grid returned " + to_string(kept) + ", need ascending indices from 0 to " + std::to_string(T - 1));
  return kept;
}

}
