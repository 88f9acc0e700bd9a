#include "noneq/flow/equal_beginnings.hpp"

#include <set>

#include <fmt/format.h>

#include "noneq/config/emit.hpp"
#include "noneq/core/machine.hpp"
#include "noneq/plugin/computes_here.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq::flow {

static found_values found_by(session& s) {
  const char* forced = std::getenv("ATEN_CPU_CAPABILITY");  // instruction sets of libtorch
  found_values found{{"the version", NONEQ_VERSION},
                     {"the processor",
                      this_machine().cpu + (forced != nullptr ? fmt::format(", ATEN_CPU_CAPABILITY {}", forced) : "")},
                     {"the pipeline", config::to_yaml(s.plan().resolved())}};
  std::set<std::string> known;
  for (const plan_node& n : s.plan().nodes) {
    const plan_node* of = n.role() == "model" ? &n : s.plan().model_before(n);
    if (of == nullptr || !known.insert(of->id).second) continue;
    const session& model = s.model_of(*of);
    found.emplace_back("the weights of " + of->id, model.fingerprint("raw"));
    if (const auto* here = dynamic_cast<const computes_here*>(&model.network()))
      for (const auto& [name, value] : here->here().facts) found.emplace_back(name, value);
  }
  return found;
}

void need_equal_beginnings(const ranks& r, session& s, const found_values& more) {
  if (!r.many()) return;
  found_values found = more;
  together(r, [&] {
    const found_values here = found_by(s);
    found.insert(found.end(), here.begin(), here.end());
  });
  // One text, because ranks that differ may have found different things.
  constexpr char between = '\x1f', behind = '\x1e';
  std::string mine;
  for (const auto& [what, value] : found) mine += what + between + value + behind;
  const std::vector<std::string> all = r.all(mine);
  together(r, [&] {
    for (std::size_t rank = 1; rank < all.size(); ++rank) {
      const auto [here, there] = std::mismatch(all[0].begin(), all[0].end(), all[rank].begin(), all[rank].end());
      if (here == all[0].end() && there == all[rank].end()) continue;
      const auto at = static_cast<std::size_t>(here - all[0].begin());
      const std::size_t begin = at == 0 ? 0 : all[0].rfind(behind, at - 1) + 1;  // of what differs
      const auto value_in = [&](const std::string& text) {
        const std::size_t value = std::min(text.find(between, begin), text.size() - 1) + 1;
        return text.substr(value, text.find(behind, value) - value);
      };
      const std::string is = value_in(all[rank]), was = value_in(all[0]);
      const bool lines = (is + was).find('\n') != std::string::npos;  // of a pipeline
      throw input_error({error(fmt::format(
          "rank {} differs from rank 0 in {}{}", rank, all[0].substr(begin, all[0].find(between, begin) - begin),
          lines ? ", need one command for all" : fmt::format(": got {}, need {}", is, was)))});
    }
  });
}

}
