#include "noneq/flow/running.hpp"

#include <fmt/format.h>

#include "noneq/core/memory.hpp"
#include "noneq/flow/described_rows.hpp"
#include "noneq/flow/events.hpp"
#include "noneq/flow/run_observers.hpp"
#include "noneq/flow/snapshots.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/flow/tensorboard.hpp"
#include "noneq/flow/training.hpp"
#include "noneq/storage/tensorboard.hpp"

namespace noneq::flow {
namespace {

std::string last_good(const std::filesystem::path& checkpoint, std::int64_t step) {
  return fmt::format("the last good checkpoint is {}, of step {}", checkpoint.string(), step);
}

// Returns e with the checkpoint to go on from.
error with_checkpoint(const error& e, const run_folder& folder, std::int64_t saved) {
  const std::string last =
      storage::has_checkpoint(folder.saved()) ? last_good(folder.saved(), saved) : "there is no checkpoint yet";
  return error(fmt::format("{}; {}", e.message(), last), e.subject(), e.where());
}

// Returns e for a run whose weights may have been ruined before this step: another trainer is to go on from weights
// that were good. vouched: whether the weights of the checkpoint of step `saved` gave a loss within its range.
error with_good_checkpoint(const diverged& e, const run_folder& folder, std::int64_t saved, bool vouched) {
  const bool kept = storage::has_checkpoint(folder.in_range());
  if (!storage::has_checkpoint(folder.saved())) return with_checkpoint(e, folder, saved);
  if (!kept && !vouched)
    return error(fmt::format("{}; the weights of {}, of step {}, may be ruined already", e.message(),
                             folder.saved().string(), saved),
                 e.subject(), e.where());
  const std::string last =
      kept ? last_good(folder.in_range(),
                       storage::load_checkpoint_head(folder.in_range()).meta.value("step", std::int64_t{0}))
           : last_good(folder.saved(), saved);
  return error(fmt::format("{}; {}; give its weights to another trainer by --from {}, into another folder", e.message(),
                           last, folder.path().string()),
               e.subject(), e.where());
}

// The records, arrays, progress and files of a run at work.
struct written_down {
  written_down(const run_folder& folder, std::int64_t step, progress& say, std::string unit,
               const std::function<bool(const std::string& id)>& works_again)
      : records(folder.records(), folder.table(), step, works_again),
        arrays(folder.arrays(), step),
        shown(say, std::move(unit)),
        listener(records, arrays),
        files(folder.path()) {}

  record_file records;
  kept_arrays arrays;
  shown_progress shown;
  recorded listener;
  listed_files files;
};

// A run at work: trains, records, saves, and runs the streams beside the training.
class running {
 public:
  running(const plan& p, const run_options& options, begun_run& r, workers& pool, progress& say,
          const folder_lock* alone, const std::vector<observer*>& others)
      : plan_(p),
        begun_(r),
        session_(*r.opened),
        pool_(pool),
        say_(say),
        ranks_(ranks_of(options)),
        alone_(alone),
        folder_(options.folder),
        events_(session_, pool, folder_.path(), listens_, rules_of(p, options), ranks_),
        saved_(session_.step()) {
    const auto again = [this](const std::string& id) { return works_again(id); };
    if (ranks_.first()) {
      written_.emplace(folder_, session_.step(), say, p.trains() ? p.training().loss.as<loss>().unit() : "", again);
      for (observer* one : std::initializer_list<observer*>{&written_->files, &written_->listener, &written_->shown})
        listens_.add(*one);
    }
    for (observer* one : others) listens_.add(*one);
    const bool board = options.tensorboard || !storage::tensorboard::event_files(options.folder).empty();
    if (!ranks_.first() || !board) return;
    board_.emplace(options.folder, p, session_.step(), again, say);
    listens_.add(*board_);
  }

  void run() {
    if (plan_.trains()) train_all();
    if (ranks_.any(stop_asked())) throw stopped_together();
    // A run that is given more steps goes on as if it had not ended in between.
    const storage::checkpoint trained = session_.remembered();
    together(ranks_, [&] {
      if (ranks_.first()) alone_->need_folder();
    });
    events_.at_end();
    session_.put_back(trained);
    session_.finish();
    if (plan_.trains()) save();
  }

 private:
  pass_rules rules_of(const plan& p, const run_options& options) {
    if (p.trains()) return {};
    return {false, p.not_finite, provenance_of_pass(session_, options.command)};
  }

  void tee(const plan_node& sink, std::int64_t step, const batch& b) {
    const stop_deferred to_the_end_of_the_step;
    if (ranks_.first()) events_.tee(sink, step, b);
  }

  const trainer& settings() const { return plan_.training().trainer.as<trainer>(); }

  // Returns whether a metric or writer repeats its work of the step from which the run goes on.
  bool works_again(const std::string& id) const {
    const bool again = begun_.event_due || !plan_.trains() || session_.step() >= settings().steps;
    return again && std::any_of(plan_.nodes.begin(), plan_.nodes.end(), [&](const plan_node& n) {
             return n.id == id && (n.role() == "metric" || n.role() == "writer");
           });
  }

