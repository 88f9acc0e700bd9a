#include "noneq/flow/described_rows.hpp"

#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "noneq/config/emit.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

static bool in_own_units(const normalisation& n) {
  return n.affine() && (n.shift == 0).all().item<bool>() && (n.scale == 1).all().item<bool>();
}

// Adds what node `from` gives, under the names that the edge gives them.
static void add_given(session& s, const plan_node& from, const plan_edge& e, std::map<std::string, stored_place>& all) {
  const auto add = [&](const std::string& tensor, const stored_place& place) {
    const auto as = e.as.find(tensor);
    if (!place.files.empty()) all.emplace(tensor.empty() || as == e.as.end() ? tensor : as->second, place);
  };
  if (from.kind() == node_kind::source || from.prepares_data() || from.applies_model()) {
    const dataset_info info = s.nodes().info_behind(from);
    for (const std::string& name : info.names()) {
      const field_info& of = *info.find(name);
      if (in_own_units(of.normal)) add(name, of.stored);
      add("", of.stored);
    }
  } else if (from.role() == "sampler" || from.transforms_samples()) {
    if (from.role() == "sampler") add("samples", s.model_of(from).info().stored);
    for (const plan_edge& before : from.in) {
      std::map<std::string, stored_place> rows;
      add_given(s, s.plan().node(before.from), before, rows);
      if (const auto place = rows.find(""); place != rows.end()) all.emplace("", place->second);
    }
  }
}

std::map<std::string, stored_place> described_rows(session& s, const plan_node& sink) {
  std::map<std::string, stored_place> all;
  if (s.plan().trains()) return all;
  for (const plan_edge& e : sink.in) add_given(s, s.plan().node(e.from), e, all);
  return all;
}

static nlohmann::ordered_json input_text(const fs::path& file) {
  std::error_code failed;
  nlohmann::ordered_json j{{"file", fs::absolute(file, failed).string()}};
  if (const auto bytes = fs::file_size(file, failed); !failed) j["bytes"] = bytes;
  const auto written = fs::last_write_time(file, failed);
  if (!failed) {
    const auto at = std::chrono::file_clock::to_sys(written);
    j["time"] = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                            fmt::gmtime(std::chrono::system_clock::to_time_t(
                                std::chrono::time_point_cast<std::chrono::system_clock::duration>(at))));
  }
  return j;
}

std::map<std::string, std::string> provenance_of_pass(session& s, const std::string& command) {
  const plan& p = s.plan();
  std::map<std::string, std::string> known{{"pipeline", config::to_yaml(p.resolved())},
                                           {"seed", std::to_string(p.seed)}};
  if (!command.empty()) known["command"] = command;
  nlohmann::ordered_json inputs = nlohmann::ordered_json::array();
  std::set<fs::path> named;
  for (const plan_node& n : p.nodes) {
    if (n.kind() == node_kind::source) {
      const dataset_info info = s.nodes().info_behind(n);
      for (const std::string& name : info.names())
        for (const fs::path& file : info.find(name)->stored.files)
          if (named.insert(file).second) inputs.push_back(input_text(file));
    }
    if (!n.of_run.empty()) known["run of " + n.id] = fs::absolute(n.of_run).string();
  }
  if (!inputs.empty()) known["inputs"] = inputs.dump();
  return known;
}

}
