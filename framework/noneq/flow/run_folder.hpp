// The folder of a run: pipeline.yaml (resolved), metrics.jsonl, checkpoint/, and whatever writers make. Guards what is
// there: a finished run is never overwritten unasked, and a run is resumed only by the pipeline it began with.
#pragma once

#include "noneq/flow/session.hpp"

namespace noneq {

enum class if_there { refuse, resume, replace };

class run_folder {
 public:
  explicit run_folder(std::filesystem::path path) : path_(std::move(path)) {}

  // Makes the folder ready for `p`; returns the checkpoint to go on from, if any. Throws input_error when it holds a
  // run and `policy` does not say what to do, or when the run it holds is another one.
  std::optional<checkpoint> prepare(const plan& p, if_there policy) const;

  // The plan and checkpoint of a run made earlier. `change` may edit the pipeline before it is checked.
  static session open(const std::filesystem::path& path, registry& plugins,
                      const std::function<void(value&)>& change = {});

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path records() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path saved() const { return path_ / "checkpoint"; }

 private:
  std::filesystem::path path_;
};

}
