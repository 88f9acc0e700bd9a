// noneq report RUN_DIR…: a page about one run, or several side by side.
#include <set>

#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/out_file.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/report/run_page.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::app {
namespace {

struct report_options {
  std::vector<std::string> runs;
  out_file out;
};

void check_report(const report_options& o) {
  if (o.runs.size() > 1 && o.out.path.empty())
    throw input_error({error(fmt::format("got {} runs, need --out FILE for their page", o.runs.size()))});
  std::set<std::filesystem::path> seen;
  for (const std::string& run : o.runs) {
    if (!seen.insert(std::filesystem::weakly_canonical(run)).second)
      throw input_error({error("got this run twice, need different ones", "", {run})});
    if (!o.out.path.empty()) as_input([&] { flow::refuse_places_of_run(o.out.path, run); });
  }
}

}

void add_report(CLI::App& program) {
  auto o = std::make_shared<report_options>();
  CLI::App* verb = program.add_subcommand("report", "a page about a run, or several side by side, for a browser");
  verb->add_option("RUN_DIR", o->runs, "folders of runs, whatever ended them")->required()->check(not_empty());
  o->out.add_to(*verb, "HTML file to write (default: report.html in the folder of the run)")->required(false);
  verb->callback([o] {
    check_report(*o);
    registry plugins = installed_plugins();
    if (o->out.path.empty())
      return print_out("{}\n", as_input([&] { return write_report(o->runs[0], plugins); }).string());
    o->out.need_writable("HTML");
    o->out.need_free();
    const std::string page = report_page({o->runs.begin(), o->runs.end()}, plugins);
    storage::write_atomically(o->out.path, page);
    print_out("{}\n", o->out.path);
  });
}

}
