// Laws of roles/weighting.hpp.
#include "noneq/plugin/roles/weighting.hpp"

#include <limits>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/settings.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace weighting_laws {

void has_weights(const subject& s) {
  in_each(settings(s), [&](const process& p) {
    const auto w = s.as<weighting>();
    check_returned_weights(s.name(), *w, p.tables);
    need_within("weight", w->weight(noised_states(p, 1, at::kFloat).c), 0, std::numeric_limits<double>::infinity());
  });
}

void works_by_sample(const subject& s) {
  in_each(settings(s), [&](const process& p) {
    const auto w = s.as<weighting>();
    const noised n = noised_states(p, 1, at::kFloat);
    const Tensor all = w->weight(n.c);
    for (const std::int64_t k : {std::int64_t{0}, n.index.size(0) - 1})
      need_close("weight of a sample alone",
                 w->weight(coefficients_at(p.tables, n.index.slice(0, k, k + 1), n.x0.slice(0, k, k + 1))),
                 all.slice(0, k, k + 1), 1e-6);
    for (const Tensor& again : at_once(threads_at_once, [&](std::size_t) { return w->weight(n.c); }))
      need_equal("weight, from several threads at once", again, all);
  });
}

}

law_list of_weighting() {
  using namespace weighting_laws;
  return {
      {"weight() returns [B, 1, …], finite and at least 0 at every step.", has_weights},
      {"A sample's weight depends on its own coefficients alone, whatever thread computes it.", works_by_sample},
  };
}

}
