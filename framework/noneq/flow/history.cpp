#include "noneq/flow/history.hpp"

#include <ctime>
#include <fstream>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <torch/version.h>

#include "noneq/core/machine.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::flow {

void node_times::begins(const node_call&) {
  const std::lock_guard one(one_);
  open_.begins();
}

void node_times::ended(const node_call& c) {
  const std::lock_guard one(one_);
  const auto call = open_.ended();
  if (!call) return;
  sum& s = sums_[&c.node];
  ++s.calls, s.seconds += call->own();
}

std::map<std::string, node_times::sum> node_times::found() const {
  std::map<std::string, sum> by_name;
  for (const auto& [node, s] : sums_) by_name[node->id] = s;
  return by_name;
}

namespace {

std::string now_in_words() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

// Returns the name of the operating system; "" when there is none.
std::string system_name() {
  constexpr std::string_view key = "PRETTY_NAME=";
  std::ifstream lines("/etc/os-release");
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key)) continue;
    line.erase(0, key.size());
    std::erase(line, '"');
    return line;
  }
  return "";
}

}

void history::add(nlohmann::ordered_json line) const {
  if (!part_.empty()) line["part"] = part_;
  try {
    if (!std::filesystem::is_directory(file_.parent_path())) return;  // a folder that was removed is not made again
    storage::append_line(file_, line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } catch (const error&) {
  }
}

void history::begins(std::int64_t step, int threads, const std::string& command) {
  began_ = std::chrono::steady_clock::now();
  add({{"format", newest_format},
       {"event", "begins"},
       {"time", now_in_words()},
       {"step", step},
       {"noneq", NONEQ_VERSION},
       {"libtorch", TORCH_VERSION},
       {"system", system_name()},
       {"processor", this_machine().cpu},
       {"processes", processes_},
       {"threads", threads},
       {"directory", std::filesystem::current_path().string()},
       {"command", command}});
}

void history::around(int threads, const std::string& command, const std::function<std::int64_t()>& step,
                     const node_times& times, const std::function<void()>& work) {
  begins(step(), threads, command);
  try {
    work();
  } catch (const interrupted&) {
    ends(step(), "interrupted", times);
    throw;
  } catch (const std::exception& e) {
    ends(step(), first_line(e.what()), times);
    throw;
  }
  ends(step(), "finished", times);
}

void history::ends(std::int64_t step, const std::string& how, const node_times& times) const {
  auto nodes = nlohmann::ordered_json::object();
  for (const auto& [id, s] : times.found()) nodes[id] = {{"calls", s.calls}, {"seconds", s.seconds}};
  add({{"format", newest_format},
       {"event", "ends"},
       {"time", now_in_words()},
       {"step", step},
       {"how", how},
       {"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count()},
       {"nodes", std::move(nodes)}});
}

}
