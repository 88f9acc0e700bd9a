#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/storage/unit_journal.hpp"

#include <csignal>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "noneq/storage/files.hpp"
#include "noneq/storage/json_text.hpp"

namespace noneq::storage {

std::int64_t stored_unit::bytes() const {
  std::int64_t all = 0;
  for (const auto& [_, of_dataset] : chunks)
    for (const stored_chunk& c : of_dataset) all += static_cast<std::int64_t>(c.bytes);
  return all;
}

std::filesystem::path journal_of(const std::filesystem::path& file) {
  std::filesystem::path journal = file;
  journal += ".units";
  return journal;
}

static nlohmann::ordered_json line_of(const stored_unit& u) {
  nlohmann::ordered_json chunks = nlohmann::ordered_json::object();
  for (const auto& [dataset, all] : u.chunks) {
    nlohmann::ordered_json each = nlohmann::ordered_json::array();
    for (const stored_chunk& c : all) each.push_back({c.offset, c.bytes, c.crc32});
    chunks[dataset] = std::move(each);
  }
  return {{"first", u.first}, {"rows", u.rows}, {"time", u.time}, {"chunks", std::move(chunks)}};
}

// Takes a whole number from 0 that int64 holds; returns false when the value is none.
static bool take_count(const nlohmann::json& value, std::int64_t& into) {
  if (!value.is_number_integer()) return false;
  into = value.get<std::int64_t>();
  return into >= 0;
}

// Returns false when the line is not one of a journal.
static bool read_line(const std::string& line, std::int64_t file_bytes, stored_unit& u) {
  const auto entry = nlohmann::json::parse(line, nullptr, false);
  if (!entry.is_object()) return false;
  try {
    if (!take_count(entry.at("first"), u.first) || !take_count(entry.at("rows"), u.rows)) return false;
    u.time = entry.at("time").get<double>();
    for (const auto& [dataset, all] : entry.at("chunks").items())
      for (const auto& c : all) {
        stored_chunk one;
        std::int64_t crc32 = 0;
        if (!take_count(c.at(0), one.offset) || !take_count(c.at(1), one.bytes) || !take_count(c.at(2), crc32))
          return false;
        if (one.bytes > file_bytes || one.offset > file_bytes - one.bytes || crc32 > UINT32_MAX) return false;
        one.crc32 = static_cast<std::uint32_t>(crc32);
        u.chunks[dataset].push_back(one);
      }
  } catch (const nlohmann::json::exception&) {
    return false;
  }
  return u.rows > 0 && u.first <= INT64_MAX - u.rows;
}

static std::optional<std::int64_t> damaged_unit(const std::string& line) {
  const auto note = json_object(line);
  std::int64_t first = 0;
  if (!note || !note->contains("damaged") || !take_count((*note)["damaged"], first)) return std::nullopt;
  return first;
}

std::vector<stored_unit> read_journal(const std::filesystem::path& file) {
  const std::filesystem::path journal = journal_of(file);
  std::error_code failed;
  const auto bytes = std::filesystem::file_size(file, failed);
  const bool there = !failed && std::filesystem::exists(journal, failed);
  if (failed == std::errc::no_such_file_or_directory || (!failed && !there)) return {};
  if (failed) throw file_error(file, "read", failed.value());  // that there are no units is not known
  std::map<std::int64_t, stored_unit> by_row;
  std::istringstream lines(read_file(journal));
  for (std::string line; std::getline(lines, line);)
    if (stored_unit u; read_line(line, static_cast<std::int64_t>(bytes), u))
      by_row[u.first] = std::move(u);
    else if (const auto first = damaged_unit(line))
      by_row.erase(*first);
  std::vector<stored_unit> all;
  for (auto& [_, u] : by_row) all.push_back(std::move(u));
  return all;
}

// Returns where the bytes of a unit begin.
static std::int64_t place_of(const stored_unit& u) {
  return u.chunks.empty() || u.chunks.begin()->second.empty() ? -1 : u.chunks.begin()->second.front().offset;
}

void note_damaged(const std::filesystem::path& file, const stored_unit& u) {
  for (const stored_unit& listed : read_journal(file))
    if (place_of(listed) == place_of(u)) append_line(journal_of(file), fmt::format("{{\"damaged\":{}}}", listed.first));
}

static std::string closed_line(std::uintmax_t bytes) { return fmt::format("{{\"closed\":{}}}", bytes); }

void note_closed(const std::filesystem::path& file) {
  append_line(journal_of(file), closed_line(std::filesystem::file_size(file)));
  make_durable(journal_of(file));
}

std::string lost_units(const std::filesystem::path& file) {
  std::error_code failed;
  // The journal first: the rows of a unit that is added meanwhile are in the file before its line is here.
  const std::string text = std::filesystem::exists(journal_of(file), failed) ? read_file(journal_of(file)) : "";
  const auto bytes = std::filesystem::file_size(file, failed);
  std::size_t cut = 0, changed = 0, damaged = 0;
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != text.npos; at = end + 1) {
    const std::string line = text.substr(at, end - at);
    stored_unit u;
    if (line.starts_with("{\"closed\"") || read_line(line, static_cast<std::int64_t>(failed ? 0 : bytes), u)) continue;
    ++(read_line(line, INT64_MAX, u) ? cut : damaged_unit(line) ? changed : damaged);
  }
  std::vector<std::string> all;
  if (cut > 0) all.push_back(fmt::format("{} {} beyond its end", cut, cut == 1 ? "unit lies" : "units lie"));
  if (changed > 0)
    all.push_back(
        fmt::format("{} {} other bytes than were written", changed, changed == 1 ? "unit has" : "units have"));
  if (damaged > 0)
    all.push_back(fmt::format("{} of its journal {} damaged",
                              damaged == 1 ? "a line" : fmt::format("{} lines", damaged), damaged == 1 ? "is" : "are"));
  return all.empty() ? "" : fmt::format("{}: {}; run the part again", file.string(), fmt::join(all, ", "));
}

