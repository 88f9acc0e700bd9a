// noneq new ROLE NAME [--dir DIR]
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/plugin_project.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/shared_folder.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::app {
namespace {

namespace fs = std::filesystem;

// A plugin of an equal name would hide that one, or be hidden, in every pipeline.
void refuse_known(const plugin_project& project) {
  const registry plugins = installed_plugins();
  const auto& files = plugins.files(role_of_kind(project.kind), project.name);
  if (files.empty()) return;
  throw error(
      fmt::format("NAME got '{}', but {} is a plugin already, of {}; need another name: noneq list {} shows all",
                  project.name, project.full_name(), files.front().string(), role_of_kind(project.kind)));
}

void need_free(const fs::path& folder) {
  std::error_code failed;
  const bool there = fs::exists(fs::symlink_status(folder, failed));
  if (there && !(fs::is_directory(folder, failed) && fs::is_empty(folder, failed)))
    throw error("is there already and is not empty; need another name, or --dir with another folder", "",
                {folder.string()});
}

// The folder of a project, with those above it that were missing. Without keep() all of them, and what was written, are
// removed with the object, so that a full disk leaves nothing behind.
class new_folder {
 public:
  explicit new_folder(const fs::path& path) : path_(path) {
    std::error_code failed;
    for (fs::path at = fs::absolute(path).lexically_normal(); !fs::exists(at, failed); at = at.parent_path())
      made_ = at;
    fs::create_directories(path, failed);
    if (failed) {
      discard();
      throw storage::file_error(path, "make this folder", failed.value());
    }
  }
  new_folder(new_folder&&) = delete;
  ~new_folder() {
    if (!kept_) discard();
  }
  void write(const std::string& name, const std::string& text) {
    written_.push_back(path_ / name);
    storage::write_atomically(written_.back(), text);
  }
  void keep() { kept_ = true; }

 private:
  void discard() {
    std::error_code ignored;
    for (const fs::path& file : written_) fs::remove(file, ignored);
    if (!made_.empty()) fs::remove_all(made_, ignored);
  }

  const fs::path path_;
  fs::path made_;  // the topmost folder that was made; empty: none
  std::vector<fs::path> written_;
  bool kept_ = false;
};

void write_project(const plugin_project& project, const fs::path& folder) {
  const fs::path prefix = installed_prefix();
  const auto files = project.files(prefix);
  new_folder made(folder);
  std::vector<std::string> names;
  for (const auto& [name, text] : files) {
    made.write(name, text);
    names.push_back(name);
  }
  made.keep();
  print_out("{}: {}\n", folder.string(), fmt::join(names, ", "));
  print_out("Next:\n  cd {}\n  cmake -B build{}\n  cmake --build build\n  ctest --test-dir build\n", folder.string(),
            prefix.empty() ? " -D CMAKE_PREFIX_PATH=<where noneq is installed>" : "");
  print_out("  NONEQ_PLUGIN_PATH=build noneq run {}.yaml\n", project.name);
}

}

void add_new(CLI::App& program) {
  struct options {
    plugin_project project;
    std::string dir;
  };
  auto o = std::make_shared<options>();
  CLI::App* verb = program.add_subcommand(
      "new", "a plugin's project: a source that works, its tests, a pipeline, and CMakeLists.txt");
  verb->add_option("ROLE", o->project.kind, "the plugin's role")
      ->required()
      ->type_name(fmt::format("TEXT:{{{}}}", fmt::join(plugin_kinds(), ",")));
  verb->add_option("NAME", o->project.name, "the plugin's name, an identifier of C++")->required();
  verb->add_option("--dir", o->dir, "the folder to write; NAME when it is not given")->check(not_empty());
  verb->callback([o] {
    const fs::path folder = o->dir.empty() ? o->project.name : o->dir;
    as_input([&] {
      o->project.check();
      refuse_known(o->project);
      need_free(folder);
      write_project(o->project, folder);
    });
  });
}

}
