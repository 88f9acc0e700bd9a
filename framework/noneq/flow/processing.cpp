#include "noneq/flow/processing.hpp"

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "noneq/config/parse.hpp"
#include "noneq/core/dtype.hpp"
#include "noneq/flow/described_rows.hpp"
#include "noneq/flow/event_stream.hpp"
#include "noneq/flow/first_lines.hpp"
#include "noneq/flow/folder_lock.hpp"
#include "noneq/flow/history.hpp"
#include "noneq/flow/join_checks.hpp"
#include "noneq/flow/merging.hpp"
#include "noneq/flow/passing_folder.hpp"
#include "noneq/flow/run_observers.hpp"
#include "noneq/flow/task_progress.hpp"
#include "noneq/flow/trace.hpp"
#include "noneq/flow/unit_folder.hpp"
#include "noneq/flow/writer_checks.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

namespace {

using steady = std::chrono::steady_clock;

double seconds_since(steady::time_point t) { return std::chrono::duration<double>(steady::now() - t).count(); }

// Parts lock the folder of the run only while they look at what it holds; others wait for that.
class folder_turn {
 public:
  explicit folder_turn(const fs::path& folder) {
    constexpr int tries = 600;
    for (int k = 0;; ++k) try {
        lock_.emplace(folder);
        return;
      } catch (const folder_in_use&) {
        if (k == tries || stop_asked()) throw;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
  }

 private:
  std::optional<folder_lock> lock_;
};

// Data and models of a pipeline that is to be processed, opened and checked. Throws input_error.
void open(std::optional<session>& opened, const plan& p, const run_options& options) {
  if (!options.from.empty())
    throw input_error({error("got --from for a pipeline without a trainer, need none: it has no weights of its own", "",
                             {options.from.string(), 0, 0})});
  config::problems found;
  check_joins(p, found);
  found.raise();
  opened.emplace(p);
  rehearse_writers(*opened, options.folder);
  opened->undo_checks();
}

// Throws input_error unless the folder is new or holds this job; returns whether it holds it.
bool need_same_job(const plan& p, const run_options& options, const manifest& is) {
  const auto was = options.policy == if_there::replace ? std::nullopt : read_manifest(options.folder);
  if (!was) {
    // A program that was killed may have left its pipeline without a manifest.
    const if_there as = options.policy == if_there::refuse ? if_there::resume : options.policy;
    run_folder(options.folder).start(p, as);
    return false;
  }
  run_folder(options.folder).start(p, if_there::replace);  // only that it is not the folder of a model it takes
  config::problems found;
  for (const std::string& line : changes(*was, is))
    found.add(error(fmt::format("cannot go on: {}; give --out another folder, or --force to begin again", line), "",
                    {options.folder.string()}));
  found.raise();
  return true;
}

// Processes that cut the job in other parts would make units twice.
void need_no_other_parts(const unit_folder& units, const job_part& part) {
  for (const auto& other : units.parts())
    if (other.part.of != part.of)
      if (const std::string who = holder_of(other.folder); !who.empty())
        throw refused(other.folder, fmt::format("is in use by {}, while this process is to do part {}; wait until that "
                                                "has ended, or start all processes with one number of parts",
                                                who, part.text()));
}

class processing {
 public:
  processing(const plan& p, const run_options& options)
      : plan_(p),
        options_(options),
        units_(options.folder),
        say_(options.quiet ? telling::errors : telling::everything, 0, 0),
        shown_(say_, "") {}

