#include "noneq/flow/described_rows.hpp"

#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "noneq/config/emit.hpp"
#include "noneq/flow/fields.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

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
      if (of.normal.is_identity()) add(name, of.stored);
      add("", of.stored);
    }
  } else if (from.role() == "sampler" || from.transforms_samples()) {
    for (const plan_edge& before : from.in) {
      std::map<std::string, stored_place> rows;
      add_given(s, s.plan().node(before.from), before, rows);
      // Samples that begin from stored data, or complete it, are numbers of its kind.
      if (from.role() == "sampler")
        for (const std::string& read : from.as<sampler>().reads())
          if (const auto place = rows.find(read); place != rows.end() && !is_name_of_mask(read))
            add("samples", place->second);
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

nlohmann::ordered_json file_text(const fs::path& file) {
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

std::set<fs::path> input_files(session& s) {
  std::set<fs::path> all;
  for (const plan_node& n : s.plan().nodes) {
    if (n.kind() != node_kind::source) continue;
    const dataset_info info = s.nodes().info_behind(n);
    for (const std::string& name : info.names()) {
      const auto& files = info.find(name)->stored.files;
      all.insert(files.begin(), files.end());
    }
  }
  return all;
}

std::map<std::string, std::string> provenance_of_pass(session& s, const std::string& command) {
  const plan& p = s.plan();
  std::map<std::string, std::string> known{{"pipeline", config::to_yaml(p.resolved())},
                                           {"seed", std::to_string(p.seed)}};
  if (!command.empty()) known["command"] = command;
  nlohmann::ordered_json inputs = nlohmann::ordered_json::array();
  for (const plan_node& n : p.nodes) {
    if (!n.of_run.empty()) known["run of " + n.id] = fs::absolute(n.of_run).string();
  }
  for (const fs::path& file : input_files(s)) inputs.push_back(file_text(file));
  if (!inputs.empty()) known["inputs"] = inputs.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return known;
}

}
