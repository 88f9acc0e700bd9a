// noneq sample RUN_DIR
#include <fmt/format.h>

#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/trained_run.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/flow/stop.hpp"

namespace noneq {
namespace {

struct options {
  std::string folder, sampler, out = "samples.h5";
  std::int64_t count = 0, steps = 0;
  std::optional<std::int64_t> seed;
  int threads = 0;
  bool quiet = false;
};

// The pipeline's own sampler with what was asked for changed, or another plugin with its defaults.
void only_this_sampler(value& document, const options& o) {
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
  node.set("count", value::scalar(std::to_string(o.count)));
  if (o.steps > 0) node.set("steps", value::scalar(std::to_string(o.steps)));
  node.set_where_all({"noneq sample", 0, 0});
  remove_beside_model(document);
  id = add_node(document, "sampler", std::move(node));
  const auto file = std::filesystem::absolute(o.out).string();
  add_node(
      document, "writer",
      value::map(
          {{"plugin", value::scalar("writer.hdf5")}, {"in", value::scalar(id)}, {"file", value::scalar(file, true)}}));
  if (o.seed) document.set("seed", value::scalar(std::to_string(*o.seed)));
}

}

void add_sample(CLI::App& program) {
  auto o = std::make_shared<options>();
  CLI::App* verb = program.add_subcommand("sample", "draw new data from a trained run");
  verb->add_option("RUN_DIR", o->folder, "the folder of the run")->required();
  verb->add_option("--count", o->count, "how many")->required()->check(CLI::PositiveNumber);
  verb->add_option("--sampler", o->sampler, "another sampler plugin than the pipeline's");
  verb->add_option("--steps", o->steps, "reverse steps, at most T")->check(CLI::PositiveNumber);
  verb->add_option("--out", o->out, "HDF5 file to write (default: samples.h5)");
  verb->add_option("--seed", o->seed, "another seed than the run's");
  verb->add_option("--threads", o->threads, "worker threads")->check(CLI::Range(1, 1024));
  verb->add_flag("--quiet", o->quiet, "print errors only");
  verb->callback([o] {
    registry plugins = installed_plugins();
    need_writable(o->out);
    session s = open_run(o->folder, plugins, [&](value& document) { only_this_sampler(document, *o); });
    stop_on_signals();
    workers pool(o->threads);
    progress say(o->quiet, 0, 0);
    occasions(s, pool, o->folder, say, [](const std::string&, const measured&) {}).at_end();
  });
}

}
