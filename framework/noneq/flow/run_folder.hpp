// The folder of a run: pipeline.yaml (resolved), metrics.jsonl, metrics.csv, history.jsonl, checkpoint/, files.jsonl,
// report.html and the files of writers. Guards its content: a finished run is never overwritten without a request, and
// a run is resumed only by the pipeline it began with.
#pragma once

#include "noneq/flow/session.hpp"
#include "noneq/flow/written_files.hpp"

namespace noneq::flow {

enum class if_there { refuse, resume, replace };

// Returns the default folder of a run, "runs/<name>".
inline std::filesystem::path usual_folder(const plan& p) { return std::filesystem::path("runs") / p.name; }

// Returns bad input about a folder or file of a run.
input_error refused(const std::filesystem::path& folder, const std::string& why);

class run_folder {
 public:
  explicit run_folder(std::filesystem::path path) : path_(std::move(path)) {}

  // Returns the checkpoint from which `p` goes on, if any; changes nothing. Throws input_error when the folder holds a
  // run and `policy` is refuse, or when that run is another one, or damaged beyond an earlier checkpoint.
  struct saved_start {
    storage::checkpoint saved;
    std::string damage;  // of the last checkpoint, where an earlier one is whole; "" when it is the last
  };
  std::optional<saved_start> start(const plan& p, if_there policy) const;
  // Returns the last checkpoint, or with its damage the last one before it that is whole; throws damaged_checkpoint
  // when there is none.
  saved_start last_whole() const;
  // Returns the last checkpoint. Throws its damage, with the step from which the run can go on, if it can.
  storage::checkpoint last_checkpoint() const;
  // Throws input_error when a folder, device or pipe stands in the place of a file of its own. A pipe would be waited
  // for.
  void need_regular_files() const;
  // Throws input_error when a checkpoint could not be saved, which would be found after a part of the training.
  void need_room_for_checkpoints() const;
  // Writes the pipeline, removes files that a killed run left half written, and takes those of steps behind the
  // checkpoint from which the run goes on out of the list of its files. A damaged last checkpoint is removed. With
  // if_there::replace the run in the folder is removed with every file of its writers and metrics; returns the files
  // that stay.
  std::vector<staying_file> prepare(const plan& p, if_there policy, bool last_is_damaged = false) const;

  // Returns the pipeline of a run made earlier, and its checkpoint. Files that are not in the working directory are
  // those of the folder in which the run was begun. Throws error or input_error when there is no such run.
  struct read_run {
    config::value pipeline;
    storage::checkpoint saved;
  };
  static read_run read(const std::filesystem::path& path, registry& plugins);

  // Returns the plan and checkpoint of a run made earlier. `change` may edit the pipeline before it is checked.
  static std::unique_ptr<session> open(const std::filesystem::path& path, registry& plugins,
                                       const std::function<void(config::value&)>& change = {});

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path records() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path table() const { return path_ / "metrics.csv"; }  // the records again
  std::filesystem::path arrays() const { return path_ / "metrics.h5"; }
  std::filesystem::path manifest() const { return path_ / "manifest.json"; }  // of a pipeline that works in units
  std::filesystem::path history() const { return path_ / "history.jsonl"; }
  std::filesystem::path report() const { return path_ / "report.html"; }
  std::filesystem::path saved() const { return path_ / "checkpoint"; }
  // The checkpoint from before the loss left its range, which exists while the loss is out of it.
  std::filesystem::path in_range() const { return path_ / "checkpoint-in-range"; }

 private:
  std::filesystem::path path_;
};

}
