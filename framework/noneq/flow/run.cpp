#include "noneq/flow/run.hpp"

#include <fmt/format.h>

#include "noneq/flow/equal_beginnings.hpp"
#include "noneq/flow/first_lines.hpp"
#include "noneq/flow/folder_lock.hpp"
#include "noneq/flow/history.hpp"
#include "noneq/flow/job_ranks.hpp"
#include "noneq/flow/kept_shards.hpp"
#include "noneq/flow/processing.hpp"
#include "noneq/flow/record_file.hpp"
#include "noneq/flow/run_observers.hpp"
#include "noneq/flow/running.hpp"
#include "noneq/flow/trace.hpp"
#include "noneq/flow/units.hpp"
#include "noneq/flow/writer_checks.hpp"

namespace noneq::flow {
namespace {

void refuse_parts(const plan& p, const job_part& part) {
  std::string cannot;
  if (part.whole() || works_in_units(p, &cannot) || p.trains()) return;
  throw input_error({error(fmt::format(
      "{} states part {} of the run, but {} cannot be made in parts; run it as one process (--part 1/1), or write the "
      "rows in parts first, and measure or draw the merged file by a second pipeline",
      part.source, part.text(), cannot.empty() ? "a pipeline without a sink" : cannot))});
}

void refuse_events_of_units(const run_options& options) {
  if (options.tensorboard)
    throw input_error(
        {error("--tensorboard got a pipeline whose sinks all write files in units, need one that trains, "
               "measures or draws: this one has nothing to show there")});
}

}

void run(const plan& given, const run_options& options) {
  refuse_parts(given, options.part);
  if (works_in_units(given)) {
    refuse_events_of_units(options);
    run_folder(options.folder).need_regular_files();
    return run_in_units(given, options);
  }
  const ranks& r = ranks_of(options);
  std::optional<folder_lock> alone;
  std::optional<plan> planned;
  together(r, [&] {
    if (r.first()) run_folder(options.folder).need_regular_files();
    if (r.first()) alone.emplace(options.folder);
    planned = options.policy == if_there::resume ? with_kept_shards(given, options.folder) : given;
  });
  const plan& p = *planned;
  share_shards(p, r);
  // Everything that can be refused is refused before the folder is touched: a run that cannot start leaves it as it
  // was.
  begun_run begun;
  together(r, [&] {
    begin(begun, p, options);
    if (r.first() && p.trains()) run_folder(options.folder).need_room_for_checkpoints();
    if (r.first()) rehearse_writers(*begun.opened, options.folder);
    begun.opened->undo_checks();
    if (!options.trace.empty()) refuse_trace(trace_of_rank(options.trace, r), options.folder);
  });
  const session& s = *begun.opened;
  need_equal_beginnings(
      r, *begun.opened,
      {{"the folder of the run", std::filesystem::absolute(options.folder).lexically_normal().string()},
       {"the step", std::to_string(s.step())},
       {"the data", p.trains() ? s.info().identity : ""}});
  std::optional<workers> started;
  std::optional<trace> traced;
  std::vector<staying_file> staying;
  std::string lost;
  together(r, [&] {
    workers& pool = started.emplace(options.threads);
    if (!options.trace.empty()) traced.emplace(options.trace, pool, r);
    if (!r.first()) return;
    if (p.trains()) lost = lost_records(run_folder(options.folder).records(), begun.last_record);
    staying = run_folder(options.folder).prepare(p, options.policy, !begun.damage.empty());
  });
  workers& pool = *started;
  if (options.prepared) options.prepared();
  progress say(options.quiet || !r.first() ? telling::errors : telling::everything, begun.opened->step(),
               p.trains() ? p.training().trainer.as<trainer>().steps : 0);
  for (const std::string& line : first_lines(p, begun, pool, r, options.folder)) say.say(line);
  for (const std::string& note : pool.notes()) say.say(note);
  if (!begun.damage.empty())
    say.say(fmt::format("{}; the run goes on from the last one that is whole, of step {}", begun.damage,
                        begun.opened->step()));
  if (!lost.empty()) say.say(lost);
  for (const auto& [file, why] : staying) say.say(fmt::format("{}: {}; it stays", file.string(), why));
  node_times times;
  std::vector<observer*> others{&times};
  if (traced) others.push_back(&*traced);
  const auto work = [&] { run_begun(p, options, begun, pool, say, alone ? &*alone : nullptr, others); };
  end_together(r, [&] {
    if (!r.first()) return work();
    history(options.folder, "", r.size())
        .around(
            pool.threads(), options.command, [&] { return begun.opened->step(); }, times, work);
  });
}

}