  void run() {
    if (is_finished()) return;
    if (options_.policy == if_there::replace && !options_.part.whole())
      throw refused(options_.folder, fmt::format("--force would remove the units of other parts, and this is part {}; "
                                                 "remove the folder before the parts are started",
                                                 options_.part.text()));
    const folder_lock alone(units_.of(options_.part));
    need_no_other_parts(units_, options_.part);
    open(session_, plan_, options_);
    manifest_ = manifest_of(*session_);
    workers pool(options_.threads);
    std::optional<trace> traced;
    if (!options_.trace.empty()) {
      refuse_trace(options_.trace, options_.folder);
      traced.emplace(options_.trace, pool);
    }
    begin_folder();
    for (observer* one : std::initializer_list<observer*>{&shown_, &times_}) listens_.add(*one);
    if (traced) listens_.add(*traced);
    for (const std::string& note : pool.notes()) say_.say(note);
    history(options_.folder, options_.part.whole() ? "" : options_.part.text())
        .around(
            pool.threads(), options_.command, [] { return std::int64_t{0}; }, times_,
            [&] {
              make_missing(pool, alone);
              if (options_.part.whole()) end();
            });
    if (!options_.part.whole())
      say_.say(fmt::format("part {} is done; when all parts are, join them by: noneq merge {}", options_.part.text(),
                           options_.folder.string()));
  }

 private:
  // A finished job needs neither its data nor its models.
  bool is_finished() {
    if (options_.policy == if_there::replace) return false;
    const auto was = read_manifest(options_.folder);
    if (!was || !was->finished) return false;
    std::error_code none;
    const fs::path pipeline = options_.folder / "pipeline.yaml";
    if (!fs::exists(pipeline, none) || !(config::parse_file(pipeline) == plan_.resolved())) return false;
    if (!units_.parts().empty()) {  // a program that was killed while it removed them has left some
      const folder_turn turn(options_.folder);
      if (const auto is = read_manifest(options_.folder); !is || !is->finished) return false;  // it was begun again
      units_.clear();
    }
    say_.say(fmt::format("{}: finished already, {} rows; nothing to do (--force begins again)",
                         options_.folder.string(), was->rows()));
    return true;
  }

  bool goes_on() {
    if (!need_same_job(plan_, options_, manifest_)) return false;
    manifest_.finished = read_manifest(options_.folder)->finished;
    return true;
  }

  void begin_folder() {
    if (goes_on()) return;  // a thousand parts that begin at once need not wait for one another
    const folder_turn turn(options_.folder);
    if (goes_on()) return;
    const std::vector<staying_file> staying = run_folder(options_.folder).prepare(plan_, options_.policy);
    for (const auto& [file, why] : staying) say_.say(fmt::format("{}: {}; it stays", file.string(), why));
    write_manifest(options_.folder, manifest_);
  }

  void make_missing(workers& pool, const folder_lock& alone) {
    std::vector<std::vector<unit_run>> missing;
    std::int64_t mine = 0;
    for (std::size_t k = 0; k < manifest_.streams.size(); ++k) {
      const stream_rows& s = manifest_.streams[k];
      const unit_run own = units_of(options_.part, s.units());
      missing.push_back(manifest_.finished ? std::vector<unit_run>{} : missing_units(own, units_.done(manifest_, k)));
      for (std::int64_t u = own.begin; u < own.end; ++u) mine += s.rows_of(u);
      for (const unit_run& r : missing.back())
        for (std::int64_t u = r.begin; u < r.end; ++u) left_ += s.rows_of(u);
    }
    say_.say(fmt::format(
        "{}: {} rows in units of {}{}, {}, seed {}, folder {}{}", plan_.name, mine, manifest_.streams.front().unit,
        options_.part.whole()
            ? ""
            : fmt::format(", part {} ({}) of {} rows", options_.part.text(), options_.part.source, manifest_.rows()),
        counted(pool.threads(), "thread"), plan_.seed, options_.folder.string(),
        left_ < mine ? fmt::format(", {} rows are there", mine - left_) : ""));
    if (left_ == 0) return;
    total_ = left_;
    begun_ = steady::now();
    const fs::path folder = units_.add_process(options_.part, manifest_);
    const pass_rules rules{true, plan_.not_finite, provenance_of_pass(*session_, options_.command)};
    std::vector<measured> none;
    const event at_end;
    const event_surroundings around{*session_, pool, folder, listens_, at_end, none, rules};
    const at::NoGradGuard values_only;
    for (std::size_t k = 0; k < missing.size(); ++k) {
      if (missing[k].empty()) continue;
      const stream_rows& s = manifest_.streams[k];
      event_stream stream(around, session_->plan().streams[k]);
      for (const unit_run& r : missing[k])
        stream.make_units(s, r, [&](std::int64_t unit) {
          alone.need_folder();
          left_ -= s.rows_of(unit);
          say_.at_work([&] { return progress_text(); });
        });
      stream.finish();
    }
  }

