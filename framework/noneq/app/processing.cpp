#include "noneq/app/processing.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/in_job.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/shell_word.hpp"
#include "noneq/core/messages.hpp"
#include "noneq/flow/processing.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/flow/task_progress.hpp"
#include "noneq/flow/units.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::app {

// The part that this process is to do of a pipeline that is processed in units; of another one, all of it, beside the
// processes that were started together with this one.
static flow::job_part part_of(const flow::plan& p, const std::string& given) {
  return as_input([&] {
    if (!given.empty()) {
      const flow::job_part part = flow::read_part(given);
      if (p.trains() && !part.whole())
        throw error("--part got '" + given + "', but the pipeline trains, need one without a trainer, or 1/1");
      return part;
    }
    if (p.trains()) return flow::job_part{};
    const auto variable = [](const char* name) { return std::getenv(name); };
    const flow::job_part part = flow::part_of_environment(variable).value_or(flow::job_part{});
    const bool array = part.of != flow::process_of_environment(variable).value_or(flow::job_part{}).of;
    return flow::works_in_units(p) || array ? part : flow::job_part{};
  });
}

// The words of this program's command line.
static std::vector<std::string> command_words() {
  std::string bytes;
  try {
    bytes = storage::read_file("/proc/self/cmdline");
  } catch (const error&) {
  }
  std::vector<std::string> words;
  std::istringstream in(bytes);
  for (std::string word; std::getline(in, word, '\0');) words.push_back(word);
  return words;
}

// Returns the command that goes on with a run that this command began.
static std::string command_to_go_on(std::vector<std::string> words) {
  std::replace(words.begin(), words.end(), std::string("--force"), std::string("--resume"));
  if (const auto from = std::find(words.begin(), words.end(), "--from"); from != words.end())
    words.erase(from, from + std::min<std::ptrdiff_t>(2, words.end() - from));
  std::erase_if(words, [](const std::string& word) { return word.starts_with("--from="); });
  if (std::find(words.begin(), words.end(), "--resume") == words.end()) words.emplace_back("--resume");
  for (std::string& word : words) word = shell_word(word);
  return fmt::format("{}", fmt::join(words, " "));
}

static void print_estimate(const flow::estimate& e, const flow::job_part& part) {
  for (const auto& o : e.outputs)
    print_out("{}: {} {} of {}, {}\n", o.file.string(), o.dataset, to_string(o.shape), o.numbers,
              flow::bytes_text(o.bytes));
  print_out("disk: {} of {} free{}\n", flow::bytes_text(e.bytes), flow::bytes_text(e.free_bytes),
            e.bytes > e.free_bytes ? ", which is too little" : "");
  print_out("time: {:.4g} rows a second, measured on the {} rows of a unit; {:.2g} hours for {} rows{}\n",
            e.rows_a_second, e.unit_rows, e.seconds / 3600, e.rows, part.whole() ? "" : " of part " + part.text());
}

void processing_options::add_to(CLI::App& verb) {
  verb.add_option("--part", part,
                  "the part of a processing pipeline that this process does, as 2/16 (default: as the scheduler "
                  "states, or all); 1/1: by itself, also beside other processes of a job");
  verb.add_flag(
      "--dry-run", dry,
      "of a processing pipeline: print shapes, bytes on the disk and hours, measured on one unit; keep nothing");
  add_threads(verb, run.threads);
  verb.add_flag("--quiet", run.quiet, "print errors only");
}

static void run_as_one(const flow::plan& p, const processing_options& o, const ranks& r) {
  flow::run_options run = o.run;
  run.together = &r;
  run.part = part_of(p, o.part);
  run.command = fmt::format("{}", fmt::join(command_words(), " "));
  flow::stop_on_signals();
  if (o.dry) {
    if (!flow::works_in_units(p))
      throw input_error(
          {error("--dry-run is for pipelines without a trainer whose sinks all write in units, and this is "
                 "another; check it by: noneq check")});
    return print_estimate(flow::measured_estimate(p, run), run.part);
  }
  const bool prints = r.first() && !run.quiet;
  const auto advice = [&](const std::string& command) {
    return fmt::format("{}: go on with {}{}", run.folder.string(), command,
                       !r.many()    ? ""
                       : p.trains() ? ", on any number of processes that divides the shards"
                                    : ", on any number of processes");
  };
  // Before this run has made the folder its own, another's may lie in it.
  bool begun = false;
  run.prepared = [&] {
    begun = true;
    // A run that began with the weights of another one is not begun again by --resume before its first checkpoint.
    if (prints && run.from.empty()) flow::set_last_line(advice(command_to_go_on(command_words())));
  };
  try {
    flow::run(p, run);
  } catch (const interrupted&) {
    if (prints) put_line(advice(begun ? command_to_go_on(command_words()) : "the same command"));
    throw;
  }
}

bool run_processing(const flow::plan& p, const processing_options& o) {
  bool first = true;
  const bool joins = o.part.empty() && (p.trains() || !flow::works_in_units(p));
  in_job(!joins, [&](const ranks& r) {
    first = r.first();
    run_as_one(p, o, r);
  });
  return first;
}

}
