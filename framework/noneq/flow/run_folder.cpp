#include "noneq/flow/run_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "noneq/config/emit.hpp"
#include "noneq/config/parse.hpp"
#include "noneq/flow/folder_lock.hpp"
#include "noneq/flow/json_lines.hpp"
#include "noneq/flow/leftovers.hpp"
#include "noneq/flow/named_files.hpp"
#include "noneq/flow/own_files.hpp"
#include "noneq/flow/same_pipeline.hpp"
#include "noneq/flow/snapshots.hpp"
#include "noneq/flow/trimmed_pipeline.hpp"
#include "noneq/flow/unit_folder.hpp"
#include "noneq/flow/units.hpp"
#include "noneq/flow/written_files.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/tensorboard.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

input_error refused(const fs::path& folder, const std::string& why) {
  return input_error({error(why, "", {folder.string()})});
}

namespace {

void need_writable_folder(const fs::path& folder) {
  std::error_code none;
  if (!fs::exists(folder, none)) return;
  if (!fs::is_directory(folder, none)) throw refused(folder, "got a file, need a folder for checkpoints; take it away");
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    throw refused(folder,
                  fmt::format("no checkpoint can be saved there: {}; check its permissions", std::strerror(errno)));
}

// Files of an earlier run are input: an error in them is bad input.
template <class F>
auto as_read(F&& f) {
  try {
    return f();
  } catch (const error& e) {
    throw input_error({e});
  }
}

// Returns the last step with a record; 0: none.
std::int64_t last_record(const fs::path& records) {
  std::int64_t last = 0;
  each_json_line(records, [&](const nlohmann::json& record, const std::string&) {
    last = std::max(last, step_in(record).value_or(0));
  });
  return last;
}

// Returns the pipeline of the run in the folder; nothing when there is none that can be read.
config::value pipeline_before(const fs::path& file) {
  try {
    return fs::exists(file) ? config::parse_file(file) : config::value::null();
  } catch (const error&) {
    return config::value::null();
  }
}

// Returns whether tensors of a checkpoint are there, with or without a checkpoint.json that names them.
bool holds_tensors(const fs::path& dir) {
  std::error_code none;
  for (fs::directory_iterator at(dir, none), end; !none && at != end; at.increment(none))
    if (at->path().extension() == ".safetensors") return true;
  return false;
}

// Returns the step of the first checkpoint that the run in the folder was to make; that of `p` when no file states it.
std::int64_t first_checkpoint(const fs::path& pipeline, const plan& p) {
  const plan_node& trains = p.training().trainer;
  const std::int64_t usual = trains.as<trainer>().checkpoint;
  if (!fs::exists(pipeline)) return usual;
  const config::value document = as_read([&] { return config::parse_file(pipeline); });
  const config::value* steps = stated_parameter(document, trains.id, "checkpoint");
  return steps ? std::max<std::int64_t>(1, std::atoll(steps->text().c_str())) : usual;
}

// A run that went further would otherwise pass for one that is finished.
void need_steps_left(const storage::checkpoint& start, const config::value& before, const plan& p) {
  const plan_node& trains = p.training().trainer;
  const std::int64_t there = start.meta.value("step", std::int64_t{0}), steps = trains.as<trainer>().steps;
  if (steps >= there) return;
  const config::value* stated = stated_parameter(before, trains.id, "steps");
  throw input_error({error(fmt::format("got {}, need at least {}, the step of the run{}", steps, there,
                                       stated ? fmt::format(", which was begun with {}", stated->text()) : ""),
                           trains.id + ".steps", trains.where)});
}

}

namespace {

// There is no whole checkpoint beside the damaged one.
error none_is_whole(const storage::damaged_checkpoint& e) {
  return error(e.message() + "; no earlier checkpoint is whole: bring the file back, or begin again with --force",
               e.subject(), e.where());
}

run_folder::saved_start need_whole(const run_folder& folder) {
  try {
    return folder.last_whole();
  } catch (const storage::damaged_checkpoint& e) {
    throw input_error({none_is_whole(e)});
  }
}

}

run_folder::saved_start run_folder::last_whole() const {
  try {
    return {storage::load_checkpoint(saved()), ""};
  } catch (const storage::damaged_checkpoint& e) {
    if (auto earlier = storage::load_earlier_checkpoint(saved())) return {std::move(*earlier), e.what()};
    throw;
  } catch (const error& e) {
    throw input_error({e});
  }
}

