#include "noneq/flow/equal_beginnings.hpp"

#include <fmt/format.h>

#include "noneq/config/emit.hpp"
#include "noneq/core/machine.hpp"
#include "noneq/flow/job_ranks.hpp"
#include "noneq/plugin/computes_here.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq::flow {

void need_equal_beginnings(const plan& p, const begun_run& begun, const run_options& options) {
  const ranks& r = ranks_of(options);
  if (!r.many()) return;
  const char* forced = std::getenv("ATEN_CPU_CAPABILITY");  // instruction sets of libtorch
  std::vector<std::pair<std::string, std::string>> found{
      {"the version", NONEQ_VERSION},
      {"the processor",
       this_machine().cpu + (forced != nullptr ? fmt::format(", ATEN_CPU_CAPABILITY {}", forced) : "")},
      {"the folder of the run", std::filesystem::absolute(options.folder).lexically_normal().string()},
      {"the pipeline", config::to_yaml(p.resolved())}};
  if (begun.opened) {
    const session& s = *begun.opened;
    found.insert(found.end(), {{"the step", std::to_string(s.step())},
                               {"the weights", s.fingerprint("raw")},
                               {"the data", s.info().identity}});
    if (const auto* here = dynamic_cast<const computes_here*>(&s.network()))
      for (const auto& [name, value] : here->here().facts) found.emplace_back(name, value);
  }
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
