#include "noneq/flow/writer_checks.hpp"

#include <fmt/format.h>

#include "noneq/flow/loss_curve.hpp"
#include "noneq/flow/observers.hpp"
#include "noneq/flow/passing_folder.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/flow/sampling.hpp"
#include "noneq/plugin/returned.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

namespace {

template <class F>
void each_writer(const plan& p, config::problems& found, F&& f) {
  for (const plan_node& n : p.nodes)
    if (n.role() == "writer") found.guard([&] { working(n, [&] { f(n, n.as<writer>()); }); }, n.where, n.id);
}

// info_of(writer): the data whose samples it receives, nullptr while that is not known.
template <class InfoOf>
void check_inputs(const plan& p, const InfoOf& info_of, config::problems& found) {
  each_writer(p, found, [&](const plan_node& n, const writer& w) {
    const writer_input given = input_of(p, n, info_of(n));
    if (given.tensors.empty())
      throw error(fmt::format("got {}, which makes no arrays, need a node that makes some", given.from));
    w.check_input(given);
  });
}

void rehearse_one(session& s, const plan_node& n, const fs::path& folder) {
  const plan_node* of = s.plan().model_before(n);
  std::optional<denoiser> d;
  writing w{folder, "", nullptr, {}, s.stream().fork(n.id), {}, {}, s.info(), input_of(s.plan(), n, nullptr).tensors};
  if (of != nullptr) {
    session& model = s.model_of(*of);
    w.info = model.info();
    d = model.denoiser("raw");
  } else if (s.plan().trains()) {
    d = s.denoiser("raw");
  }
  if (d) w.denoiser = &*d;
  if (of != nullptr && of->role() == "sampler") {
    observer nobody;
    w.frame_times = sampling(s, *of, nobody).frame_times();
  }
  open_writer(n, w);
}

}

std::unique_ptr<sinking> open_writer(const plan_node& n, const writing& w) {
  const fs::path folder = n.as<writer>().path(w).parent_path();
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw storage::file_error(folder, "make the folder", failed.value());
  return need_made(n.as<writer>().open(w), n.plugin.entry->full_name(), "sinking");
}

static std::vector<named_tensor_doc> given_to(const plan& p, const plan_node& n, const dataset_info* info);

// Returns the tensors that a node passes to its followers, each once.
static std::vector<named_tensor_doc> given_by(const plan& p, const plan_node& n, const dataset_info* info) {
  std::vector<named_tensor_doc> all;
  const auto add = [&](const named_tensor_doc& t) {
    if (std::none_of(all.begin(), all.end(), [&](const auto& other) { return other.name == t.name; })) all.push_back(t);
  };
  if (n.role() == "trainer") return loss_curve_tensors();
  const bool sampler_node = n.role() == "sampler", starts_anew = sampler_node || n.kind() == node_kind::sink;
  const bool no_frames = sampler_node && n.as<sampler>().frames == 0,
             no_label = sampler_node && info != nullptr && info->classes == 0;
  const bool ensembles = sampler_node && n.as<sampler>().members > 0;
  const auto made = n.transforms_samples() ? n.as<sample_transform>().makes() : std::vector<std::string>{};
  const auto left_out = [&](const std::string& name) {
    if (n.transforms_samples()) return std::find(made.begin(), made.end(), name) == made.end();
    return (name == "frames" && no_frames) || (name == "label" && no_label);
  };
  for (named_tensor_doc t : n.plugin.entry->writes) {
    if (ensembles && t.name == "samples") t.extent = extent::other;
    if (!left_out(t.name)) add(t);
  }
  if (n.role() == "loader")
    for (const std::string& name : n.as<loader>().gives()) add({name, ""});
  if (n.transforms_samples()) {
    for (const named_tensor_doc& t : given_to(p, n, info))
      if (t.name == "label") add(t);
  } else if (!starts_anew)
    for (const named_tensor_doc& t : given_to(p, n, info)) add(t);
  return all;
}

static std::vector<named_tensor_doc> given_to(const plan& p, const plan_node& n, const dataset_info* info) {
  std::vector<named_tensor_doc> all;
  for (const plan_edge& e : n.in)
    for (named_tensor_doc t : given_by(p, p.node(e.from), info)) {
      if (const auto other = e.as.find(t.name); other != e.as.end()) t.name = other->second;
      all.push_back(std::move(t));
    }
  return all;
}

writer_input input_of(const plan& p, const plan_node& n, const dataset_info* info) {
  std::string from;
  for (const plan_edge& e : n.in) from += (from.empty() ? "" : " and ") + p.node(e.from).plugin.entry->full_name();
  writer_input given{from, given_to(p, n, info), {}, p.process.kernel == nullptr || p.process.kernel->has_variance()};
  if (info != nullptr) given.shape = info->shape;
  return given;
}

void check_writer_inputs(const plan& p, config::problems& found) {
  check_inputs(
      p, [](const plan_node&) -> const dataset_info* { return nullptr; }, found);
}

void check_writers_here(const plan& p, const fs::path& folder, config::problems& found) {
  check_file_places(p, folder, found);
  each_writer(p, found, [](const plan_node&, const writer& w) { w.check_machine(); });
}

void rehearse_writers(session& s, const fs::path& folder) {
  const at::NoGradGuard values_only;
  const plan& p = s.plan();
  config::problems found;
  check_writers_here(p, folder, found);
  check_files_can_be_made(p, folder, found);
  check_inputs(
      p,
      [&](const plan_node& n) -> const dataset_info* {
        if (const plan_node* of = p.model_before(n)) return &s.model_of(*of).info();
        return p.trains() ? &s.info() : nullptr;
      },
      found);
  found.raise();
  const auto writes = [](const plan_node& n) { return n.role() == "writer"; };
  if (std::none_of(p.nodes.begin(), p.nodes.end(), writes)) return;
  try {
    const passing_folder scratch(folder);  // finds writers that cannot be opened
    each_writer(p, found, [&](const plan_node& n, const writer&) { rehearse_one(s, n, scratch.path()); });
  } catch (const input_error&) {
    throw;
  } catch (const error& e) {
    throw input_error({e});
  }
  found.raise();
}

}
