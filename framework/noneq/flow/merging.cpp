#include "noneq/flow/merging.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "noneq/flow/folder_lock.hpp"
#include "noneq/flow/run_folder.hpp"
#include "noneq/flow/written_files.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

namespace {

manifest need_manifest(const fs::path& run) {
  if (auto m = read_manifest(run)) return std::move(*m);
  throw refused(run, "is not the folder of a processing pipeline; it has no manifest.json");
}

std::vector<std::string> writers_of(const manifest& m) {
  std::vector<std::string> all;
  for (const auto& stream : m.writers)
    for (const auto& [id, _] : stream) all.push_back(id);
  return all;
}

struct chosen_writer {
  std::size_t stream;
  std::string file;
};

chosen_writer writer_of(const manifest& m, const fs::path& run, const std::string& name) {
  const std::vector<std::string> all = writers_of(m);
  if (name.empty() && all.size() > 1)
    throw refused(run,
                  fmt::format("has the writers {}, need one of them by --writer, or no --out", fmt::join(all, ", ")));
  for (std::size_t k = 0; k < m.writers.size(); ++k)
    for (const auto& [id, file] : m.writers[k])
      if (name.empty() || id == name) return {k, file};
  throw refused(run,
                fmt::format("has no writer '{}'{} (it has {})", name, did_you_mean(name, all), fmt::join(all, ", ")));
}

// Returns whether the units are all rows of one file that HDF5 can read, in their order.
bool is_one_file(const std::vector<storage::unit_place>& units) {
  return !units.empty() && storage::is_closed(units.front().file) &&
         storage::read_journal(units.front().file).size() == units.size() &&
         std::all_of(units.begin(), units.end(), [&](const auto& u) { return u.file == units.front().file; });
}

// Gives a file a second name, in place of the one that had it. Returns false where the file system has no such names.
bool link_over(const fs::path& file, const fs::path& name) {
  const fs::path temporary = name.string() + fmt::format("{}{}-0", storage::temporary_mark, ::getpid());
  ::unlink(temporary.c_str());
  if (::link(file.c_str(), temporary.c_str()) != 0) return false;
  if (::rename(temporary.c_str(), name.c_str()) == 0) {
    ::unlink(temporary.c_str());  // it stays where both names were those of one file already
    storage::make_names_durable(name.parent_path());
    return true;
  }
  ::unlink(temporary.c_str());
  return false;
}

}

void need_all_units(const manifest& m, const unit_folder& units, const fs::path& run, const std::string& writer) {
  config::problems found;
  for (std::size_t k = 0; k < m.streams.size(); ++k) {
    if (!writer.empty() && !m.writers[k].count(writer)) continue;
    const stream_rows& s = m.streams[k];
    const auto missing = missing_units({0, s.units()}, units.done(m, k));
    if (missing.empty()) continue;
    std::int64_t count = 0;
    for (const unit_run& r : missing) count += r.end - r.begin;
    found.add(error(fmt::format("has {} of {} units, missing are {}; run the parts that make them again",
                                s.units() - count, s.units(), rows_text(s, missing)),
                    "", {run.string()}));
  }
  found.raise();
}

std::map<std::string, fs::path> finish_job(const fs::path& run, manifest m, const storage::unit_progress& progress) {
  const unit_folder units(run);
  std::map<std::string, fs::path> files;
  for (const auto& stream : m.writers)
    for (const auto& [id, file] : stream) {
      const auto places = units.units_of(file);
      const fs::path out = run / file;
      std::error_code failed;
      fs::create_directories(out.parent_path(), failed);
      if (!is_one_file(places) || !link_over(places.front().file, out))
        storage::join_units(units.head_of(file), places, out, progress);
      written_files(run).add_unread(out);
      files[id] = out;
    }
  m.finished = true;
  write_manifest(run, m);
  std::error_code ignored;
  fs::remove_all(units.path(), ignored);
  return files;
}

std::vector<fs::path> merge(const fs::path& run, const merge_options& options, const storage::unit_progress& progress) {
  need_manifest(run);
  if (options.out.empty() && options.virtually)
    throw refused(run, "cannot be finished virtually, because the units go with it; need --out FILE");
  if (options.out.empty() && !options.writer.empty())
    throw refused(run, "is finished by the files of all its writers; need --out FILE beside --writer");
  const folder_lock alone(run);
  const manifest m = need_manifest(run);  // as the last part may just have left it
  const unit_folder units(run);
  if (m.finished) throw refused(run, "is finished: its units are joined already, in the files of its writers");
  if (options.out.empty()) {
    need_all_units(m, units, run);
    for (const auto& part : units.parts())
      if (const std::string who = holder_of(part.folder); !who.empty())
        throw refused(part.folder, fmt::format("is in use by {}; wait until that has ended", who));
    std::vector<fs::path> files;
    for (const auto& [_, file] : finish_job(run, m, progress)) files.push_back(file);
    return files;
  }
  const chosen_writer writer = writer_of(m, run, options.writer);
  need_all_units(m, units, run, options.writer);
  const auto places = units.units_of(writer.file);
  if (options.virtually)
    storage::join_virtually(units.head_of(writer.file), places, options.out);
  else
    storage::join_units(units.head_of(writer.file), places, options.out, progress);
  return {options.out};
}

