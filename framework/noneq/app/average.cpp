// noneq average RUN_DIR: averages of its weights over lengths that were not chosen before the training.
#include <atomic>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/out_file.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/trained_run.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/config/emit.hpp"
#include "noneq/core/messages.hpp"
#include "noneq/flow/averaged_weights.hpp"
#include "noneq/flow/events.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/flow/run_folder.hpp"
#include "noneq/flow/run_observers.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::app {
namespace {

struct average_options {
  std::string folder, metric, record;
  double length = 0;
  std::vector<double> lengths{0.02, 0.03, 0.04, 0.055, 0.075, 0.1, 0.13, 0.17, 0.22};
  std::int64_t step = 0;
  int threads = 0;
  bool sweep = false, quiet = false;
  out_file out;
};

CLI::Validator a_length() {
  return {[](std::string& text) {
            double x = 0;
            const bool is = CLI::detail::lexical_cast(text, x) && x > 0 && x <= 0.28;
            return is ? std::string() : "got " + text + ", need a relative width above 0 and up to 0.28";
          },
          "NUMBER up to 0.28"};
}

flow::kept_averages averages_of(const average_options& o, const flow::session& s) {
  return as_input([&] {
    return flow::kept_averages(o.folder, s.plan().training().trainer.as<trainer>(),
                               flow::run_folder(o.folder).last_checkpoint(), o.step);
  });
}

// Averages of few snapshots may be far from the wanted one.
void note_error(const flow::kept_averages& kept, double length) {
  if (const double error = kept.distance(length); error > 0.05)
    put_message(
        fmt::format("noneq: note: the snapshots give an average of length {} with an error of {:.0f} % of its "
                    "profile; take a length nearer to those that were kept\n",
                    length, 100 * error));
}

void write_run(const average_options& o) {
  registry plugins = installed_plugins();
  const auto opened = open_run(o.folder, plugins, [](config::value& document) { flow::remove_beside_model(document); });
  const flow::kept_averages kept = averages_of(o, *opened);
  if (kept.step() < opened->step() && opened->plan().learns_schedule())
    throw input_error(
        {error("--step got a step before the last of a run that learns its schedule, of which there are "
               "no snapshots; leave it out")});
  as_input([&] { flow::refuse_files_of_run(o.out.path, opened->plan(), o.folder); });
  o.out.need_free();
  note_error(kept, o.length);
  as_input([&] {
    const flow::run_folder made(o.out.path);
    const std::filesystem::path from = o.folder;
    storage::save_checkpoint(
        made.saved(),
        flow::averaged_checkpoint(
            flow::run_folder(o.folder).last_checkpoint(), kept.of_width(o.length), kept.step(),
            {{"run", std::filesystem::absolute(from).string()}, {"length", o.length}, {"step", kept.step()}}));
    storage::write_atomically(made.path() / "pipeline.yaml", storage::read_file(from / "pipeline.yaml"));
  });
  put_message(fmt::format("{}: the average of length {} at step {}, as a run\n", o.out.path, o.length, kept.step()));
}

// The record to look at: of the metric named, or of the first; the one named, or the first.
class wanted_record {
 public:
  explicit wanted_record(const average_options& o) : o_(o) {}

  void hear(const flow::plan_node& n, const measured& m) {
    names_.push_back(m.name);
    if (found_ || (!o_.record.empty() && m.name != o_.record)) return;
    found_ = m;
    node_ = n.id;
  }
  // Returns the record since the last call. Throws input_error when there was none.
  measured take() {
    if (!found_)
      throw input_error({error(fmt::format("--record got '{}', need one of {}{}", o_.record, fmt::join(names_, ", "),
                                           did_you_mean(o_.record, names_)))});
    names_.clear();
    return *std::exchange(found_, std::nullopt);
  }

 private:
  const average_options& o_;
  std::optional<measured> found_;
  std::string node_;
  std::vector<std::string> names_;
};

// How far a sweep is, as a line with the time left: each length costs about as much as the one before.
class sweep_progress final : public flow::observer {
 public:
  sweep_progress(bool quiet, std::size_t lengths)
      : line_(quiet ? flow::telling::errors : flow::telling::waiting, 0, 0), lengths_(lengths) {}
  // Called after each length.
  void next() {
    ++done_;
    parts_ = finished_ = 0;
    sampled_ = 0;
    line_.clear();
  }
  void expects(const flow::plan_node& n, std::int64_t batches) override {
    if (n.role() == "metric") parts_ += batches;
  }
  void network_called(const flow::plan_node&) override { show(); }
  void advanced(const flow::plan_node&, double share) override { sampled_ += share; }
  void ended(const flow::node_call& c) override {
    if (c.what != flow::calling::map || c.node.role() != "metric") return;
    ++finished_;
    show();
  }

 private:
  void show() {
    line_.at_work([&] {
      const double parts = parts_ > 0 ? static_cast<double>(finished_) / static_cast<double>(parts_) : 0;
      const double share = (static_cast<double>(done_) + std::min(1.0, std::max<double>(sampled_, parts))) /
                           static_cast<double>(lengths_);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
      return fmt::format("length {} of {}: {:.0f} %{}", done_ + 1, lengths_, 100 * share,
                         share > 0 ? fmt::format(", {} left", flow::minutes(seconds * (1 - share) / share)) : "");
    });
  }

