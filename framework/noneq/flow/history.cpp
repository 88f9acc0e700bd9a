#include "noneq/flow/history.hpp"

#include <ctime>
#include <fstream>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <torch/version.h>
#include <nlohmann/json.hpp>

#include "noneq/flow/workers.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::flow {

void node_times::begins(const node_call&) {
  const std::lock_guard one(one_);
  open_[workers::thread_index()].push_back({clock::now()});
}

void node_times::ended(const node_call& c) {
  const std::lock_guard one(one_);
  auto& stack = open_[workers::thread_index()];
  if (stack.empty()) return;
  const open_call call = stack.back();
  const double seconds = std::chrono::duration<double>(clock::now() - call.begin).count();
  stack.pop_back();
  if (!stack.empty()) stack.back().inner += seconds;
  sum& s = sums_[&c.node];
  ++s.calls, s.seconds += seconds - call.inner;
}

std::map<std::string, node_times::sum> node_times::found() const {
  std::map<std::string, sum> by_name;
  for (const auto& [node, s] : sums_) by_name[node->id] = s;
  return by_name;
}

namespace {

std::string now_in_words() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

// Returns the value of the first line that begins with `key`, behind the separator; "" when there is none.
std::string line_in(const char* file, const std::string& key, char separator) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find(separator);
    if (!line.starts_with(key) || at == line.npos) continue;
    std::string found = line.substr(at + 1);
    std::erase(found, '"');
    return found.substr(std::min(found.find_first_not_of(" \t"), found.size()));
  }
  return "";
}

void add_line(const std::filesystem::path& file, const nlohmann::ordered_json& line) {
  try {
    if (!std::filesystem::is_directory(file.parent_path())) return;  // a folder that was removed is not made again
    storage::append(file, line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  } catch (const error&) {
  }
}

}

void history::begins(std::int64_t step, int threads, const std::string& command) {
  began_ = std::chrono::steady_clock::now();
  add_line(file_, {{"format", newest_format},
                   {"event", "begins"},
                   {"time", now_in_words()},
                   {"step", step},
                   {"noneq", NONEQ_VERSION},
                   {"libtorch", TORCH_VERSION},
                   {"system", line_in("/etc/os-release", "PRETTY_NAME", '=')},
                   {"processor", line_in("/proc/cpuinfo", "model name", ':')},
                   {"threads", threads},
                   {"directory", std::filesystem::current_path().string()},
                   {"command", command}});
}

void history::ends(std::int64_t step, const std::string& how, const node_times& times) const {
  auto nodes = nlohmann::ordered_json::object();
  for (const auto& [id, s] : times.found()) nodes[id] = {{"calls", s.calls}, {"seconds", s.seconds}};
  add_line(file_, {{"format", newest_format},
                   {"event", "ends"},
                   {"time", now_in_words()},
                   {"step", step},
                   {"how", how},
                   {"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count()},
                   {"nodes", std::move(nodes)}});
}

}
