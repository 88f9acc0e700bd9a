// noneq doctor: this machine and this installation, one fact a line.
#include <cstdlib>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <torch/version.h>

#include "noneq/app/ask_apart.hpp"
#include "noneq/app/catalogue.hpp"
#include "noneq/app/facts.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/config/versions.hpp"
#include "noneq/core/cpu_quota.hpp"
#include "noneq/core/machine.hpp"
#include "noneq/core/memory.hpp"
#include "noneq/core/threads.hpp"
#include "noneq/flow/task_progress.hpp"
#include "noneq/flow/versions.hpp"
#include "noneq/flow/workers.hpp"
#include "noneq/plugin/computes_here.hpp"
#include "noneq/plugin/versions.hpp"
#include "noneq/storage/versions.hpp"

namespace noneq::app {
namespace {

namespace fs = std::filesystem;

void look_at_machine(facts& f) {
  const machine m = this_machine();
  f.add("cpu", "name", m.cpu.empty() ? "unknown" : m.cpu);
  constexpr std::pair<const char*, const char*> sets[] = {{"avx2", "avx2"},
                                                          {"avx512", "avx512f"},
                                                          {"avx512_bf16", "avx512_bf16"},
                                                          {"amx", "amx_tile"},
                                                          {"amx_bf16", "amx_bf16"}};
  for (const auto& [name, flag] : sets) f.add("cpu", name, m.flags.count(flag) > 0);
  f.add("cores", "machine", m.cpus);
  f.add("cores", "taskset", m.allowed);
  const auto quota = cpu_quota();
  f.add("cores", "cgroup", quota ? nlohmann::ordered_json(*quota) : nlohmann::ordered_json("no limit"));
  flow::workers pool(0);
  f.add("cores", "used", pool.threads());
  for (const std::string& note : pool.notes()) f.slow(note);
  if (m.allowed < m.cpus)
    f.slow(fmt::format("taskset, or a cpuset, leaves {} of {} CPUs to this process", m.allowed, m.cpus));
  if (quota && *quota < m.allowed)
    f.slow(fmt::format("the quota of the cgroup (cpu.max) leaves {} of {} CPUs to this process", *quota, m.allowed));
  f.add("memory", "usable", flow::bytes_text(memory_of_machine()));
}

void look_at_libraries(facts& f) {
  f.add("libraries", "noneq", NONEQ_VERSION);
  f.add("libraries", "libtorch", TORCH_VERSION);
  f.add("libraries", "oneTBB", flow::tbb_version());
  f.add("libraries", "HDF5", storage::hdf5_version());
  f.add("libraries", "Boost", boost_version());
  f.add("libraries", "yaml-cpp", config::yaml_cpp_version());
  f.add("libraries", "OpenBLAS with locks", blas_is_thread_safe());
#ifndef NDEBUG
  f.slow("this noneq was built without optimisation (CMAKE_BUILD_TYPE is not Release)");
#endif
  for (const char* variable : {"OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY"})
    if (const char* value = std::getenv(variable))
      f.slow(fmt::format("{}={} chooses other kernels than those for this CPU", variable, value));
}

void look_at_hdf5(facts& f) {
  std::vector<std::string> parallel, serial, missing;
  for (const storage::hdf5_filter& filter : storage::hdf5_filters())
    (!filter.there ? missing : filter.parallel ? parallel : serial).push_back(filter.name);
  f.add("hdf5", "filters on all cores", parallel);
  f.add("hdf5", "filters on one core", serial);
  f.add("hdf5", "filters missing", missing);
}

// Programs that are started for pictures.
void look_at_programs(facts& f) {
  constexpr std::pair<const char*, const char*> programs[] = {{"gnuplot", "writer.figure draws with it"},
                                                              {"dot", "noneq draw --format svg draws with it"}};
  for (const auto& [program, use] : programs) {
    std::string found;
    std::istringstream folders(std::getenv("PATH") ? std::getenv("PATH") : "");
    for (std::string folder; found.empty() && std::getline(folders, folder, ':');) {
      std::error_code none;
      if (fs::exists(fs::path(folder) / program, none)) found = (fs::path(folder) / program).string();
    }
    f.add("programs", program, found.empty() ? fmt::format("not found; {}", use) : found);
  }
}

void look_at_plugins(facts& f, registry& plugins) {
  for (const fs::path& folder : plugins.folders()) {
    std::error_code none;
    f.add("plugins", folder.lexically_normal().string(), fs::is_directory(folder, none) ? "searched" : "not there");
  }
  const auto names = plugin_names(plugins);
  std::map<std::string, std::int64_t> libraries;
  std::set<std::string> refused(plugins.truncated().begin(), plugins.truncated().end());
  for (const plugin_answer& a : ask_apart(plugins, names, [](const plugin_entry&) { return nlohmann::ordered_json(); }))
    if (a.problem.empty())
      ++libraries[plugins.files(a.of.role, a.of.name).front().string()];
    else
      refused.insert(a.problem);
  for (const auto& [file, count] : libraries) f.add("plugins", file, fmt::format("{} plugins", count));
  for (const std::string& problem : refused) f.broken(problem);
  if (libraries.empty()) f.broken("no plugin can be used; install them, or set NONEQ_PLUGIN_PATH");
}

// How the U-Net with its defaults would be computed, by its own account. In a process of its own, as all plugins that
// are only looked at.
void look_at_unet(facts& f, registry& plugins) {
  if (plugins.files("model", "unet").empty()) return;
  const auto ask = [](const plugin_entry& e) {
    nlohmann::ordered_json said{{"facts", nlohmann::ordered_json::array()}, {"slow", nlohmann::ordered_json::array()}};
    const auto made = make_object(e);
    if (const auto* model = dynamic_cast<const computes_here*>(made.get())) {
      const auto answer = model->here();
      for (const auto& [name, value] : answer.facts) said["facts"].push_back({name, value});
      said["slow"] = answer.slow;
    }
    return said;
  };
  const plugin_answer a = ask_apart(plugins, {{"model", "unet"}}, ask).front();
  if (!a.problem.empty()) return f.broken(a.problem);
  for (const auto& pair : a.said["facts"]) f.add("unet", pair[0].get<std::string>(), pair[1]);
  for (const auto& sentence : a.said["slow"]) f.slow(sentence.get<std::string>());
}

}

void add_doctor(CLI::App& program) {
  auto json = std::make_shared<bool>(false);
  CLI::App* verb = program.add_subcommand(
      "doctor",
      "this machine and installation, one fact a line: CPU, limits, libraries, plugins, what is slow and why");
  verb->add_flag("--json", *json, "one JSON object");
  verb->callback([json] {
    facts f, apart;
    registry plugins(plugin_folders());
    look_at_unet(apart, plugins);  // these two fork, which has to be before there are threads
    look_at_plugins(apart, plugins);
    look_at_machine(f);
    look_at_libraries(f);
    look_at_hdf5(f);
    look_at_programs(f);
    f.add(apart);
    if (*json)
      print_out("{}\n", to_text(f.to_json(), 1));
    else
      put_output(f.lines());
    if (!f.sound()) throw CLI::RuntimeError(exit_code::failed);
  });
}

}
