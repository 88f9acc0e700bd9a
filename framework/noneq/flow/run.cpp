#include "noneq/flow/run.hpp"

#include <fmt/format.h>

#include "noneq/core/memory.hpp"
#include "noneq/flow/data_summary.hpp"
#include "noneq/flow/folder_lock.hpp"
#include "noneq/flow/from_run.hpp"
#include "noneq/flow/graph.hpp"
#include "noneq/flow/loss_range.hpp"
#include "noneq/flow/occasions.hpp"
#include "noneq/flow/plan_remarks.hpp"
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
  loss_range range;
  bool saved_in_range = false;  // whether the loss was, when the last checkpoint was saved
  nlohmann::json from;          // the run that it began with; null: none
  bool occasion_due = false;    // the samplers and metrics of this step were interrupted
};

void make_learner(trained_so_far& so_far, const plan& p) {
  const plan_node& node = p.the("trainer");
  const auto& t = node.as<trainer>();
  const std::int64_t weights = so_far.opened->weights().count();
  refusing(node, [&] {
    // The weights, their averages, the gradients of every shard, and two moments as the Adam family has them.
    const auto vectors = static_cast<double>(3 + t.shards) + static_cast<double>(t.ema.size());
    need_memory(vectors * sizeof(float) * static_cast<double>(weights), fmt::format("to train {} weights", weights));
    so_far.trains.emplace(*so_far.opened);
  });
}

void begin(trained_so_far& so_far, const plan& p) {
  so_far.opened.emplace(p);
  make_learner(so_far, p);
}

// What is wrong with a checkpoint may show only when it is used; it is bad input all the same.
template <class Use>
void using_checkpoint(const std::filesystem::path& saved, const Use& use) {
  try {
    use();
  } catch (const input_error&) {
    throw;
  } catch (const error& e) {
    throw input_error({e.at({saved.string(), 0, 0}, "")});
  } catch (const std::exception& e) {
    throw input_error({error(first_line(e.what()), "", {saved.string(), 0, 0})});
  }
}

void go_on(trained_so_far& so_far, const plan& p, const checkpoint& start, const std::filesystem::path& saved) {
  using_checkpoint(saved, [&] {
    so_far.opened.emplace(p, start);
    so_far.trains.emplace(*so_far.opened, start);
    so_far.average = loss_average(start.meta.value("loss_since_record", so_far.average.saved()));
    so_far.occasion_due = start.meta.value("occasion_due", false);
    so_far.range = loss_range(start.meta.value("loss_range", so_far.range.saved()));
    so_far.saved_in_range = start.meta.value("loss_in_range", false);
    so_far.from = start.meta.value("from", nlohmann::json());
  });
}

void begin_from(trained_so_far& so_far, const plan& p, const run_options& options) {
  std::error_code none;
  if (std::filesystem::equivalent(options.from, options.folder, none))
    throw input_error({error("got --from the folder of the run itself, need --out another folder", "",
                             {options.folder.string(), 0, 0})});
  const beginning b = begin_from_run(options.from, p);
  using_checkpoint(options.from, [&] { so_far.opened.emplace(p, b.start); });
  make_learner(so_far, p);
  so_far.from = {{"run", std::filesystem::absolute(options.from).string()}, {"step", b.steps}};
}

// A run goes on with the data that it began with, whatever its file is called now.
void need_same_data(const session& s, const checkpoint& start) {
  const std::string was = start.meta.value("data", ""), is = s.info().identity;
  if (was.empty() || is.empty() || was == is) return;
  const plan_node& loader = s.plan().the("loader");
  throw input_error(
      {error(fmt::format("got data with contents {}, need {}, as the run began with; begin another run, or use --from",
                         is, was),
             loader.id, loader.where)});
}

std::string last_good(const std::filesystem::path& checkpoint, std::int64_t step) {
  return fmt::format("the last good checkpoint is {}, of step {}", checkpoint.string(), step);
}

// e, and where to go on from.
error with_checkpoint(const error& e, const run_folder& folder, std::int64_t saved) {
  const std::string last =
      has_checkpoint(folder.saved()) ? last_good(folder.saved(), saved) : "there is no checkpoint yet";
  return error(fmt::format("{}; {}", e.message(), last), e.subject(), e.where());
}

