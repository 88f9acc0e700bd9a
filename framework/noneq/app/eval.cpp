// noneq eval RUN_DIR
#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/in_job.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/trained_run.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/core/messages.hpp"
#include "noneq/flow/equal_beginnings.hpp"
#include "noneq/flow/events.hpp"
#include "noneq/flow/job_ranks.hpp"
#include "noneq/flow/row_parameters.hpp"
#include "noneq/flow/run_observers.hpp"
#include "noneq/flow/stop.hpp"

namespace noneq::app {
namespace {

struct eval_options {
  std::string folder, data, method;
  std::int64_t samples = 0;
  int threads = 0;
  bool json = false, quiet = false, alone = false;
};

const std::map<std::string, std::string> methods{
    {"bound", "metric.bound"}, {"flow", "metric.likelihood"}, {"vlb", "metric.bits_per_dim"}};

config::value of_model(const config::value& document, const std::string& plugin) {
  return config::value::map(
      {{"plugin", config::value::scalar(plugin)}, {"of", config::value::scalar(flow::find_node(document, "model."))}});
}

// Returns whether a metric measures so many rows of a part of the data, and not those of a stream.
bool counts_rows(registry& plugins, const config::value& node) {
  const std::string name = node.find("plugin")->text();
  try {
    const plugin_entry& metric = plugins.find("metric", name.substr(name.find('.') + 1));
    return flow::measures_rows(metric) && (flow::inputs_of(node).empty() || flow::row_parameters(metric).empty());
  } catch (const error&) {
    return false;  // making the plan reports the error
  }
}

// Returns the metrics of the method, or all: those of the pipeline, or one with its defaults.
void keep_metrics(config::value& document, const eval_options& o, registry& plugins) {
  const std::string method = o.method.empty() ? "bound" : o.method, plugin = methods.at(method);
  flow::remove_beside_model(document, flow::find_nodes(document, o.method.empty() ? "metric." : plugin));
  if (flow::find_node(document, "metric.").empty()) flow::add_node(document, method, of_model(document, plugin));
  if (o.samples == 0) return;
  for (const std::string& id : flow::find_nodes(document, "metric."))
    if (config::value& node = document.child("graph").child(id); node.is_map() && counts_rows(plugins, node))
      node.set("samples", config::value::scalar(std::to_string(o.samples)));
}

struct record {
  std::string node;
  measured said;
};

// The bound's numbers by name, then all records.
nlohmann::ordered_json summary(const std::vector<record>& records) {
  std::map<std::string, measured> found;
  auto all = nlohmann::ordered_json::array();
  for (const record& r : records) found.try_emplace(r.said.name, r.said), all.push_back(flow::to_json(r.node, r.said));
  const auto number = [&](const char* name, bool error = false) -> nlohmann::ordered_json {
    const auto it = found.find(name);
    return flow::finite_or_null(it == found.end() ? std::nan("")
                                : error           ? it->second.standard_error
                                                  : it->second.value);
  };
  const auto bound = found.find("K");
  const std::string unit = bound == found.end() ? "" : bound->second.unit;
  return {{"K_bits", number("K")},
          {"K_stderr", number("K", true)},
          {"K_minus_null_bits", number("K_minus_null")},
          {"attainable_bits", number("attainable")},
          {"ceiling_bits", number("ceiling")},
          {"beta_1", number("beta_1")},
          {"vlb_bits_per_dim", number("vlb")},
          {"L_T", number("L_T")},
          {"L_0", number("L_0")},
          {"per", unit.substr(unit.find('/') + 1)},
          {"records", std::move(all)}};
}

void measure(const eval_options& o, const ranks& r) {
  registry plugins = installed_plugins();
  std::unique_ptr<flow::session> opened;
  std::optional<flow::workers> pool;
  together(r, [&] {
    opened = open_run(o.folder, plugins, [&](config::value& document) { keep_metrics(document, o, plugins); });
    as_input([&] {
      if (!o.data.empty()) opened->read_data_from(o.data);
      opened->data();  // a file that cannot be measured is refused now
    });
    pool.emplace(o.threads);
  });
  flow::need_equal_beginnings(r, *opened, {{"the data", opened->info().identity}});
  flow::stop_on_signals();
  if (r.first())
    for (const std::string& note : pool->notes()) put_message("noneq: " + note + "\n");
  flow::progress how_far(o.quiet || !r.first() ? flow::telling::errors : flow::telling::waiting, 0, 0);
  std::vector<record> found;
  flow::shown_progress shown(how_far, "");
  flow::record_listener records([&](const flow::plan_node& n, const measured& m) {
    found.push_back({n.id, m});
    how_far.clear();
    if (!o.json) print_out("{}: {}\n", n.id, flow::to_text(m));
  });
  flow::observers all({&shown, &records});
  flow::end_together(r, [&] { flow::events(*opened, *pool, o.folder, all, {}, r).at_end(); });
  how_far.clear();
  if (o.json && r.first()) print_out("{}\n", summary(found).dump(2));
}

}

void add_eval(CLI::App& program) {
  auto o = std::make_shared<eval_options>();
  CLI::App* verb = program.add_subcommand("eval", "measure a trained run again, on its data or another file");
  verb->add_option("RUN_DIR", o->folder, "the folder of the run")->required()->check(not_empty());
  verb->add_option("--data", o->data, "another HDF5 file with the same dataset")->check(not_empty());
  verb->add_option(
          "--method", o->method,
          "these metrics alone: bound (K and the variational bound), vlb (the bound of 8-bit data) or flow (log "
          "likelihood by the probability flow ODE)")
      ->check(one_of({"bound", "flow", "vlb"}));
  verb->add_option("--samples", o->samples, "rows to measure on, instead of what the pipeline says")
      ->check(at_least_one());
  add_threads(*verb, o->threads);
  verb->add_flag("--json", o->json, "one JSON object instead of lines");
  add_quiet(*verb, o->quiet);
  add_alone(*verb, o->alone);
  verb->callback([o] { in_job(o->alone, [&](const ranks& r) { measure(*o, r); }); });
}

}
