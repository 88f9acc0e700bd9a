// noneq sample RUN_DIR
#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/trained_run.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/config/overrides.hpp"
#include "noneq/flow/events.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/flow/run_observers.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/flow/writer_checks.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq {
namespace {

struct sample_options {
  std::string folder, sampler, out = "samples.h5", noise, noise_dataset;
  std::int64_t count = 0, steps = 0;
  std::vector<std::int64_t> labels;
  std::optional<double> guidance;
  std::vector<std::string> settings;
  std::optional<std::int64_t> seed;
  int threads = 0;
  bool quiet = false;
};

// A picture for a name that asks for one.
bool is_picture(const sample_options& o) { return std::filesystem::path(o.out).extension() == ".png"; }

value writer_of(const sample_options& o, const std::string& sampler) {
  const bool picture = is_picture(o);
  value node = value::map({{"plugin", value::scalar(picture ? "writer.png" : "writer.hdf5")},
                           {"in", value::scalar(sampler)},
                           {"file", value::scalar(std::filesystem::path(o.out).filename().string(), true)}});
  if (picture) node.set("count", value::scalar(std::to_string(o.count)));
  return node;
}

value noise_of(const sample_options& o) {
  const std::string dataset = o.noise_dataset.empty() ? "noise" : o.noise_dataset;
  value node = value::map({{"plugin", value::scalar("loader.hdf5")},
                           {"file", value::scalar(std::filesystem::absolute(o.noise).string(), true)},
                           {"dataset", value::scalar(dataset, true)}});
  node.set_where_all({"noneq sample", 0, 0});
  return node;
}

// The pipeline's own sampler with what was asked for changed, or another plugin with its defaults.
void only_this_sampler(value& document, const sample_options& o) {
  value node = value::map();
  std::string id = find_node(document, "sampler.");
  if (!id.empty() && document.find("graph")->find(id)->is_map()) node = *document.find("graph")->find(id);
  const std::string asked = o.sampler.starts_with("sampler.") ? o.sampler : "sampler." + o.sampler;
  if (!o.sampler.empty() && (!node.contains("plugin") || node.find("plugin")->text() != asked))
    node = value::map({{"plugin", value::scalar(asked)}});
  if (!node.contains("plugin")) node.set("plugin", value::scalar("sampler.ancestral"));
  node.remove("every");
  node.remove("frames");
  node.set("of", value::scalar(find_node(document, "model.")));
  const auto set = [&](const char* key, const auto& x) { node.set(key, value::scalar(fmt::format("{}", x))); };
  set("count", o.count);
  if (o.steps > 0) set("steps", o.steps);
  if (o.guidance) set("guidance", *o.guidance);
  if (!o.labels.empty()) {
    value labels = value::list();
    for (const std::int64_t label : o.labels) labels.push_back(value::scalar(std::to_string(label)));
    node.set("labels", std::move(labels));
  }
  node.set_where_all({"noneq sample", 0, 0});
  remove_beside_model(document);
  if (!o.noise.empty()) {
    node.set("in", value::scalar(add_node(document, "noise", noise_of(o))));
    node.set("as", value::map({{"x0", value::scalar("noise")}}));
    node.set("start", value::scalar("noise"));
  }
  id = add_node(document, "sampler", std::move(node));
  for (const std::string& setting : o.settings) apply_override(document.child("graph").child(id), setting);
  add_node(document, "writer", writer_of(o, id));
  if (o.seed) document.set("seed", value::scalar(std::to_string(*o.seed)));
}

// As many samples as there is noise for.
std::int64_t rows_of(const sample_options& o) {
  return hdf5_reader(o.noise).layout(o.noise_dataset.empty() ? "noise" : o.noise_dataset).shape[0];
}

}

void add_sample(CLI::App& program) {
  auto o = std::make_shared<sample_options>();
  CLI::App* verb = program.add_subcommand("sample", "draw new data from a trained run");
  verb->add_option("RUN_DIR", o->folder, "the folder of the run")->required()->check(not_empty());
  auto* count = verb->add_option("--count", o->count, "how many (with --noise: all of its rows, if not said)")
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
  verb->add_option("--set", o->settings, "any other parameter of the sampler: --set grid=karras")
      ->allow_extra_args(false);
  verb->add_option("--out", o->out, "HDF5 file to write, or a picture: name.png (default: samples.h5)")
      ->check(not_empty());
  verb->add_option("--seed", o->seed, "another seed than the run's");
  verb->add_option("--threads", o->threads, "worker threads")->check(CLI::Range(1, 1024));
  verb->add_flag("--quiet", o->quiet, "print errors only");
  verb->callback([o, count, noise] {
    registry plugins = installed_plugins();
    if (count->empty() && noise->empty()) throw CLI::RequiredError("--count");
    need_writable(o->out, is_picture(*o) ? "PNG" : "HDF5");
    if (!noise->empty()) need_other_file(o->out, o->noise, "--noise");
    if (!noise->empty())
      as_input([&] {
        const std::int64_t rows = rows_of(*o);
        if (count->empty()) o->count = rows;
        if (o->count > rows)
          throw error(fmt::format("--count got {}, need at most {}, the rows of {}", o->count, rows, o->noise));
      });
    const auto opened = open_run(o->folder, plugins, [&](value& document) { only_this_sampler(document, *o); });
    session& s = *opened;
    as_input([&] { s.open_streams(); });
    as_input([&] { refuse_files_of_run(o->out, s.plan(), o->folder); });
    const std::filesystem::path place = std::filesystem::absolute(o->out).parent_path();
    stop_on_signals();
    rehearse_writers(s, place);
    workers pool(o->threads);
    progress say(o->quiet ? telling::errors : telling::everything, 0, 0);
    for (const std::string& note : pool.notes()) say.say(note);
    shown_progress shown(say, "");
    events(s, pool, place, shown).at_end();
  });
}

}
