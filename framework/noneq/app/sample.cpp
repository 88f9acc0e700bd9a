// noneq sample RUN_DIR
#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/in_job.hpp"
#include "noneq/app/out_file.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/rows_in_file.hpp"
#include "noneq/app/trained_run.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/config/overrides.hpp"
#include "noneq/flow/equal_beginnings.hpp"
#include "noneq/flow/events.hpp"
#include "noneq/flow/job_ranks.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/flow/run_observers.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/flow/writer_checks.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq::app {
namespace {

struct sample_options {
  std::string folder, sampler, noise, noise_dataset;
  out_file out{"samples.h5"};
  std::vector<std::string> given;  // NAME=FILE or NAME=FILE:DATASET
  std::vector<rows_in_file> rows;  // of --given and --noise, as they were read
  std::int64_t count = 0, steps = 0;
  std::vector<std::int64_t> labels;
  std::optional<double> guidance;
  std::vector<std::string> settings;
  std::optional<std::int64_t> seed;
  int threads = 0;
  bool quiet = false, alone = false;
};

// A picture, when the name of the file ends in .png.
bool is_picture(const sample_options& o) { return std::filesystem::path(o.out.path).extension() == ".png"; }

config::value writer_of(const sample_options& o, const std::string& sampler) {
  const bool picture = is_picture(o);
  config::value node = config::value::map(
      {{"plugin", config::value::scalar(picture ? "writer.png" : "writer.hdf5")},
       {"in", config::value::scalar(sampler)},
       {"file", config::value::scalar(std::filesystem::path(o.out.path).filename().string(), true)}});
  if (picture) node.set("count", config::value::scalar(std::to_string(o.count)));
  return node;
}

// The rows that the sampler takes in place of its own.
std::vector<rows_in_file> read_rows(const sample_options& o) {
  std::vector<rows_in_file> all = read_given(o.given);
  if (!o.noise.empty())
    all.push_back({{"noise", o.noise, o.noise_dataset.empty() ? "noise" : o.noise_dataset}, "--noise"});
  return all;
}

// The pipeline's own sampler with the options applied, or another plugin with its defaults.
void only_this_sampler(config::value& document, const sample_options& o) {
  config::value node = flow::sampler_called(document, o.sampler);
  node.remove("every");
  node.remove("frames");
  if (is_picture(o)) node.remove("members");  // it shows one sample a row
  node.set("of", config::value::scalar(flow::find_node(document, "model.")));
  const auto set = [&](const char* key, const auto& x) { node.set(key, config::value::scalar(fmt::format("{}", x))); };
  set("count", o.count);
  if (o.steps > 0) set("steps", o.steps);
  if (o.guidance) set("guidance", *o.guidance);
  if (!o.labels.empty()) {
    config::value labels = config::value::list();
    for (const std::int64_t label : o.labels) labels.push_back(config::value::scalar(std::to_string(label)));
    node.set("labels", std::move(labels));
  }
  node.set_where_all({"noneq sample", 0, 0});
  for (const rows_in_file& r : o.rows)
    if (r.option != std::string_view("--noise")) flow::remove_input(node, r.tensor);
  flow::remove_beside_model(document, flow::inputs_of(node));
  for (const rows_in_file& r : o.rows) {
    config::value loader = flow::loader_of(r);
    loader.set_where_all({"noneq sample", 0, 0});
    flow::add_input(node, flow::add_node(document, r.tensor, std::move(loader)), r.tensor);
  }
  if (!o.noise.empty()) node.set("start", config::value::scalar("noise"));
  if (!flow::inputs_of(node).empty()) node.remove("chunk");
  node.set_where_all({"noneq sample", 0, 0});
  const std::string id = flow::add_node(document, "sampler", std::move(node));
  for (const std::string& setting : o.settings) config::apply_override(document.child("graph").child(id), setting);
  flow::add_node(document, "writer", writer_of(o, id));
  if (o.seed) document.set("seed", config::value::scalar(std::to_string(*o.seed)));
}

// Rows that nothing reads would change nothing, in silence.
void need_read(const sample_options& o, const flow::session& s) {
  const auto& nodes = s.plan().nodes;
  const auto node = std::find_if(nodes.begin(), nodes.end(), [](const auto& n) { return n.role() == "sampler"; });
  std::vector<std::string> reads = node->template as<sampler>().reads();
  for (std::string& name : s.conditions()) reads.push_back(std::move(name));
  for (const rows_in_file& r : o.rows)
    if (std::find(reads.begin(), reads.end(), r.tensor) == reads.end())
      throw error(fmt::format("{} got '{}', which neither the model nor the sampler or its guides read{}", r.option,
                              r.tensor, did_you_mean(r.tensor, reads)));
}

// One sample a row, if no other number is requested. Rows begin again where more are, but noise would repeat itself.
void count_rows(sample_options& o) {
  for (const rows_in_file& r : o.rows) {
    const std::int64_t rows = storage::hdf5_reader(r.file).layout(r.dataset).shape[0];
    if (o.count == 0) o.count = rows;
    if (r.option == std::string_view("--noise") && o.count > rows)
      throw error(fmt::format("--count got {}, need at most {}, the rows of {}", o.count, rows, o.noise));
  }
}

// Rethrows the problems of nodes that the user did not write under the names of the options that made them.
template <class F>
auto under_options(F&& f) {
  try {
    return f();
  } catch (const input_error& e) {
    std::vector<error> problems;
    for (const error& p : e.problems()) {
      if (p.subject() == "sampler.in")
        problems.push_back(error(fmt::format("{}: --given NAME=FILE", p.message()), "--given"));
      else
        problems.push_back(p);
    }
    throw input_error(std::move(problems));
  }
}

// Returns the option that --set would override in silence; "" when it does not.
std::string option_of(const sample_options& o, const std::string& parameter) {
  if (parameter == "count" && o.count > 0) return "--count";
  if (parameter == "steps" && o.steps > 0) return "--steps";
  if (parameter == "guidance" && o.guidance) return "--guidance";
  if (parameter == "labels" && !o.labels.empty()) return "--labels";
  return "";
}

void need_each_once(const sample_options& o) {
  for (const std::string& setting : o.settings)
    if (const std::string option = option_of(o, setting.substr(0, setting.find('='))); !option.empty())
      throw error(fmt::format("--set got '{}', which {} states too; give one of them", setting, option));
}

// Everything that can be refused is refused before the file is touched.
std::unique_ptr<flow::session> opened_session(sample_options& o, registry& plugins) {
  o.out.need_writable(is_picture(o) ? "PNG" : "HDF5");
  as_input([&] {
    need_each_once(o);
    o.rows = read_rows(o);
    for (const rows_in_file& r : o.rows) o.out.need_other_file(r.file, r.option);
    count_rows(o);
    if (o.count > 0) return;
    flow::run_folder::read(o.folder, plugins);  // which may be the mistake
    throw error("--count is required; --given and --noise have a row for each sample");
  });
  auto opened = open_run(o.folder, plugins, [&](config::value& document) { only_this_sampler(document, o); });
  flow::session& s = *opened;
  as_input([&] { need_read(o, s); });
  as_input([&] { s.open_streams(); });
  as_input([&] { flow::refuse_files_of_run(o.out.path, s.plan(), o.folder); });
  o.out.need_free();
  return opened;
}

void draw_samples(sample_options& o, const ranks& r) {
  registry plugins = installed_plugins();
  const std::filesystem::path place = std::filesystem::absolute(o.out.path).parent_path();
  std::unique_ptr<flow::session> opened;
  std::optional<flow::workers> pool;
  flow::stop_on_signals();
  together(r, [&] {
    opened = under_options([&] { return opened_session(o, plugins); });
    if (r.first()) flow::rehearse_writers(*opened, place);
    pool.emplace(o.threads);
  });
  flow::need_equal_beginnings(r, *opened, {{"--out", std::filesystem::absolute(o.out.path).string()}});
  flow::progress say(o.quiet || !r.first() ? flow::telling::errors : flow::telling::everything, 0, 0);
  for (const std::string& note : pool->notes()) say.say(note);
  flow::shown_progress shown(say, "");
  flow::end_together(r, [&] { flow::events(*opened, *pool, place, shown, {}, r).at_end(); });
}

}