  flow::progress line_;
  const std::size_t lengths_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::atomic<std::size_t> done_ = 0;
  std::atomic<std::int64_t> parts_ = 0, finished_ = 0;
  std::atomic<double> sampled_ = 0;
};

void keep_metric(config::value& document, const average_options& o) {
  std::vector<std::string> metrics = flow::find_nodes(document, "metric.");
  if (metrics.empty())
    throw input_error({error("--sweep got a run without metrics, need one in its pipeline", "", {o.folder, 0, 0})});
  if (!o.metric.empty()) {
    if (std::find(metrics.begin(), metrics.end(), o.metric) == metrics.end())
      throw input_error({error(fmt::format("--metric got '{}', need one of {}{}", o.metric, fmt::join(metrics, ", "),
                                           did_you_mean(o.metric, metrics)))});
    metrics = {o.metric};
  }
  flow::remove_beside_model(document, {metrics.front()});
}

struct curve {
  std::vector<double> length, value, error;
};

// Draws the curve with writer.figure, as it would the arrays of a metric.
void draw(const curve& c, const measured& as, const std::filesystem::path& file, registry& plugins) {
  const auto text = [](const std::string& s) { return config::value::scalar(s, true); };
  config::problems found;
  const instance figure =
      instantiate("writer",
                  config::value::map({{"plugin", text("figure")},
                                      {"draw", text("curves")},
                                      {"file", text(std::filesystem::absolute(file).string())},
                                      {"unit", text(as.unit.empty() ? as.name : as.name + " / " + as.unit)}}),
                  {plugins, found, "--out"});
  found.raise();
  const auto& drawing = static_cast<const writer&>(*figure.made);
  writing w{"", "", nullptr, {}, stream(0), {}, {}, {}, {{"length", "", extent::axis}}};
  const auto numbers = [](const std::vector<double>& x) { return at::tensor(x, at::kDouble); };
  const auto sink = drawing.open(w);
  sink->add(sink->map(
      {0, 0, {{"length", numbers(c.length)}, {as.name, numbers(c.value)}, {as.name + "_stderr", numbers(c.error)}}}));
  sink->finish();
}

void sweep(const average_options& o) {
  registry plugins = installed_plugins();
  if (!o.out.path.empty()) o.out.need_writable("PNG");
  const auto opened = open_run(o.folder, plugins, [&](config::value& document) { keep_metric(document, o); });
  flow::session& s = *opened;
  const flow::kept_averages kept = averages_of(o, s);
  if (!o.out.path.empty()) {
    as_input([&] { flow::refuse_files_of_run(o.out.path, s.plan(), o.folder); });
    o.out.need_free();
  }
  as_input([&] { s.data(); });
  flow::stop_on_signals();
  flow::workers pool(o.threads);
  sweep_progress shown(o.quiet, o.lengths.size());
  wanted_record wanted(o);
  flow::record_listener records([&](const flow::plan_node& n, const measured& m) { wanted.hear(n, m); });
  flow::observers all({&shown, &records});
  curve c;
  std::optional<measured> last;
  for (const double length : o.lengths) {
    note_error(kept, length);
    s.put_weights(kept.of_width(length));
    flow::events(s, pool, o.folder, all).at_end();
    shown.next();
    last = wanted.take();
    if (c.length.empty()) print_out("length,{},stderr\n", last->name);
    print_out("{},{},{}\n", length, last->value, last->standard_error);
    flush_output();
    c.length.push_back(length), c.value.push_back(last->value), c.error.push_back(last->standard_error);
  }
  if (!o.out.path.empty()) draw(c, *last, o.out.path, plugins);
}

}

void add_average(CLI::App& program) {
  auto o = std::make_shared<average_options>();
  CLI::App* verb = program.add_subcommand(
      "average", "an average of the weights over any length, from the snapshots of a run that kept averages");
  verb->add_option("RUN_DIR", o->folder, "the folder of the run")->required()->check(not_empty());
  CLI::Option* length =
      verb->add_option("--length", o->length, "relative width of the average over the training, e.g. 0.05")
          ->check(a_length());
  o->out.add_to(*verb, "with --length, the folder of a run that has these weights; with --sweep, a figure in PNG");
  verb->add_option("--step", o->step, "a step of which there is a snapshot, in place of the last")
      ->check(at_least_one());
  CLI::Option* sweeps =
      verb->add_flag("--sweep", o->sweep, "measure a metric of the pipeline over many lengths, as CSV");
  sweeps->excludes(length);
  verb->add_option("--lengths", o->lengths, "with --sweep, these lengths, as 0.02,0.05,0.1")
      ->delimiter(',')
      ->check(a_length())
      ->needs(sweeps);
  verb->add_option("--metric", o->metric, "with --sweep, the node of the metric; the first otherwise")->needs(sweeps);
  verb->add_option("--record", o->record, "with --sweep, the name of its number; the first otherwise")->needs(sweeps);
  add_threads(*verb, o->threads);
  add_quiet(*verb, o->quiet);
  verb->callback([o] {
    if (!o->sweep && o->length == 0)
      throw input_error({error("need --length, as in --length 0.05 --out RUN2, or --sweep")});
    if (!o->sweep && o->out.path.empty())
      throw input_error({error("--out is missing; need a folder for a run with these weights")});
    const at::NoGradGuard values_only;
    if (o->sweep)
      sweep(*o);
    else
      write_run(*o);
  });
}

}