std::optional<run_folder::saved_start> run_folder::start(const plan& p, if_there policy) const {
  const fs::path pipeline = path_ / "pipeline.yaml";
  std::error_code none;
  for (const plan_node& n : p.nodes)
    if (!n.of_run.empty() && fs::equivalent(n.of_run, path_, none))
      throw refused(path_, fmt::format("holds the model that {} takes, need another folder by --out", n.id));
  if (!works_in_units(p))
    for (const auto& part : unit_folder(path_).parts())
      if (const std::string who = holder_of(part.folder); !who.empty())
        throw refused(part.folder,
                      fmt::format("is in use by {}; wait until that has ended, or give --out another folder", who));
  if (policy == if_there::replace) return std::nullopt;
  if (!p.trains()) {
    const bool same = policy == if_there::resume && !storage::has_checkpoint(saved()) && fs::exists(pipeline) &&
                      as_read([&] { return config::parse_file(pipeline); }) == p.resolved();
    if (fs::exists(pipeline) && !same)
      throw refused(path_, "holds another run; give --out another folder, or --force to replace it");
    return std::nullopt;
  }
  const bool trained = storage::has_checkpoint(saved()) || storage::load_earlier_checkpoint(saved());
  if (policy == if_there::refuse) {
    if (fs::exists(manifest(), none))
      throw refused(path_,
                    "holds another run, of a processing pipeline; give --out another folder, or --force to replace "
                    "it");
    // A run that was refused, or failed before its first record, left nothing to lose.
    if (!trained && last_record(records()) == 0 && !holds_tensors(saved())) return std::nullopt;
    throw refused(path_, trained && need_whole(*this).saved.meta.value("finished", false)
                             ? "holds a finished run; give --out another folder, or --force to replace it"
                             : "holds an unfinished run; go on with --resume, or replace it with --force");
  }
  if (!trained) {
    if (holds_tensors(saved()) || last_record(records()) > first_checkpoint(pipeline, p))
      throw refused(saved(),
                    "the run has lost its checkpoint.json, need it to go on; bring it back, or begin again "
                    "with --force");
    return std::nullopt;
  }
  saved_start found = need_whole(*this);
  const storage::checkpoint& start = found.saved;
  if (start.meta.contains("average"))
    throw refused(path_, "holds an average of weights, which cannot be trained further; begin another run with --from");
  std::set<std::string> known;
  if (!start.meta.value("data", "").empty()) known.insert(p.training().loader.id);
  const auto joined = start.meta.value("joined_data", std::map<std::string, std::string>{});
  for (const plan_node* n : p.before(p.training().trainer))
    if (joined.count(n->id)) known.insert(n->id);
  const config::value before = as_read([&] { return config::parse_file(pipeline); });
  need_same_pipeline(before, p, known, path_);
  need_steps_left(start, before, p);
  return found;
}

void run_folder::need_regular_files() const {
  std::error_code none;
  for (const auto& [name, kind] : own_files)
    if (const fs::path file = path_ / name;
        kind != own_kind::folder && fs::exists(file, none) && !fs::is_regular_file(file, none))
      throw refused(file, "got a folder, device or pipe, need a file of the run, or none; take it away");
}

void run_folder::need_room_for_checkpoints() const {
  for (const fs::path& folder : {saved(), in_range()}) need_writable_folder(folder);
}

std::vector<staying_file> run_folder::prepare(const plan& p, if_there policy, bool last_is_damaged) const {
  std::vector<staying_file> staying;
  if (last_is_damaged) storage::go_back_to_earlier_checkpoint(saved());
  remove_half_written(path_, {p.resolved(), pipeline_before(path_ / "pipeline.yaml")});
  if (policy == if_there::replace) {
    staying = written_files(path_).remove();
    remove_kept(path_);
    snapshots(path_).remove();
    std::error_code ignored;
    for (const fs::path& checkpoint : {saved(), in_range()}) storage::remove_checkpoints(checkpoint);
    for (const auto& [name, kind] : own_files)
      if (kind == own_kind::record) fs::remove(path_ / name, ignored);
    for (const fs::path& file : storage::tensorboard::event_files(path_)) fs::remove(file, ignored);
    unit_folder(path_).clear();
  } else if (p.trains()) {
    const bool trained = storage::has_checkpoint(saved());
    written_files(path_).undo_after(trained ? storage::load_checkpoint_head(saved()).meta.value("step", std::int64_t{0})
                                            : 0);
  }
  storage::write_atomically(path_ / "pipeline.yaml",
                            "# Every parameter of this run, defaults included.\n" + config::to_yaml(p.resolved()));
  return staying;
}

storage::checkpoint run_folder::last_checkpoint() const {
  try {
    return storage::load_checkpoint(saved());
  } catch (const storage::damaged_checkpoint& e) {
    const auto earlier = storage::load_earlier_checkpoint(saved());
    if (!earlier) throw none_is_whole(e);
    throw error(fmt::format("{}; noneq run --resume goes on from the last one that is whole, of step {}", e.message(),
                            earlier->meta.value("step", std::int64_t{0})),
                e.subject(), e.where());
  }
}

run_folder::read_run run_folder::read(const fs::path& path, registry& plugins) {
  const run_folder folder(path);
  if (!fs::exists(path / "pipeline.yaml")) throw refused(path, "is not the folder of a run; it has no pipeline.yaml");
  if (!storage::has_checkpoint(folder.saved()) && !storage::load_earlier_checkpoint(folder.saved()))
    throw refused(path, "has no checkpoint yet; train it with noneq run");
  read_run r{config::parse_file(path / "pipeline.yaml"), folder.last_checkpoint()};
  look_for_files(r.pipeline, plugins, r.saved.meta.value("begun_in", ""));
  return r;
}

std::unique_ptr<session> run_folder::open(const fs::path& path, registry& plugins,
                                          const std::function<void(config::value&)>& change) {
  read_run r = read(path, plugins);
  if (change) change(r.pipeline);
  return std::make_unique<session>(make_plan(r.pipeline, plugins), r.saved);
}

}
