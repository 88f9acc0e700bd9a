#include "noneq/flow/planned_files.hpp"

#include <charconv>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "noneq/config/parse.hpp"
#include "noneq/config/read.hpp"
#include "noneq/flow/each_part.hpp"
#include "noneq/flow/own_files.hpp"
#include "noneq/flow/written_files.hpp"
#include "noneq/storage/file_names.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

namespace {

// Returns the place that a name leads to, as far as it exists; beyond that the name as it is spelt.
fs::path place_of(const fs::path& name) {
  std::error_code failed;
  const fs::path whole = fs::absolute(name, failed);
  fs::path real = fs::weakly_canonical(whole, failed);
  if (failed) real = whole.lexically_normal();
  return real.has_filename() ? real : real.parent_path();
}

bool same_place(const fs::path& a, const fs::path& b) {
  std::error_code failed;
  return a == b || fs::equivalent(a, b, failed);  // hard links, and file systems that ignore case
}

bool is_within(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

// The files of one writer: that of the end, and those of its events.
struct writer_files {
  const plan_node* node = nullptr;
  fs::path end;
  std::int64_t every = 0;

  // "a-step-1000.h5" where the end is "a.h5" and `every` divides 1000.
  bool is_occasion(const std::string& filename) const {
    const std::string before = end.stem().string() + "-step-", after = end.extension().string();
    if (every == 0 || !filename.starts_with(before) || !filename.ends_with(after)) return false;
    if (filename.size() <= before.size() + after.size()) return false;
    const char *first = filename.data() + before.size(), *last = filename.data() + filename.size() - after.size();
    std::int64_t step = 0;
    const auto [stopped, failed] = std::from_chars(first, last, step);
    return failed == std::errc() && stopped == last && *first != '0' && step > 0 && step % every == 0;
  }
  // Compares names; `file` is absolute and normal, or both are within one folder.
  bool is_named(const fs::path& file) const {
    return file == end || (file.parent_path() == end.parent_path() && is_occasion(file.filename().string()));
  }
  // Compares the files on the disk too.
  bool reaches(const fs::path& file) const {
    if (is_named(file) || same_place(file, end)) return true;
    std::error_code failed;
    if (every == 0 || !fs::exists(file, failed)) return false;
    for (const auto& entry : fs::directory_iterator(end.parent_path(), failed))
      if (is_occasion(entry.path().filename().string()) && same_place(entry.path(), file)) return true;
    return false;
  }
};

std::int64_t occasions_of(const plan& p, const plan_node& n) {
  for (const stream_nodes& s : p.streams)
    if (s.has(n.id)) return s.trains ? n.every : s.every;
  return 0;
}

// Returns every writer whose file has a valid name; `folder` is "" where names alone count.
std::vector<writer_files> writers_of(const plan& p, const fs::path& folder) {
  std::vector<writer_files> all;
  for (const plan_node& n : p.nodes)
    if (n.role() == "writer") {
      const fs::path name = n.as<writer>().name("");
      all.push_back({&n, folder.empty() ? name.lexically_normal() : place_of(folder / name), occasions_of(p, n)});
    }
  return all;
}

void refuse_file(const writer_files& w, const std::string& what, config::problems& found) {
  found.add(error(fmt::format("got '{}', {}", w.node->as<writer>().file.string(), what), w.node->id + ".file",
                  w.node->where));
}

// Returns the reason why this cannot be the name of a file within a folder; "" when it can.
std::string fault_of(const fs::path& name) {
  if (name.empty() || !name.has_filename() || name.filename() == "." || name.filename() == "..")
    return "need the name of a file";
  if (name.is_absolute()) return "which is absolute; need a name within the folder of the run";
  if (*name.lexically_normal().begin() == "..") return "which leaves the folder of the run; need a name within it";
  if (name.string().find('\0') != std::string::npos) return "need a name without a zero byte";
  if (storage::is_temporary(name.string())) return "which looks like a temporary file of noneq; need another name";
  return "";
}

// Finds pairs with one place; the error is about the later node.
void check_pairs(const std::vector<writer_files>& all,
                 const std::function<bool(const writer_files&, const fs::path&)>& meets, config::problems& found) {
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const writer_files &late = all[i], &early = all[j];
      const std::string other = fmt::format("{} ('{}')", early.node->id, early.node->as<writer>().file.string());
      if (meets(early, late.end) || meets(late, early.end))
        refuse_file(late,
                    fmt::format("which the writer {} writes too{}; need another name", other,
                                early.end == late.end ? "" : ", at the end or on the way"),
                    found);
      else if (is_within(late.end, early.end) || is_within(early.end, late.end))
        refuse_file(late,
                    fmt::format("but a file cannot lie within the file of the writer {}; need another name", other),
                    found);
    }
}

// A file or folder that a plugin reads, or in which it keeps its own files.
struct plan_input {
  fs::path place;
  std::string parameter;  // "loader.file"
};

void add_inputs(const instance& whole, const std::string& subject, std::vector<plan_input>& all) {
  if (whole.entry == nullptr || whole.entry->role == "writer") return;
  each_part(whole, subject, [&](const instance& i, const std::string& at) {
    for (const parameter& of : i.entry->parameters)
      if (holds_paths(of))
        for (const std::string& name : config::read<std::vector<std::string>>(of.render(*i.made)))
          for (const fs::path& file : storage::matching_files(name))
            all.push_back({place_of(file), at + "." + of.name});
  });
}

std::vector<plan_input> inputs_of(const plan& p) {
  std::vector<plan_input> all;
  for (const auto& [role, i] : p.process_parts) add_inputs(i, "process." + role, all);
  for (const plan_node& n : p.nodes) {
    add_inputs(n.plugin, n.id, all);
    if (!n.of_run.empty()) all.push_back({place_of(n.of_run), n.id + ".of"});
  }
  return all;
}

// Returns the reason why no file can be made at this place; "" when it can.
std::string obstacle_at(const fs::path& file) {
  std::error_code failed;
  if (fs::is_directory(file, failed)) return fmt::format("but {} is a folder; need another name", file.string());
  if (fs::exists(file, failed) && !fs::is_regular_file(file, failed))
    return fmt::format("but {} is a device or pipe; need another name", file.string());
  fs::path there = file.parent_path();
  while (!fs::exists(there, failed) && there.has_relative_path()) there = there.parent_path();
  if (!fs::is_directory(there, failed)) return fmt::format("but {} is no folder; need another name", there.string());
  if (::access(there.c_str(), W_OK | X_OK) != 0)
    return fmt::format("but the folder {} cannot be written to; check its permissions", there.string());
  return "";
}

}

