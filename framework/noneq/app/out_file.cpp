#include "noneq/app/out_file.hpp"

#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/storage/file_names.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::app {

CLI::Option* out_file::add_to(CLI::App& verb, const std::string& doc) {
  CLI::Option* out = verb.add_option("--out", path, doc)->check(not_empty());
  verb.add_flag("--force", force, "replace what --out names, if it is there");
  return out;
}

void out_file::need_writable(std::string_view format) const {
  as_input([&] {
    storage::need_name_of(format, path);
    const storage::atomic_file never_committed(path);
  });
}

void out_file::need_other_file(const std::filesystem::path& input, const std::string& input_option) const {
  std::error_code failed;
  if (std::filesystem::equivalent(path, input, failed))
    throw input_error(
        {error(fmt::format("{} got '{}', the file of {}; need another name", option, path, input_option))});
}

// Throws input_error when the path is the folder of a run, or a place in one that the run uses.
static void refuse_places_of_runs(const std::filesystem::path& path) {
  std::error_code failed;
  const std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
  for (std::filesystem::path at = whole; at.has_relative_path(); at = at.parent_path())
    if (std::filesystem::exists(at / "pipeline.yaml", failed)) as_input([&] { flow::refuse_places_of_run(path, at); });
}

void out_file::need_free() const {
  refuse_places_of_runs(path);
  std::error_code failed;
  const bool folder = std::filesystem::is_directory(path, failed);
  if (force || !std::filesystem::exists(path, failed) || (folder && std::filesystem::is_empty(path, failed))) return;
  throw input_error({error(fmt::format("is there already; give {} another {}, or --force to replace {}", option,
                                       folder ? "folder" : "name", folder ? "files in it" : "it"),
                           "", {path, 0, 0})});
}

}
