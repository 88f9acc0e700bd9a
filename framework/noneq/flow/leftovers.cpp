#include "noneq/flow/leftovers.hpp"

#include <set>

#include "noneq/flow/passing_folder.hpp"
#include "noneq/flow/written_files.hpp"
#include "noneq/storage/temporaries.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

namespace {

template <class Chosen>
void remove_files(const fs::path& dir, const Chosen& chosen) {
  std::error_code ignored;
  std::vector<fs::path> found;
  for (fs::directory_iterator at(dir, ignored), end; !ignored && at != end; at.increment(ignored))
    if (at->symlink_status(ignored).type() == fs::file_type::regular && chosen(at->path().filename().string()))
      found.push_back(at->path());
  for (const fs::path& file : found) fs::remove(file, ignored);
}

}

void remove_half_written(const fs::path& folder, const std::vector<config::value>& pipelines) {
  std::set<fs::path> places{".", "reference", "averages"};
  for (const config::value& pipeline : pipelines)
    if (const config::value* graph = pipeline.find("graph"))
      for (const auto& [id, node] : graph->entries())
        if (const config::value* plugin = node.find("plugin"), *file = node.find("file");
            plugin && file && plugin->text().starts_with("writer."))
          places.insert((fs::path(".") / file->text()).parent_path());
  for (const fs::path& place : places)
    if (lies_within(folder, place)) storage::remove_stale_temporaries(folder / place);
  std::error_code ignored;
  std::vector<fs::path> tried;
  for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored))
    if (at->symlink_status(ignored).type() == fs::file_type::directory &&
        at->path().filename().string().starts_with(storage::temporary_mark))
      tried.push_back(at->path());
  for (const fs::path& one : tried)
    if (!passing_folder::is_used(one)) fs::remove_all(one, ignored);
}

void remove_kept(const fs::path& folder) {
  if (!lies_within(folder, "reference")) return;
  remove_files(folder / "reference", [](const std::string& name) { return fs::path(name).extension() == ".h5"; });
  std::error_code ignored;
  fs::remove(folder / "reference", ignored);  // unless it holds other files too
}

}