  std::string progress_text() const {
    const double rate = static_cast<double>(total_ - left_) / std::max(seconds_since(begun_), 1e-9);
    return fmt::format("rows {}/{}  {:.4g} rows/s  {} left", total_ - left_, total_, rate,
                       minutes(static_cast<double>(left_) / std::max(rate, 1e-9)));
  }

  void end() {
    const folder_turn turn(options_.folder);
    if (manifest_.finished) return;
    need_all_units(manifest_, units_, options_.folder);
    task_progress joining(options_.quiet, "joining", task_progress::amount::rows);
    const auto files =
        finish_job(options_.folder, manifest_, [&](std::int64_t rows, std::int64_t all) { joining.done(rows, all); });
    joining.clear();
    for (const auto& [id, file] : files) say_.say(fmt::format("{}: wrote {}", id, file.string()));
  }

  const plan& plan_;
  const run_options& options_;
  const unit_folder units_;
  std::optional<session> session_;
  manifest manifest_;
  progress say_;
  shown_progress shown_;
  node_times times_;
  observers listens_;
  std::int64_t left_ = 0, total_ = 0;  // rows of this process
  steady::time_point begun_;
};

}

void run_in_units(const plan& p, const run_options& options) { processing(p, options).run(); }

estimate measured_estimate(const plan& p, const run_options& options) {
  std::optional<session> opened;
  open(opened, p, options);
  const manifest m = manifest_of(*opened);
  need_same_job(p, options, m);
  workers pool(options.threads);
  const passing_folder scratch(options.folder);
  const pass_rules rules{true, p.not_finite, provenance_of_pass(*opened, options.command)};
  std::vector<measured> none;
  const event at_end;
  observer nobody;
  const event_surroundings around{*opened, pool, scratch.path(), nobody, at_end, none, rules};
  const at::NoGradGuard values_only;
  estimate e;
  std::error_code failed;
  e.free_bytes = static_cast<double>(fs::space(scratch.path(), failed).available);
  for (std::size_t k = 0; k < m.streams.size(); ++k) {
    const stream_rows& s = m.streams[k];
    if (s.rows == 0) continue;
    event_stream stream(around, opened->plan().streams[k]);
    const auto begun = steady::now();
    stream.make_units(s, {0, 1}, [](std::int64_t) {});
    const double seconds = seconds_since(begun);
    stream.finish();
    const unit_run mine = units_of(options.part, s.units());
    std::int64_t rows = 0;
    for (std::int64_t u = mine.begin; u < mine.end; ++u) rows += s.rows_of(u);
    e.rows += rows, e.unit_rows = s.unit;
    e.seconds += seconds * static_cast<double>(rows) / static_cast<double>(s.rows_of(0));
    for (const auto& [id, file] : m.writers[k]) {
      const storage::hdf5_reader made(scratch.path() / file);
      for (const storage::stored_unit& u : storage::read_journal(scratch.path() / file))
        for (const auto& [dataset, chunks] : u.chunks) {
          double bytes = 0;
          for (const storage::stored_chunk& c : chunks) bytes += static_cast<double>(c.bytes);
          const storage::dataset_layout layout = made.layout(dataset);
          estimate::output o{options.folder / file, dataset, layout.shape, dtype_text(layout.dtype),
                             bytes * static_cast<double>(s.rows) / static_cast<double>(u.rows)};
          o.shape[0] = s.rows;
          e.bytes += o.bytes;
          e.outputs.push_back(std::move(o));
        }
    }
  }
  e.rows_a_second = static_cast<double>(e.rows) / std::max(e.seconds, 1e-9);
  return e;
}

}
