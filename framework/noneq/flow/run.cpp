#include "noneq/flow/run.hpp"

#include <fmt/format.h>

#include "noneq/core/threads.hpp"
#include "noneq/flow/data_summary.hpp"
#include "noneq/flow/graph.hpp"
#include "noneq/flow/occasions.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/flow/writer_checks.hpp"
#include "noneq/flow/written_files.hpp"

namespace noneq {
namespace {

// The mean of the losses since the last record, with its standard error over steps. A checkpoint carries it on.
class loss_average {
 public:
  loss_average() = default;
  explicit loss_average(const nlohmann::json& saved) : sum_(saved.at(0)), squares_(saved.at(1)), n_(saved.at(2)) {}
  nlohmann::json saved() const { return {sum_, squares_, n_}; }

  void add(double x) { sum_ += x, squares_ += x * x, ++n_; }
  measured mean(const char* unit) const {
    const double mean = sum_ / n_,
                 spread = std::sqrt(std::max(0.0, squares_ / n_ - mean * mean) / std::max(1.0, n_ - 1));
    return {"loss", mean, unit, spread};
  }

 private:
  double sum_ = 0, squares_ = 0, n_ = 0;
};

// A run as far as it has come, before its folder is touched.
struct trained_so_far {
  std::optional<session> opened;
  std::optional<learner> trains;
  loss_average average;
  bool occasion_due = false;  // the samplers and metrics of this step were interrupted
};

void begin(trained_so_far& so_far, const plan& p) {
  so_far.opened.emplace(p);
  so_far.trains.emplace(*so_far.opened);
}

// What is wrong with a checkpoint may show only when it is used; it is bad input all the same.
void go_on(trained_so_far& so_far, const plan& p, const checkpoint& start, const std::filesystem::path& saved) {
  try {
    so_far.opened.emplace(p, start);
    so_far.trains.emplace(*so_far.opened, start);
    so_far.average = loss_average(start.meta.value("loss_since_record", so_far.average.saved()));
    so_far.occasion_due = start.meta.value("occasion_due", false);
  } catch (const input_error&) {
    throw;
  } catch (const error& e) {
    throw input_error({e.at({saved.string(), 0, 0}, "")});
  } catch (const std::exception& e) {
    throw input_error({error(first_line(e.what()), "", {saved.string(), 0, 0})});
  }
}

error with_checkpoint(const error& e, const std::filesystem::path& checkpoint, std::int64_t step) {
  const std::string last = step == 0
                               ? "there is no checkpoint yet"
                               : fmt::format("the last good checkpoint is {}, of step {}", checkpoint.string(), step);
  return error(fmt::format("{}; {}", e.message(), last), e.subject(), e.where());
}

}

void run(const plan& p, const run_options& options) {
  // All that can be refused is, before the folder is touched: a run that cannot start leaves everything as it was.
  const run_folder folder(options.folder);
  trained_so_far so_far;
  if (const auto start = folder.start(p, options.policy))
    go_on(so_far, p, *start, folder.saved());
  else
    begin(so_far, p);
  session& s = *so_far.opened;
  const auto& t = p.the("trainer").as<trainer>();
  const char* unit = p.the("loss").as<loss>().unit();
  if (s.step() < t.steps) s.data();
  rehearse_writers(s, folder.path());
  const auto staying = folder.prepare(p, options.policy);
  workers pool(options.threads);
  progress say(options.quiet, s.step(), t.steps);
  const bool again = so_far.occasion_due || s.step() >= t.steps;
  record_file records(folder.records(), s.step(), [&](const std::string& id) {
    return again && std::any_of(p.nodes.begin(), p.nodes.end(),
                                [&](const plan_node& n) { return n.id == id && n.role() == "metric"; });
  });
  const written_files files(folder.path());
  occasions beside(
      s, pool, folder.path(), say, [&](const std::string& node, const measured& m) { records.add(s.step(), node, m); },
      [&](const std::filesystem::path& file) { files.add(file); });
  std::int64_t saved = s.step();
  const auto save = [&] {
    for (const Tensor& weight : s.weights().vectors())
      if (!all_finite(weight))
        throw diverged(fmt::format("the weights are no longer finite at step {}. Try a lower rate", s.step()),
                       p.the("trainer").id, p.the("trainer").where);
    checkpoint c = s.snapshot();
    so_far.trains->save(c);
    c.meta["loss_since_record"] = so_far.average.saved();
    c.meta["occasion_due"] = so_far.occasion_due;
    save_checkpoint(folder.saved(), c);
    saved = s.step();
  };
  const auto occasion = [&] {
    so_far.occasion_due = true;
    try {
      beside.after_step();
    } catch (const interrupted&) {
      save();  // the step itself is finished
      throw;
    }
    so_far.occasion_due = false;
  };

  say.say(fmt::format("{}: {} parameters, {} threads, {} shards, seed {}, folder {}{}", p.name, s.weights().count(),
                      pool.threads(), t.shards, p.seed, folder.path().string(),
                      s.step() > 0 ? fmt::format(", resumed at step {}", s.step()) : ""));
  if (s.step() < t.steps) {
    say.say("data: " + summary(s.info()));
    for (const std::string& note : s.info().notes) say.say("data: note: " + note);
  }
  if (!blas_is_thread_safe())
    say.say("one thread only: this OpenBLAS is built without locks; install libopenblas0-pthread to use more");
  for (const auto& file : staying)
    say.say(fmt::format("{}: was changed since the run that is replaced wrote it; it stays", file.string()));
  if (s.finished() && s.step() >= t.steps) say.say("already trained; samplers, metrics and writers run again");
  if (so_far.occasion_due && s.step() < t.steps) occasion();
  const auto training = [&](double loss) {
    so_far.average.add(loss);
    const bool whole = s.step() % t.log == 0;
    if (whole || s.step() == t.steps) records.add(s.step(), p.the("loss").id, so_far.average.mean(unit));
    if (whole) so_far.average = {};
    say.stepped(s.step(), loss, unit);
    if (s.step() < t.steps) occasion();
    if (s.step() % t.checkpoint == 0 || s.step() == t.steps || stop_asked()) save();
    return !stop_asked();
  };
  try {
    train(s, *so_far.trains, pool, t.steps, training);
  } catch (const error& e) {
    throw with_checkpoint(e, folder.saved(), saved);
  }
  stop_here_if_asked();
  beside.at_end();
  s.finish();
  save();
}

}