// e of a run whose weights are ruined, maybe since a while: another trainer is to take over those that were good.
// vouched: whether the weights of the checkpoint of step `saved` were seen to give a loss within its range.
error with_good_checkpoint(const diverged& e, const run_folder& folder, std::int64_t saved, bool vouched) {
  const bool kept = has_checkpoint(folder.in_range());
  if (!has_checkpoint(folder.saved())) return with_checkpoint(e, folder, saved);
  if (!kept && !vouched)
    return error(fmt::format("{}; the weights of {}, of step {}, may be ruined already", e.message(),
                             folder.saved().string(), saved),
                 e.subject(), e.where());
  const std::string last =
      kept ? last_good(folder.in_range(), load_checkpoint(folder.in_range()).meta.value("step", std::int64_t{0}))
           : last_good(folder.saved(), saved);
  return error(fmt::format("{}; {}; give its weights to another trainer by --from {}, into another folder", e.message(),
                           last, folder.path().string()),
               e.subject(), e.where());
}

}

void run(const plan& p, const run_options& options) {
  const folder_lock alone(options.folder);
  // All that can be refused is, before what the folder holds is touched: a run that cannot start leaves it as it was.
  const run_folder folder(options.folder);
  trained_so_far so_far;
  const auto start = folder.start(p, options.policy);
  if (start)
    go_on(so_far, p, *start, folder.saved());
  else if (!options.from.empty())
    begin_from(so_far, p, options);
  else
    begin(so_far, p);
  session& s = *so_far.opened;
  const auto& t = p.the("trainer").as<trainer>();
  const char* unit = p.the("loss").as<loss>().unit();
  if (s.step() < t.steps)
    s.data();
  else
    s.data_if_there();
  if (start) need_same_data(s, *start);
  rehearse_writers(s, folder.path());
  const auto staying = folder.prepare(p, options.policy);
  workers pool(options.threads);
  progress say(options.quiet ? telling::errors : telling::everything, s.step(), t.steps);
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
  bool vouched = false;  // that the weights saved last are good, by a loss that they gave
  const auto save = [&] {
    for (const Tensor& weight : s.weights().vectors())
      if (!all_finite(weight))
        throw diverged(fmt::format("the weights are no longer finite at step {}. Try a lower rate", s.step()),
                       p.the("trainer").id, p.the("trainer").where);
    const bool in_range = !so_far.range.left();
    if (!in_range && so_far.saved_in_range) {
      alone.need_folder();
      save_checkpoint(folder.in_range(), load_checkpoint(folder.saved()));
      say.say(fmt::format("the loss has left its range; the checkpoint of step {} is kept in {}", saved,
                          folder.in_range().string()));
    }
    checkpoint c = s.snapshot();
    so_far.trains->save(c);
    c.meta["loss_since_record"] = so_far.average.saved();
    c.meta["occasion_due"] = so_far.occasion_due;
    records.make_durable();  // a checkpoint never outlives the records before it
    c.meta["loss_range"] = so_far.range.saved();
    c.meta["loss_in_range"] = so_far.saved_in_range = in_range;
    if (!so_far.from.is_null()) c.meta["from"] = so_far.from;
    alone.need_folder();  // a run whose folder was removed is not to make it again
    save_checkpoint(folder.saved(), c);
    std::error_code none;
    if (in_range) std::filesystem::remove_all(folder.in_range(), none);
    saved = s.step();
    vouched = false;
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

  say.say(fmt::format("{}: {} parameters, {} threads, {} shards, seed {}, folder {}{}{}", p.name, s.weights().count(),
                      pool.threads(), t.shards, p.seed, folder.path().string(),
                      s.step() > 0 ? fmt::format(", resumed at step {}", s.step()) : "",
                      so_far.from.is_null() ? "" : fmt::format(", from {}", so_far.from["run"].get<std::string>())));
  if (s.step() < t.steps) {
    for (const std::string& line : remark_lines(p)) say.say(line);
    say.say("data: " + summary(s.info()));
    for (const std::string& note : s.info().notes) say.say("data: note: " + note);
  }
  for (const std::string& note : pool.notes()) say.say(note);
  for (const auto& [file, why] : staying) say.say(fmt::format("{}: {}; it stays", file.string(), why));
  if (s.finished() && s.step() >= t.steps) say.say("already trained; samplers, metrics and writers run again");
  // Without its first checkpoint it would be resumed with other weights.
  if (!so_far.from.is_null() && s.step() == 0) save();
  if (so_far.occasion_due && s.step() < t.steps) occasion();
  const auto training = [&](double loss) {
    so_far.average.add(loss);
    vouched = vouched || so_far.range.holds(loss);
    so_far.range.add(loss);
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
  } catch (const input_error&) {
    throw;
  } catch (const folder_gone&) {
    throw;
  } catch (const diverged& e) {
    throw with_good_checkpoint(e, folder, saved, vouched);
  } catch (const error& e) {
    throw with_checkpoint(e, folder, saved);
  }
  stop_here_if_asked();
  alone.need_folder();
  beside.at_end();
  s.finish();
  save();
}

}
