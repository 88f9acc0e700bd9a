#include "noneq/flow/run.hpp"

#include <fmt/format.h>

#include "noneq/core/threads.hpp"
#include "noneq/flow/graph.hpp"
#include "noneq/flow/occasions.hpp"
#include "noneq/flow/stop.hpp"

namespace noneq {
namespace {

// The mean of the losses since the last record, with its standard error over steps.
class loss_average {
 public:
  void add(double x) { sum_ += x, squares_ += x * x, ++n_; }
  measured take(const char* unit) {
    const double mean = sum_ / n_,
                 spread = std::sqrt(std::max(0.0, squares_ / n_ - mean * mean) / std::max(1.0, n_ - 1));
    sum_ = squares_ = n_ = 0;
    return {"loss", mean, unit, spread};
  }
  bool empty() const { return n_ == 0; }

 private:
  double sum_ = 0, squares_ = 0, n_ = 0;
};

std::optional<learner> make_learner(session& s, const std::optional<checkpoint>& start) {
  return start ? std::optional<learner>(std::in_place, s, *start) : std::optional<learner>(std::in_place, s);
}

std::int64_t count_parameters(session& s) {
  std::int64_t n = 0;
  for (const Tensor& t : s.network_parameters()) n += t.numel();
  return n;
}

}

void run(const plan& p, const run_options& options) {
  // Opened before the folder is touched: a run that cannot start leaves nothing behind.
  const run_folder folder(options.folder);
  std::optional<session> opened;
  if (options.policy != if_there::resume || !has_checkpoint(folder.saved())) opened.emplace(p);
  const std::optional<checkpoint> start = folder.prepare(p, options.policy);
  if (start) opened.emplace(p, *start);
  session& s = *opened;
  auto l = make_learner(s, start);

  const auto& t = p.the("trainer").as<trainer>();
  const char* unit = p.the("loss").as<loss>().unit();
  workers pool(options.threads);
  progress say(options.quiet, s.step(), t.steps);
  record_file records(folder.records(), s.step());
  occasions beside(s, pool, folder.path(), say,
                   [&](const std::string& node, const measured& m) { records.add(s.step(), node, m); });
  const auto save = [&] {
    checkpoint c = s.snapshot();
    l->save(c);
    save_checkpoint(folder.saved(), c);
  };

  say.say(fmt::format("{}: {} parameters, {} threads, {} shards, seed {}, folder {}{}", p.name, count_parameters(s),
                      pool.threads(), t.shards, p.seed, folder.path().string(),
                      s.step() > 0 ? fmt::format(", resumed at step {}", s.step()) : ""));
  if (!blas_is_thread_safe())
    say.say("one thread only: this OpenBLAS is built without locks; install libopenblas0-pthread to use more");
  if (s.finished() && s.step() >= t.steps) say.say("already trained; samplers, metrics and writers run again");
  loss_average average;
  train(s, *l, pool, t.steps, [&](double loss) {
    average.add(loss);
    if (s.step() % t.log == 0 || s.step() == t.steps) records.add(s.step(), p.the("loss").id, average.take(unit));
    say.stepped(s.step(), loss, unit);
    try {
      if (s.step() < t.steps) beside.after_step();
    } catch (const interrupted&) {
      save();  // the step itself is finished
      throw;
    }
    if (s.step() % t.checkpoint == 0 || s.step() == t.steps || stop_asked()) save();
    return !stop_asked();
  });
  stop_here_if_asked();
  beside.at_end();
  s.finish();
  save();
}

}
