#include "noneq/app/out_file.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/flow/written_files.hpp"
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

void out_file::need_other_file(const std::filesystem::path& input, const std::string& option) const {
  std::error_code failed;
  if (std::filesystem::equivalent(path, input, failed))
    throw input_error({error(fmt::format("--out got '{}', the file of {}; need another name", path, option))});
}

// Returns whether this is the folder of a run, a file that a run made there, or one in a checkpoint.
static bool belongs_to_run(const std::filesystem::path& file) {
  std::error_code failed;
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  const auto is_run = [&](const std::filesystem::path& f) {
    return std::filesystem::exists(f / "pipeline.yaml", failed);
  };
  if (is_run(file) || (folder.filename().string().starts_with("checkpoint") && is_run(folder.parent_path())))
    return true;
  if (!is_run(folder)) return false;
  auto names = flow::written_files(folder).names();
  for (const char* own : {"pipeline.yaml", "metrics.jsonl", "metrics.h5", "files.jsonl", "run.json", "lock"})
    names.push_back(folder / own);
  return std::any_of(names.begin(), names.end(),
                     [&](const auto& name) { return std::filesystem::equivalent(name, file, failed); });
}

void out_file::need_free() const {
  std::error_code failed;
  if (belongs_to_run(path))
    throw input_error({error(fmt::format("--out got '{}', which belongs to a run; need another name", path))});
  const bool folder = std::filesystem::is_directory(path, failed);
  if (force || !std::filesystem::exists(path, failed) || (folder && std::filesystem::is_empty(path, failed))) return;
  throw input_error({error(fmt::format("is there already; give --out another {}, or --force to replace {}",
                                       folder ? "folder" : "name", folder ? "files in it" : "it"),
                           "", {path, 0, 0})});
}

}
