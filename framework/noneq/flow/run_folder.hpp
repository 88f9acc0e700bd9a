// The folder of a run: pipeline.yaml (resolved), metrics.jsonl, checkpoint/, files.jsonl and whatever writers make.
// Guards what is there: a finished run is never overwritten unasked, and a run is resumed only by the pipeline it began
// with.
#pragma once

#include "noneq/flow/session.hpp"

namespace noneq {

enum class if_there { refuse, resume, replace };

// Where a run lies when nobody says where: "runs/<name>".
inline std::filesystem::path usual_folder(const plan& p) { return std::filesystem::path("runs") / p.name; }

class run_folder {
 public:
  explicit run_folder(std::filesystem::path path) : path_(std::move(path)) {}

  // The checkpoint that `p` is to go on from, if any; changes nothing. Throws input_error when the folder holds a run
  // and `policy` does not say what to do, or when the run it holds is another one, or damaged.
  std::optional<checkpoint> start(const plan& p, if_there policy) const;
  // Makes the folder and writes the pipeline. With if_there::replace the run that it held goes, with every file that
  // its writers made; returns those that stay because they were changed since. Throws input_error when there can be no
  // such folder.
  std::vector<std::filesystem::path> prepare(const plan& p, if_there policy) const;

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