job_status status_of(const fs::path& run) {
  const manifest m = need_manifest(run);
  job_status s;
  s.rows = m.rows();
  s.finished = m.finished;
  if (m.finished) s.done = s.rows;
  if (m.finished) return s;
  const unit_folder units(run);
  std::vector<std::set<std::int64_t>> done;
  for (std::size_t k = 0; k < m.streams.size(); ++k) {
    done.push_back(units.done(m, k));
    for (const std::int64_t u : done.back()) s.done += m.streams[k].rows_of(u);
  }
  for (const auto& part : units.parts()) {
    job_status::part_status p{part.part.text(), holder_of(part.folder)};
    for (std::size_t k = 0; k < m.streams.size(); ++k) {
      const stream_rows& r = m.streams[k];
      const unit_run mine = units_of(part.part, r.units());
      for (std::int64_t u = mine.begin; u < mine.end; ++u) {
        p.rows += r.rows_of(u);
        if (done[k].count(u)) p.done += r.rows_of(u);
      }
    }
    // The rate of the latest process, from the times of its units: those behind the first, which has the start in it.
    const auto processes = units.processes(part.folder);
    if (!processes.empty() && !m.writers.empty() && !m.writers.front().empty()) {
      const auto made = storage::read_journal(processes.back() / m.writers.front().begin()->second);
      std::int64_t rows = 0;
      for (std::size_t k = 1; k < made.size(); ++k) rows += made[k].rows;
      if (rows > 0 && made.back().time > made.front().time)
        p.rows_a_second = static_cast<double>(rows) / (made.back().time - made.front().time);
    }
    if (!p.at_work.empty()) s.rows_a_second += p.rows_a_second;
    s.parts.push_back(std::move(p));
  }
  return s;
}

namespace {

// A file that is compared: joined, with its size, or the units of one that is not finished.
struct compared_file {
  fs::path joined;
  std::vector<storage::unit_place> units;
  double bytes;
  std::vector<std::string> lost = {};  // units that are not there any more
};

compared_file joined_file(const fs::path& file) {
  std::error_code failed;
  const auto bytes = fs::file_size(file, failed);
  return {file, {}, failed ? 0 : static_cast<double>(bytes)};
}

compared_file unfinished_file(std::vector<storage::unit_place> units) {
  double bytes = 0;
  for (const storage::unit_place& u : units) bytes += static_cast<double>(u.unit.bytes());
  return {{}, std::move(units), bytes};
}

std::vector<compared_file> files_to_compare(const fs::path& place) {
  std::error_code failed;
  if (!fs::is_directory(place, failed)) return {joined_file(place)};
  std::vector<compared_file> all;
  const manifest m = need_manifest(place);
  const unit_folder made(place);
  for (std::size_t k = 0; k < m.writers.size(); ++k) {
    const bool incomplete = !m.finished && !missing_units({0, m.streams[k].units()}, made.done(m, k)).empty();
    for (const auto& [_, file] : m.writers[k]) {
      if (m.finished && !fs::exists(place / file, failed))
        throw refused(place / file, "is not there any more; need its new name: noneq verify FILE");
      all.push_back(m.finished ? joined_file(place / file) : unfinished_file(made.units_of(file)));
      if (incomplete) all.back().lost = made.lost_units_of(file);  // others may have made them since
    }
  }
  return all;
}

}

std::vector<std::string> verify(const fs::path& place, std::int64_t& units, const storage::unit_progress& progress) {
  std::vector<std::string> wrong;
  units = 0;
  const std::vector<compared_file> files = files_to_compare(place);
  double all = 0, before = 0;
  for (const compared_file& f : files) all += f.bytes;
  for (const compared_file& f : files) {
    const auto shown = [&](std::int64_t done, std::int64_t of_file) {
      const double share = of_file > 0 ? static_cast<double>(done) / static_cast<double>(of_file) : 0;
      if (progress) progress(static_cast<std::int64_t>(before + share * f.bytes), static_cast<std::int64_t>(all));
    };
    auto in_units = static_cast<std::int64_t>(f.units.size());
    const auto more =
        f.joined.empty() ? storage::wrong_units(f.units, shown) : storage::wrong_units(f.joined, in_units, shown);
    wrong.insert(wrong.end(), more.begin(), more.end());
    wrong.insert(wrong.end(), f.lost.begin(), f.lost.end());
    units += in_units;
    before += f.bytes;
  }
  return wrong;
}

}
