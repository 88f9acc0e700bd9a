#include "noneq/flow/writer_checks.hpp"

#include <stdlib.h>
#include <cerrno>

#include <fmt/format.h>

#include "noneq/flow/loss_curve.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/flow/sampling.hpp"
#include "noneq/plugin/returned.hpp"
#include "noneq/storage/files.hpp"

namespace noneq {
namespace fs = std::filesystem;

namespace {

template <class F>
void each_writer(const plan& p, problems& found, F&& f) {
  for (const plan_node& n : p.nodes)
    if (n.role() == "writer") found.guard([&] { working(n, [&] { f(n, n.as<writer>()); }); }, n.where, n.id);
}

void check_inputs(const plan& p, const dataset_info* info, problems& found) {
  each_writer(p, found, [&](const plan_node& n, const writer& w) {
    const writer_input given = input_of(p, n, info);
    if (given.tensors.empty())
      throw error(fmt::format("got {}, which makes no arrays, need a node that makes some", given.from));
    w.check_input(given);
  });
}

// A folder beside the files that are to come, so that what cannot be written there is found; goes with the object.
class rehearsal_folder {
 public:
  explicit rehearsal_folder(const fs::path& run) {
    std::error_code failed;
    fs::path there = fs::absolute(run, failed);
    while (!fs::exists(there, failed) && there.has_relative_path()) there = there.parent_path();
    std::string pattern = (there / ".noneq-tmp-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw file_error(there, "make files in the folder", errno);
    path_ = pattern;
  }
  rehearsal_folder(rehearsal_folder&&) = delete;
  ~rehearsal_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void rehearse_one(session& s, const plan_node& n, const fs::path& folder) {
  const plan_node& before = s.plan().node(n.in);
  source* data = s.data_if_there();
  if (before.role() == "sampler") {
    const sampling ready(s, before);
    open_writer(n, {folder, "", ready.denoiser(), data, ready.stream(), {}, ready.frame_times(), s.info()});
  } else {
    const denoiser d = s.denoiser(before.role() == "metric" ? before.as<metric>().weights : "raw");
    open_writer(n, {folder, "", d, data, s.stream(), {}, {}, s.info()});
  }
}

}

std::unique_ptr<sink> open_writer(const plan_node& n, const writing& w) {
  const fs::path folder = n.as<writer>().path(w).parent_path();
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw file_error(folder, "make the folder", failed.value());
  return need_made(n.as<writer>().open(w), n.plugin.entry->full_name(), "sink");
}

writer_input input_of(const plan& p, const plan_node& n, const dataset_info* info) {
  const plan_node& before = p.node(n.in);
  writer_input given{before.plugin.entry->full_name(), {}, {}, p.process.kernel->has_variance()};
  if (info != nullptr) given.shape = info->shape;
  if (before.role() == "loss") {
    given.tensors = loss_curve_tensors();
    return given;
  }
  const bool no_frames = before.role() == "sampler" && before.as<sampler>().frames == 0,
             no_label = before.role() == "sampler" && info != nullptr && info->classes == 0;
  for (const named_tensor_doc& t : before.plugin.entry->writes)
    if (!(t.name == "frames" && no_frames) && !(t.name == "label" && no_label)) given.tensors.push_back(t);
  return given;
}

void check_writer_inputs(const plan& p, problems& found) { check_inputs(p, nullptr, found); }

void check_writers_here(const plan& p, const fs::path& folder, problems& found) {
  check_file_places(p, folder, found);
  each_writer(p, found, [](const plan_node&, const writer& w) { w.check_machine(); });
}

void rehearse_writers(session& s, const fs::path& folder) {
  const at::NoGradGuard values_only;
  const plan& p = s.plan();
  problems found;
  check_writers_here(p, folder, found);
  check_files_can_be_made(p, folder, found);
  check_inputs(p, &s.info(), found);
  found.raise();
  const auto writes = [](const plan_node& n) { return n.role() == "writer"; };
  if (std::none_of(p.nodes.begin(), p.nodes.end(), writes)) return;
  try {
    const rehearsal_folder scratch(folder);
    each_writer(p, found, [&](const plan_node& n, const writer&) { rehearse_one(s, n, scratch.path()); });
  } catch (const input_error&) {
    throw;
  } catch (const error& e) {
    throw input_error({e});
  }
  found.raise();
}

}
