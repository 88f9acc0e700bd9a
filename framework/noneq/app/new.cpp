// noneq new ROLE NAME [--dir DIR]
#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/plugin_project.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/shared_folder.hpp"
#include "noneq/app/shell_word.hpp"
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

// The folders and files that one call makes. Without keep() all of them are removed with the object, so that a full
// disk leaves nothing behind. A folder is removed only where it is empty, so that nothing else is lost.
class new_files {
 public:
  new_files() = default;
  new_files(new_files&&) = delete;
  ~new_files() {
    std::error_code ignored;
    for (; !made_.empty(); made_.pop_back()) fs::remove(made_.back(), ignored);
  }
  // Makes a folder, and those above it that are missing.
  void add_folder(const fs::path& path) {
    std::error_code failed;
    if (const fs::path above = path.parent_path(); !above.empty() && !fs::exists(above, failed)) add_folder(above);
    if (fs::create_directory(path, failed)) made_.push_back(path);
    if (failed) throw storage::file_error(path, "make this folder", failed.value());
  }
  void add_file(const fs::path& path, const std::string& text) {
    storage::write_atomically(path, text);
    made_.push_back(path);
  }
  void keep() { made_.clear(); }

 private:
  std::vector<fs::path> made_;
};

void write_project(const plugin_project& project, const fs::path& folder) {
  const fs::path prefix = installed_prefix();
  const auto files = project.files(prefix);
  new_files made;
  made.add_folder(folder);
  std::vector<std::string> names;
  for (const auto& [name, text] : files) {
    made.add_file(folder / name, text);
    names.push_back(name);
  }
  made.keep();
  print_out("{}: {}\n", folder.string(), fmt::join(names, ", "));
  if (prefix.empty())
    print_out(
        "There are no headers of noneq beside this program: install them (Debian: noneq-dev), and where they are "
        "not below /usr, add -D CMAKE_PREFIX_PATH=FOLDER to the first cmake.\n");
  print_out("Next:\n  cd {}\n  cmake -B build\n  cmake --build build\n  ctest --test-dir build\n",
            shell_word(folder.string()));
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
  verb->add_option("NAME", o->project.name, "the plugin's name: small letters, digits and _")->required();
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
