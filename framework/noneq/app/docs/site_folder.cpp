#include "noneq/app/docs/site_folder.hpp"

#include <nlohmann/json.hpp>

#include "noneq/app/refuse.hpp"
#include "noneq/flow/written_files.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::app {
namespace fs = std::filesystem;
namespace {

constexpr const char* list_name = "noneq-docs.json";

// The list of an earlier site; null when there is none.
nlohmann::json list_in(const fs::path& folder) {
  std::error_code failed;
  if (!fs::is_regular_file(folder / list_name, failed)) return nullptr;
  const auto list = nlohmann::json::parse(storage::read_file(folder / list_name), nullptr, false);
  return list.is_object() && list.contains("files") && list["files"].is_array() ? list : nullptr;
}

void make_folder(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw storage::file_error(folder, "make this folder", failed.value());
}

// The list may have been edited: nothing outside of the folder is removed.
void remove_earlier(const fs::path& folder, const nlohmann::json& list,
                    const std::map<std::string, std::string>& files) {
  std::error_code failed;
  for (const auto& entry : list["files"]) {
    if (!entry.is_string()) continue;
    const fs::path name = fs::path(entry.get<std::string>()).lexically_normal();
    if (files.count(name.string()) || !flow::lies_within(folder, name)) continue;
    if (fs::is_regular_file(fs::symlink_status(folder / name, failed))) fs::remove(folder / name, failed);
    for (fs::path above = name.parent_path(); !above.empty(); above = above.parent_path())
      if (!fs::is_empty(folder / above, failed) || failed || !fs::remove(folder / above, failed)) break;
  }
}

}

bool holds_site(const fs::path& folder) { return !list_in(folder).is_null(); }

void need_folder(const fs::path& folder) {
  as_input([&] {
    std::error_code failed;
    if (fs::exists(folder, failed) && !fs::is_directory(folder, failed))
      throw error("got a file, need the name of a folder", "", {folder.string()});
    make_folder(folder);
    const storage::atomic_file never_committed(folder / list_name);
  });
}

void write_site(const fs::path& folder, const std::map<std::string, std::string>& files) {
  const nlohmann::json earlier = list_in(folder);
  nlohmann::json names = nlohmann::json::array();
  for (const auto& [name, _] : files) names.push_back(name);
  // Both lists until the new files are there: whatever ends this process, the next one knows every file.
  nlohmann::json all = names;
  if (!earlier.is_null()) all.insert(all.end(), earlier["files"].begin(), earlier["files"].end());
  const auto put_list = [&](const nlohmann::json& list) {
    storage::write_atomically(folder / list_name,
                              nlohmann::json{{"noneq", NONEQ_VERSION}, {"files", list}}.dump(1) + "\n");
  };
  put_list(all);
  for (const auto& [name, text] : files) {
    make_folder((folder / name).parent_path());
    storage::write_atomically(folder / name, text);
  }
  if (!earlier.is_null()) remove_earlier(folder, earlier, files);
  put_list(names);
}

}
