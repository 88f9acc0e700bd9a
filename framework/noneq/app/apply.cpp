// noneq apply RUN_DIR: the short form of processing pipelines.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/out_file.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/processing.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/rows_in_file.hpp"
#include "noneq/app/trained_run.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/config/emit.hpp"
#include "noneq/core/messages.hpp"
#include "noneq/flow/applied_pipeline.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq::app {
namespace {

namespace fs = std::filesystem;

struct apply_options {
  std::string folder, to;
  std::vector<std::string> given, changes;
  flow::application_request request;
  out_file out;
  processing_options processing;
};

// The folder in which the file is made: its manifest and units, and the pipeline.
fs::path folder_of(const apply_options& o) { return fs::path(o.out.path).concat(".noneq"); }

flow::tensor_rows at_its_place(flow::tensor_rows r) {
  r.file = fs::absolute(r.file).lexically_normal();
  return r;
}

// Returns the tensor that the rows of --to are: the data; or the condition that has the name of their dataset, or the
// only one that nothing else gives.
std::string tensor_to_read(const apply_options& o, const std::string& dataset, const flow::session& run) {
  if (o.request.task != "generate") return "x0";
  std::vector<std::string> open = flow::conditions_to_give(run);
  if (open.empty()) throw error("--do got generate, but the model reads no conditions; draw samples by noneq sample");
  for (const flow::tensor_rows& b : o.request.beside) std::erase(open, b.tensor);
  const std::string name = dataset.substr(dataset.rfind('/') + 1);
  if (std::find(open.begin(), open.end(), name) != open.end()) return name;
  if (open.size() != 1)
    throw error(
        fmt::format("--do generate: the model reads {}; need --given NAME=FILE[:DATASET] for all but the one that "
                    "--to names",
                    fmt::join(flow::conditions_to_give(run), ", ")));
  return open.front();
}

config::value document_of(apply_options& o, registry& plugins) {
  const auto run = open_run(o.folder, plugins, [](config::value&) {});
  return as_input([&] {
    rows_in_file rows = read_rows_in_file(o.to, "--to");
    if (rows.dataset.empty() || rows.file.empty()) throw error(fmt::format("--to got '{}', need FILE:DATASET", o.to));
    for (const rows_in_file& r : read_given(o.given)) o.request.beside.push_back(at_its_place(r));
    rows.tensor = tensor_to_read(o, rows.dataset, *run);
    o.request.rows = at_its_place(rows);
    o.out.need_other_file(rows.file, "--to");
    for (const flow::tensor_rows& b : o.request.beside) o.out.need_other_file(b.file, "--given");
    flow::refuse_files_of_run(o.out.path, run->plan(), o.folder);
    // Conditions that lie beside the rows, under their own names, need not be given.
    const std::vector<std::string> there = storage::hdf5_reader(o.request.rows.file).datasets();
    for (const std::string& name : flow::conditions_to_give(*run)) {
      const auto known = [&](const flow::tensor_rows& b) { return b.tensor == name; };
      if (name == rows.tensor || std::any_of(o.request.beside.begin(), o.request.beside.end(), known)) continue;
      if (std::find(there.begin(), there.end(), name) != there.end())
        o.request.beside.push_back({name, o.request.rows.file, name});
    }
    o.request.run = fs::absolute(o.folder).lexically_normal();
    o.request.out = fs::path(o.out.path).filename();
    config::value document = flow::applied_pipeline(*run, o.request);
    const std::string changed = change_values(document, o.changes);
    if (!o.processing.run.quiet) put_message(changed);
    return document;
  });
}

}

void add_apply(CLI::App& program) {
  auto o = std::make_shared<apply_options>();
  flow::application_request& r = o->request;
  CLI::App* verb = program.add_subcommand("apply", "apply a trained run to the rows of a file");
  verb->add_option("RUN_DIR", o->folder, "the folder of the run")->required()->check(not_empty());
  verb->add_option("--to", o->to, "FILE:DATASET: the rows")->required()->check(not_empty());
  verb->add_option("--do", r.task,
                   "denoise: draw what the rows are without their noise; fill: draw missing numbers (NaN) given the "
                   "others; generate: draw data given the rows as a condition; score: the log likelihood of each row; "
                   "encode: its x^T")
      ->required()
      ->check(one_of(flow::application_tasks()));
  verb->add_option(
          "--given", o->given,
          "NAME=FILE[:DATASET]: another condition of the model; those in the file of the rows, under their own "
          "names, are found")
      ->allow_extra_args(false);
  verb->add_option("--noise", r.deviation, "denoise: deviation of the noise in the data, in its units")
      ->check(positive());
  verb->add_option("--t", r.t, "denoise: begin at this t, to which the data is noised, instead")->check(at_least_one());
  verb->add_option("--members", r.members, "samples of each row")->check(at_least_one());
  verb->add_option("--steps", r.steps, "calls of the network for each sample, at most T")->check(at_least_one());
  verb->add_option("--seed", r.seed, "seed (default: 0)")->check(a_seed());
  verb->add_option("--set", o->changes, "change a value of the pipeline: --set graph.out.dtype=float16")
      ->allow_extra_args(false);
  o->out.add_to(*verb, "HDF5 file to write; it is made in the folder FILE.noneq, and the same command goes on there")
      ->required();
  o->processing.add_to(*verb);
  verb->callback([o] {
    registry plugins = installed_plugins();
    o->out.need_writable("HDF5");
    const fs::path folder = folder_of(*o), made = folder / fs::path(o->out.path).filename();
    const config::value document = document_of(*o, plugins);
    if (!fs::exists(folder)) o->out.need_free();
    const flow::plan p = as_input([&] { return flow::make_plan(document, plugins); });
    if (o->processing.dry) print_out("{}\n", config::to_yaml(document));
    o->processing.run.folder = folder;
    if (o->out.force) o->processing.run.policy = flow::if_there::replace;
    if (!run_processing(p, o->processing)) return;
    if (!o->processing.dry && fs::exists(made)) {
      o->out.need_free();  // another file may have come to be there since the command began
      fs::rename(made, o->out.path);
      print_out("{}\n", o->out.path);
    }
  });
}

}
