#include "noneq/flow/written_files.hpp"

#include <map>

#include <nlohmann/json.hpp>

#include "noneq/flow/json_lines.hpp"
#include "noneq/flow/occasion_name.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

namespace {

struct fingerprint {
  std::int64_t bytes = 0;
  std::string crc32;  // or, where this is empty,
  std::int64_t changed = 0;
  bool undone = false;
};

std::int64_t time_of(const fs::path& file) {
  std::error_code failed;
  return fs::last_write_time(file, failed).time_since_epoch().count();
}

// By name; the last line about a file counts.
std::map<std::string, fingerprint> read(const fs::path& list) {
  std::map<std::string, fingerprint> all;
  each_json_line(list, [&](const nlohmann::json& entry, const std::string&) {
    // A line that another program wrote names no file.
    if (!entry.contains("file") || !entry["file"].is_string() || !entry.contains("bytes") ||
        !entry["bytes"].is_number_integer())
      return;
    const bool undone = entry.contains("undone") && entry["undone"] == true;
    if (entry.contains("crc32") && entry["crc32"].is_string())
      all[entry["file"]] = {entry["bytes"], entry["crc32"], 0, undone};
    else if (entry.contains("changed") && entry["changed"].is_number_integer())
      all[entry["file"]] = {entry["bytes"], "", entry["changed"], undone};
  });
  return all;
}

void append(const fs::path& list, const std::string& name, const fingerprint& known) {
  nlohmann::ordered_json entry{{"file", name}, {"bytes", known.bytes}};
  if (known.crc32.empty())
    entry["changed"] = known.changed;
  else
    entry["crc32"] = known.crc32;
  if (known.undone) entry["undone"] = true;
  storage::append_line(list, entry.dump());
}

bool is_as_written(const fs::path& file, const fingerprint& known) {
  try {
    const storage::input_file now(file);
    if (now.size() != known.bytes) return false;
    return known.crc32.empty() ? time_of(file) == known.changed : storage::checksum(now) == known.crc32;
  } catch (const error&) {
    return false;
  }
}

}

std::string written_files::name_of(const fs::path& file) const {
  const fs::path within = file.lexically_relative(folder_);
  const bool inside = !within.empty() && *within.begin() != "..";
  return (inside ? within : fs::absolute(file)).string();
}

void written_files::add_unread(const fs::path& file) const {
  append(list(), name_of(file), {storage::input_file(file).size(), "", time_of(file)});
  storage::make_durable(list());
}

void written_files::add(const fs::path& file) const {
  const storage::input_file written(file);
  append(list(), name_of(file), {written.size(), storage::checksum(written)});
  storage::make_durable(list());
}

void written_files::undo_after(std::int64_t step) const {
  auto all = read(list());
  for (auto& [name, known] : all)
    if (!known.undone && occasion_in(name).step.value_or(step) > step) {
      known.undone = true;
      append(list(), name, known);
    }
}

std::vector<fs::path> written_files::names() const {
  std::vector<fs::path> all;
  for (const auto& [name, known] : read(list()))
    if (!known.undone) all.push_back(folder_ / name);
  return all;
}

bool lies_within(const fs::path& folder, const fs::path& name) {
  const fs::path plain = name.lexically_normal();
  if (plain.empty() || plain.is_absolute() || *plain.begin() == "..") return false;
  std::error_code failed;
  fs::path at = folder;
  for (const fs::path& part : plain)
    if (fs::is_symlink(fs::symlink_status(at /= part, failed))) return false;
  return true;
}

std::vector<staying_file> written_files::remove() const {
  std::vector<staying_file> staying;
  std::error_code failed;
  for (const auto& [name, known] : read(list())) {
    const fs::path file = folder_ / name;  // an absolute name stays as it is
    if (!fs::exists(file, failed)) continue;
    if (!lies_within(folder_, name))
      staying.push_back({file, "lies outside of the folder of the run"});
    else if (!is_as_written(file, known) || !fs::remove(file, failed))
      staying.push_back({file, "was changed since the run that is replaced wrote it"});
  }
  fs::remove(list(), failed);
  return staying;
}

}