  void train_all() {
    // Without its first checkpoint it would be resumed with other weights.
    if (!begun_.from.is_null() && session_.step() == 0) save();
    if (begun_.event_due && session_.step() < settings().steps) event();
    try {
      train(
          session_, *begun_.trains, pool_, listens_, settings().steps, [&](double loss) { return stepped(loss); },
          [&](const plan_node& sink, std::int64_t step, const batch& b) { tee(sink, step, b); });
    } catch (const input_error&) {
      throw;
    } catch (const folder_gone&) {
      throw;
    } catch (const diverged& e) {
      throw with_good_checkpoint(e, folder_, saved_, vouched_);
    } catch (const error& e) {
      throw with_checkpoint(e, folder_, saved_);
    }
  }

  bool stepped(double loss) {
    const std::int64_t step = session_.step(), last = settings().steps;
    begun_.average.add(loss);
    vouched_ = vouched_ || begun_.range.holds(loss);
    begun_.range.add(loss);
    const bool whole = step % settings().log == 0;
    const plan_node& n = plan_.training().loss;
    if (whole || step == last) listens_.loss_found(n, step, begun_.average.mean(n.as<noneq::loss>().unit()));
    if (whole) begun_.average = {};
    if (!settings().averages.empty() && snapshots::due(step, settings().snapshots)) {
      begun_.trains->share_averages();
      if (ranks_.first()) keep_averages(step);
    }
    if (step < last) event();
    const bool stops = ranks_.any(stop_asked());
    if (step % settings().checkpoint == 0 || step == last || stops) save();
    return !stops;
  }

  void keep_averages(std::int64_t step) {
    alone_->need_folder();
    snapshots(folder_.path()).add(step, settings().snapshots, session_.power_averages());
  }

  void event() {
    begun_.event_due = events_.due();
    if (!begun_.event_due) return;
    begun_.trains->share_averages();
    const storage::checkpoint before = session_.remembered();
    try {
      events_.after_step();
    } catch (const interrupted&) {
      session_.put_back(before);
      save();  // the step itself is finished
      throw stopped_together();
    }
    begun_.event_due = false;
  }

  void save() {
    const plan_node& trains = plan_.training().trainer;
    for (const Tensor& weight : session_.weights().vectors())
      if (!all_finite(weight))
        throw diverged(fmt::format("the weights are no longer finite at step {}. Try a lower rate", session_.step()),
                       trains.id, trains.where);
    begun_.trains->share_averages();
    storage::checkpoint c = session_.snapshot();
    begun_.trains->save(c);
    const bool in_range = !begun_.range.left();
    if (ranks_.first()) write(std::move(c), in_range);
    begun_.saved_in_range = in_range;
    saved_ = session_.step();
    vouched_ = false;
    return_freed_memory();
  }

  void write(storage::checkpoint c, bool in_range) {
    alone_->need_folder();  // a run whose folder was removed is not to make it again
    if (!in_range && begun_.saved_in_range) keep_in_range();
    c.meta["loss_since_record"] = begun_.average.saved();
    c.meta["event_due"] = begun_.event_due;
    c.meta["last_record"] = written_->records.last();
    written_->records.make_durable();  // a checkpoint never outlives the records before it
    c.meta["loss_range"] = begun_.range.saved();
    c.meta["loss_in_range"] = in_range;
    if (!begun_.from.is_null()) c.meta["from"] = begun_.from;
    c.meta["joined_data"] = begun_.joined_data;
    c.meta["computed"] = begun_.computed;
    storage::save_checkpoint(folder_.saved(), c, settings().keep);
    if (in_range) storage::remove_checkpoints(folder_.in_range());
  }

  // The checkpoint before this one, whose damage, if any, is no reason to lose this one, too.
  void keep_in_range() {
    std::optional<run_folder::saved_start> last;
    try {
      last = folder_.last_whole();
    } catch (const error& e) {
      return say_.say(fmt::format("the loss has left its range; no checkpoint from before is kept: {}", e.what()));
    }
    storage::save_checkpoint(folder_.in_range(), last->saved);
    say_.say(fmt::format("the loss has left its range; the checkpoint of step {} is kept in {}",
                         last->saved.meta.value("step", std::int64_t{0}), folder_.in_range().string()));
  }

  const plan& plan_;
  begun_run& begun_;
  session& session_;
  workers& pool_;
  progress& say_;
  const ranks& ranks_;
  const folder_lock* alone_;
  const run_folder folder_;
  std::optional<written_down> written_;  // by the first rank
  std::optional<tensorboard_listener> board_;
  observers listens_;
  events events_;
  std::int64_t saved_;
  bool vouched_ = false;  // that the weights saved last are good, because they gave a loss within its range
};

}

void run_begun(const plan& p, const run_options& options, begun_run& begun, workers& pool, progress& say,
               const folder_lock* alone, const std::vector<observer*>& others) {
  running(p, options, begun, pool, say, alone, others).run();
}

}