void add_sample(CLI::App& program) {
  auto o = std::make_shared<sample_options>();
  CLI::App* verb = program.add_subcommand("sample", "draw new data from a trained run");
  verb->add_option("RUN_DIR", o->folder, "the folder of the run")->required()->check(not_empty());
  verb->add_option("--count", o->count, "how many; required, but with --given or --noise, whose default is one a row")
      ->check(at_least_one());
  verb->add_option("--sampler", o->sampler, "another sampler plugin than the pipeline's");
  verb->add_option("--steps", o->steps, "reverse steps, at most T")->check(at_least_one());
  verb->add_option("--labels", o->labels, "classes of the samples, in turn: 3, or 0,1,2")
      ->delimiter(',')
      ->allow_extra_args(false);
  verb->add_option("--guidance", o->guidance, "scale of classifier-free guidance; 1: none");
  auto* noise = verb->add_option("--noise", o->noise, "HDF5 file with x^T to start from, instead of drawing it")
                    ->check(not_empty());
  verb->add_option("--noise-dataset", o->noise_dataset, "its dataset (default: noise)")->needs(noise);
  verb->add_option("--given", o->given,
                   "NAME=FILE[:DATASET]: a tensor that the model, the sampler or its guides read, from "
                   "an HDF5 file with a row for each sample; rows begin again at the end")
      ->allow_extra_args(false);
  verb->add_option("--set", o->settings, "any other parameter of the sampler: --set grid=karras")
      ->allow_extra_args(false);
  o->out.add_to(*verb, "HDF5 file to write, or a picture: name.png (default: samples.h5)");
  verb->add_option("--seed", o->seed, "another seed than the run's")->check(a_seed());
  add_threads(*verb, o->threads);
  verb->add_flag("--quiet", o->quiet, "print errors only");
  add_alone(*verb, o->alone);
  verb->callback([o] { in_job(o->alone, [&](const ranks& r) { draw_samples(*o, r); }); });
}

}
