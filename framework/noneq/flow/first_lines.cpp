#include "noneq/flow/first_lines.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/core/cpu_quota.hpp"
#include "noneq/core/machine.hpp"
#include "noneq/flow/data_summary.hpp"
#include "noneq/flow/how_computed.hpp"
#include "noneq/flow/plan_remarks.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq::flow {

std::string counted(std::int64_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

namespace {

// "machine: 8 of 16 CPUs, 8 threads, 8 shards, execution compiled, precision bf16".
std::string machine_line(const plan& p, const session& s, const workers& pool, const ranks& together) {
  const int cpus = this_machine().cpus, usable = usable_cpus();
  std::string line =
      fmt::format("machine: {}{}, {}, {}", usable < cpus ? fmt::format("{} of ", usable) : "", counted(cpus, "CPU"),
                  counted(pool.threads(), "thread"), counted(p.training().trainer.as<trainer>().shards, "shard"));
  if (together.many()) line += fmt::format(" on {} processes", together.size());
  const std::string how = how_computed(s);
  return how.empty() ? line : line + ", " + how;
}

}

std::vector<std::string> first_lines(const plan& p, const begun_run& r, const workers& pool, const ranks& together,
                                     const std::filesystem::path& folder) {
  if (!p.trains())
    return {fmt::format("{}: one pass, {}, seed {}, folder {}", p.name, counted(pool.threads(), "thread"), p.seed,
                        folder.string())};
  const session& s = *r.opened;
  const std::int64_t steps = p.training().trainer.as<trainer>().steps;
  std::vector<std::string> lines{
      fmt::format("{}: {} parameters, seed {}, folder {}{}{}", p.name, s.weights().count(), p.seed, folder.string(),
                  s.step() > 0       ? fmt::format(", resumed at step {}", s.step())
                  : r.none_to_resume ? ", no checkpoint to resume: it begins at step 0"
                                     : "",
                  r.from.is_null() ? "" : fmt::format(", from {}", r.from["run"].get<std::string>())),
      machine_line(p, s, pool, together)};
  if (s.step() < steps) {
    if (r.computed.size() > 1)
      lines.push_back(
          fmt::format("machine: note: steps of this run are computed in {} ways: {}; its bits are not those "
                      "of a run that is computed in one way",
                      r.computed.size(), fmt::join(r.computed, "; ")));
    for (const std::string& line : remark_lines(p)) lines.push_back(line);
    lines.push_back("data: " + summary(s.info()));
    for (const std::string& note : s.info().notes) lines.push_back("data: note: " + note);
  }
  if (s.finished() && s.step() >= steps) lines.push_back("already trained; samplers, metrics and writers run again");
  return lines;
}

}