void check_file_names(const plan& p, config::problems& found) {
  std::vector<writer_files> good;
  for (const writer_files& w : writers_of(p, "")) {
    if (const std::string fault = fault_of(w.node->as<writer>().file); !fault.empty()) {
      refuse_file(w, fault, found);
      continue;
    }
    for (const auto& [own, _] : own_files)
      if (w.is_named(own) || is_within(w.end, own))
        refuse_file(w, fmt::format("where the run itself keeps {}; need another name", own), found);
    good.push_back(w);
  }
  check_pairs(
      good, [](const writer_files& w, const fs::path& file) { return w.is_named(file); }, found);
}

void check_file_places(const plan& p, const fs::path& folder, config::problems& found) {
  const std::vector<writer_files> all = writers_of(p, folder);
  const std::vector<plan_input> inputs = inputs_of(p);
  check_pairs(
      all, [](const writer_files& w, const fs::path& file) { return w.reaches(file); }, found);
  for (const writer_files& w : all) {
    for (const auto& [own, _] : own_files)
      if (const fs::path place = place_of(folder / own); w.reaches(place) || is_within(w.end, place))
        refuse_file(w, fmt::format("where the run itself keeps {}; need another name", own), found);
    for (const plan_input& in : inputs)
      if (w.reaches(in.place) || same_place(w.end.parent_path(), in.place))
        refuse_file(
            w, fmt::format("which {} has to read or keep, '{}'; need another name", in.parameter, in.place.string()),
            found);
  }
}

void check_files_can_be_made(const plan& p, const fs::path& folder, config::problems& found) {
  for (const writer_files& w : writers_of(p, folder))
    if (const std::string why = obstacle_at(w.end); !why.empty()) refuse_file(w, why, found);
}

[[noreturn]] static void refuse_out(const fs::path& out, const std::string& what) {
  throw error(fmt::format("--out got '{}', {}; need another name", out.string(), what));
}

void refuse_places_of_run(const fs::path& out, const fs::path& folder) {
  const fs::path place = place_of(out);
  if (same_place(place, place_of(folder))) refuse_out(out, "which is the folder of the run");
  for (const auto& [own, _] : own_files)
    if (const fs::path kept = place_of(folder / own); same_place(place, kept) || is_within(place, kept))
      refuse_out(out, fmt::format("where the run keeps {}", own));
  for (const fs::path& made : written_files(folder).names())
    if (same_place(place, place_of(made))) refuse_out(out, "which a writer of the run wrote");
}

void refuse_files_of_run(const fs::path& out, const plan& p, const fs::path& folder) {
  refuse_places_of_run(out, folder);
  const fs::path place = place_of(out);
  for (const plan_input& in : inputs_of(p))
    if (same_place(place, in.place) || same_place(place.parent_path(), in.place))
      refuse_out(out, fmt::format("which {} has to read, '{}'", in.parameter, in.place.string()));
}

static void refuse_files_named(const fs::path& out, const fs::path& run, std::set<fs::path>& seen);

static void refuse_files_named(const fs::path& out, const config::value& v, const std::string& key,
                               std::set<fs::path>& seen) {
  for (const config::value& item : v.items()) refuse_files_named(out, item, key, seen);
  const config::value* plugin = v.find("plugin");
  const bool writes = plugin != nullptr && plugin->is_scalar() && plugin->text().starts_with("writer.");
  for (const auto& [name, entry] : v.entries())
    if (!writes || name != "file") refuse_files_named(out, entry, name, seen);  // a writer's lies in the run's folder
  if (!v.is_scalar() || v.text().empty()) return;
  for (const fs::path& file : storage::matching_files(v.text()))
    if (same_place(place_of(out), place_of(file)))
      refuse_out(out, fmt::format("which {} has to read, '{}'", key, file.string()));
  std::error_code none;
  if (fs::exists(fs::path(v.text()) / "pipeline.yaml", none)) refuse_files_named(out, fs::path(v.text()), seen);
}

// Runs that were `seen` are left out: the name of a run is often that of its folder, too.
static void refuse_files_named(const fs::path& out, const fs::path& run, std::set<fs::path>& seen) {
  if (!seen.insert(place_of(run)).second) return;
  refuse_places_of_run(out, run);
  refuse_files_named(out, config::parse_file(run / "pipeline.yaml"), "", seen);
}

void refuse_files_named_by_run(const fs::path& out, const fs::path& folder) {
  std::set<fs::path> seen;
  refuse_files_named(out, folder, seen);
}

}
