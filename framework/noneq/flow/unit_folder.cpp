#include "noneq/flow/unit_folder.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "noneq/storage/files.hpp"
#include "noneq/storage/growing_file.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

fs::path unit_folder::of(const job_part& part) const {
  return path_ / fmt::format("part-{}-of-{}", part.index, part.of);
}

std::vector<unit_folder::begun_part> unit_folder::parts() const {
  std::vector<begun_part> all;
  std::error_code none;
  for (fs::directory_iterator at(path_, none), end; !none && at != end; at.increment(none)) {
    const std::string name = at->path().filename().string();
    job_part part;
    if (std::sscanf(name.c_str(), "part-%ld-of-%ld", &part.index, &part.of) == 2 && of(part) == at->path())
      all.push_back({part, at->path()});
  }
  std::sort(all.begin(), all.end(), [](const begun_part& a, const begun_part& b) {
    return std::pair(a.part.of, a.part.index) < std::pair(b.part.of, b.part.index);
  });
  return all;
}

static std::int64_t number_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  std::int64_t n = 0;
  const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), n);
  return failed == std::errc() && end == name.data() + name.size() ? n : 0;
}

std::vector<fs::path> unit_folder::processes(const fs::path& part) const {
  std::vector<fs::path> all;
  std::error_code none;
  for (fs::directory_iterator at(part, none), end; !none && at != end; at.increment(none))
    if (number_of(at->path()) > 0 && at->is_directory(none)) all.push_back(at->path());
  std::sort(all.begin(), all.end(), [](const fs::path& a, const fs::path& b) { return number_of(a) < number_of(b); });
  return all;
}

fs::path unit_folder::add_process(const job_part& part, const manifest& m) const {
  const fs::path folder = of(part);
  std::int64_t last = 0;
  std::error_code ignored;
  for (const fs::path& process : processes(folder)) {
    bool made = false;
    for (const auto& writers : m.writers)
      for (const auto& [_, file] : writers) made = made || !storage::read_journal(process / file).empty();
    if (!made) fs::remove_all(process, ignored);
    if (made) last = std::max(last, number_of(process));
  }
  const fs::path mine = folder / std::to_string(last + 1);
  std::error_code failed;
  fs::create_directories(mine, failed);
  if (failed) throw storage::file_error(mine, "make the folder", failed.value());
  return mine;
}

void unit_folder::clear() const {
  std::error_code ignored;
  for (const begun_part& part : parts()) {
    for (const fs::path& process : processes(part.folder)) fs::remove_all(process, ignored);
    fs::remove(part.folder, ignored);  // not while a process holds its lock in it
  }
  fs::remove(path_, ignored);
}

std::vector<storage::unit_place> unit_folder::units_of(const std::string& file) const {
  std::map<std::int64_t, storage::unit_place> by_row;
  for (const begun_part& part : parts())
    for (const fs::path& process : processes(part.folder))
      for (storage::stored_unit& u : storage::read_journal(process / file)) {
        const std::int64_t first = u.first;
        by_row.try_emplace(first, storage::unit_place{process / file, std::move(u)});
      }
  std::vector<storage::unit_place> all;
  for (auto& [_, u] : by_row) all.push_back(std::move(u));
  return all;
}

std::vector<std::string> unit_folder::lost_units_of(const std::string& file) const {
  std::vector<std::string> all;
  for (const begun_part& part : parts())
    for (const fs::path& process : processes(part.folder))
      if (const std::string lost = storage::lost_units(process / file); !lost.empty()) all.push_back(lost);
  return all;
}

fs::path unit_folder::head_of(const std::string& file) const {
  std::error_code none;
  for (const begun_part& part : parts())
    for (const fs::path& process : processes(part.folder))
      if (const fs::path head = storage::head_of(process / file); fs::exists(head, none)) return head;
  return {};
}

std::set<std::int64_t> unit_folder::done(const manifest& m, std::size_t stream) const {
  const stream_rows& s = m.streams[stream];
  std::map<std::int64_t, std::size_t> writers;  // that have a unit
  for (const auto& [_, file] : m.writers[stream])
    for (const storage::unit_place& u : units_of(file))
      if (u.unit.first % s.unit == 0 && u.unit.rows == s.rows_of(u.unit.first / s.unit))
        ++writers[u.unit.first / s.unit];
  std::set<std::int64_t> all;
  for (const auto& [u, count] : writers)
    if (count == m.writers[stream].size()) all.insert(u);
  return all;
}

std::string rows_text(const stream_rows& s, const std::vector<unit_run>& runs) {
  constexpr std::size_t most = 5;
  std::string text;
  for (std::size_t k = 0; k < runs.size() && k < most; ++k)
    text += fmt::format("{}{} … {}", k == 0 ? "rows " : ", ", s.first_of(runs[k].begin),
                        std::min(s.rows, s.first_of(runs[k].end)) - 1);
  return runs.size() > most ? fmt::format("{} and {} more stretches", text, runs.size() - most) : text;
}

}