bool is_closed(const std::filesystem::path& file) {
  std::error_code failed;
  const std::string closed = closed_line(std::filesystem::file_size(file, failed));
  std::ifstream lines(journal_of(file));
  for (std::string line; std::getline(lines, line);)
    if (line == closed && !failed) return true;
  return false;
}

unit_journal::unit_journal(std::filesystem::path file) : file_(std::move(file)), thread_([this] { work(); }) {}

unit_journal::~unit_journal() {
  {
    const std::lock_guard one(one_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void unit_journal::list(const std::vector<stored_unit>& some) const {
  make_durable(file_);
  std::string lines;
  for (const stored_unit& u : some) lines += line_of(u).dump() + "\n";
  lines.pop_back();
  append_line(journal_of(file_), lines);
  make_durable(journal_of(file_));
}

void unit_journal::work() {
  sigset_t all;  // a signal is for the threads of the program
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock one(one_);
  for (;;) {
    changed_.wait(one, [&] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::vector<stored_unit> some = std::exchange(waiting_, {});
    busy_ = true;
    one.unlock();
    std::exception_ptr failed;
    try {
      list(some);
    } catch (...) {
      failed = std::current_exception();
    }
    one.lock();
    busy_ = false;
    if (failed) failed_ = failed;
    changed_.notify_all();
    if (failed_) return;
  }
}

void unit_journal::add(stored_unit u) {
  {
    const std::lock_guard one(one_);
    if (failed_) std::rethrow_exception(failed_);
    waiting_.push_back(std::move(u));
  }
  changed_.notify_all();
}

void unit_journal::finish() {
  std::unique_lock one(one_);
  changed_.wait(one, [&] { return failed_ || (waiting_.empty() && !busy_); });
  if (failed_) std::rethrow_exception(failed_);
}

}
