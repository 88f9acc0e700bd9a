// noneq merge DIR, noneq status DIR, noneq verify DIR|FILE: the units of a processing pipeline.
#include "noneq/flow/merging.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/out_file.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/core/messages.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/flow/progress.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/flow/task_progress.hpp"

namespace noneq::app {

void add_merge(CLI::App& program) {
  struct options {
    std::string folder;
    flow::merge_options merge;
    out_file out;
    bool quiet = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* verb =
      program.add_subcommand("merge", "join the units of a processing pipeline, made in parts, into one file");
  verb->add_option("DIR", o->folder, "the folder of the run")->required()->check(not_empty());
  o->out
      .add_to(*verb, "HDF5 file to write (default: the files of the writers, in the folder of the run; the units go)")
      ->required(false);
  verb->add_option("--writer", o->merge.writer, "whose units, where the pipeline has several writers");
  verb->add_flag("--virtual", o->merge.virtually, "write virtual datasets, which refer to the units and copy nothing");
  add_quiet(*verb, o->quiet);
  verb->callback([o] {
    o->merge.out = o->out.path;
    if (!o->out.path.empty()) {
      as_input([&] { flow::refuse_files_named_by_run(o->out.path, o->folder); });
      o->out.need_writable("HDF5");
      o->out.need_free();
    }
    flow::stop_on_signals();
    flow::task_progress shown(o->quiet, "joining", flow::task_progress::amount::rows);
    const auto files =
        flow::merge(o->folder, o->merge, [&](std::int64_t rows, std::int64_t all) { shown.done(rows, all); });
    shown.clear();
    for (const auto& file : files) print_out("{}\n", file.string());
  });
}

static std::string line_of(const std::string& what, std::int64_t done, std::int64_t rows, double rate) {
  std::string text = fmt::format("{}: {} of {} rows, {:.1f} %", what, done, rows,
                                 rows == 0 ? 100.0 : 100 * static_cast<double>(done) / static_cast<double>(rows));
  if (rate > 0 && done < rows)
    text += fmt::format(", {:.4g} rows/s, {} left", rate, flow::minutes(static_cast<double>(rows - done) / rate));
  return text;
}

void add_status(CLI::App& program) {
  struct options {
    std::string folder;
    bool json = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* verb = program.add_subcommand("status", "how far a processing pipeline is, over all its parts");
  verb->add_option("DIR", o->folder, "the folder of the run")->required()->check(not_empty());
  verb->add_flag("--json", o->json, "print JSON");
  verb->callback([o] {
    const flow::job_status s = flow::status_of(o->folder);
    if (o->json) {
      nlohmann::ordered_json j{
          {"rows", s.rows}, {"done", s.done}, {"finished", s.finished}, {"rows_a_second", s.rows_a_second}};
      j["parts"] = nlohmann::ordered_json::array();
      for (const auto& p : s.parts)
        j["parts"].push_back({{"part", p.part},
                              {"rows", p.rows},
                              {"done", p.done},
                              {"at_work", p.at_work},
                              {"rows_a_second", p.rows_a_second}});
      return print_out("{}\n", j.dump(1));
    }
    print_out("{}{}\n", line_of(o->folder, s.done, s.rows, s.rows_a_second), s.finished ? ", finished" : "");
    for (const auto& p : s.parts)
      print_out("{}{}\n", line_of("part " + p.part, p.done, p.rows, p.at_work.empty() ? 0 : p.rows_a_second),
                p.done == p.rows    ? ""
                : p.at_work.empty() ? "; not at work, go on with the command that began it"
                                    : "; " + p.at_work);
  });
}

void add_verify(CLI::App& program) {
  struct options {
    std::string place;
    bool quiet = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* verb = program.add_subcommand("verify", "compare the units of a processing pipeline with their checksums");
  verb->add_option("PLACE", o->place, "the folder of the run, or a file that was joined")
      ->required()
      ->check(not_empty());
  add_quiet(*verb, o->quiet);
  verb->callback([o] {
    std::int64_t units = 0;
    std::string lines;
    flow::task_progress shown(o->quiet, "comparing", flow::task_progress::amount::bytes);
    const auto wrong = as_input([&] {
      return flow::verify(o->place, units, [&](std::int64_t done, std::int64_t all) {
        shown.done(static_cast<double>(done), static_cast<double>(all));
      });
    });
    shown.clear();
    if (wrong.empty()) return print_out("{}: {} units are as they were written\n", o->place, units);
    for (const std::string& line : wrong) lines += (lines.empty() ? "" : "\n") + line;
    throw error(lines);
  });
}

}
