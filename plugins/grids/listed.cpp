// Steps named one by one.
#include <algorithm>
#include <set>

#include "noneq/plugin.hpp"

struct listed : noneq::grid {
  std::vector<std::int64_t> steps;

  std::int64_t usual_count(std::int64_t) const override { return static_cast<std::int64_t>(steps.size()); }

  std::vector<std::int64_t> indices(std::int64_t count, const noneq::tables& t) const override {
    if (count != usual_count(t.steps()))
      throw noneq::error(c10::str("got ", count, " steps, need 0 or the ", steps.size(), " that grid.indices lists"));
    std::vector<std::int64_t> kept = steps;
    std::sort(kept.begin(), kept.end());
    if (kept.back() >= t.steps())
      throw noneq::error(c10::str("grid.indices got ", kept.back(), ", need at most T − 1 = ", t.steps() - 1));
    return kept;
  }

  void check() const override {
    if (steps.empty()) throw noneq::error("got no index, need at least one", "indices");
    if (std::set<std::int64_t>(steps.begin(), steps.end()).size() != steps.size())
      throw noneq::error("got an index twice, need different ones", "indices");
  }

  static void describe(noneq::description<listed>& d) {
    d.doc("The steps that are listed.")
        .param("indices", &listed::steps, "indices t − 1 (from 0 to T − 1) in any order", noneq::required(),
               noneq::at_least(0));
  }
};
NONEQ_PLUGIN(listed);
