#include "noneq/flow/trace.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

namespace noneq::flow {
namespace {

constexpr const char* words[] = {"fetch", "run", "enter", "map", "add"};

// Chrome counts microseconds; whole nanoseconds are written several times as fast as decimals are.
void append_microseconds(std::string& text, std::int64_t nanoseconds) {
  fmt::format_to(std::back_inserter(text), "{}.{:03}", nanoseconds / 1000, nanoseconds % 1000);
}

constexpr std::string_view beginning = "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n";

double resident_megabytes() {
  std::ifstream statm("/proc/self/statm");
  double size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

}

bool is_trace(const std::filesystem::path& file) {
  std::string start(beginning.size(), 0);
  std::ifstream in(file);
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  return start == beginning;
}

// One thread's slices that are not written yet. A slot belongs to one thread at a time, but for the last.
struct trace::row {
  struct slice {
    const plan_node* node;
    calling what;
    std::int64_t index, part;
    std::int64_t begin, end;  // nanoseconds
  };
  std::size_t number = 0;
  std::mutex shared;
  std::vector<std::int64_t> open;  // the times at which the calls that are not over began
  std::vector<slice> done;
  std::map<const plan_node*, std::string> names;  // as JSON
};

std::filesystem::path trace_of_rank(const std::filesystem::path& file, const ranks& r) {
  if (r.first()) return file;
  return file.parent_path() / fmt::format("{}-rank-{}{}", file.stem().string(), r.rank(), file.extension().string());
}

trace::trace(std::filesystem::path file, const workers& pool, const ranks& r)
    : file_(trace_of_rank(file, r)), process_(r.rank() + 1), out_(file_) {
  if (!out_) throw storage::file_error(file_, "write", errno);
  out_ << beginning;
  if (r.many())
    put(fmt::format(R"({{"ph": "M", "name": "process_name", "pid": {}, "args": {{"name": {}}}}})", process_,
                    nlohmann::json(fmt::format("rank {} on {}", r.rank(), host_name())).dump()));
  for (int k = 0; k <= pool.threads(); ++k) {
    rows_.push_back(std::make_unique<row>());
    rows_.back()->number = static_cast<std::size_t>(k);
    const std::string name = k < pool.threads() ? fmt::format("worker {}", k) : "other threads";
    put(fmt::format(R"({{"ph": "M", "name": "thread_name", "pid": {}, "tid": {}, "args": {{"name": "{}"}}}})", process_,
                    k, name));
  }
}

trace::~trace() {
  for (auto& r : rows_) flush(*r);
  flush_counts();
  out_ << "\n]}\n";
}

trace::row& trace::here() {
  const int k = workers::thread_index();
  return *rows_[k >= 0 && static_cast<std::size_t>(k) + 1 < rows_.size() ? static_cast<std::size_t>(k)
                                                                         : rows_.size() - 1];
}

void trace::begins(const node_call&) {
  row& r = here();
  const std::lock_guard one(r.shared);
  r.open.push_back(now());
}

void trace::ended(const node_call& c) {
  row& r = here();
  const std::lock_guard one(r.shared);
  if (r.open.empty()) return;
  r.done.push_back({&c.node, c.what, c.index, c.part, r.open.back(), now()});
  r.open.pop_back();
  if (r.done.size() >= 1024) flush(r);
}

void trace::flush(row& r) {
  std::string text;
  auto out = std::back_inserter(text);
  for (const row::slice& s : r.done) {
    if (!text.empty()) text += ",\n";
    std::string& name = r.names[s.node];
    if (name.empty()) name = nlohmann::json(s.node->id).dump();
    fmt::format_to(out, R"({{"ph": "X", "name": {}, "cat": "{}", "pid": {}, "tid": {}, "ts": )", name,
                   words[static_cast<std::size_t>(s.what)], process_, r.number);
    append_microseconds(text, s.begin);
    text += ", \"dur\": ";
    append_microseconds(text, s.end - s.begin);
    fmt::format_to(out, R"(, "args": {{"batch": {}, "part": {}}}}})", s.index, s.part);
  }
  r.done.clear();
  if (!text.empty()) put(text);
}

void trace::put(const std::string& text) {
  const std::lock_guard one(writing_);
  if (!std::exchange(first_, false)) out_ << ",\n";
  out_ << text;
}

void trace::under_way(std::int64_t batches) {
  constexpr std::int64_t between = 10'000'000;  // ns between two readings of the memory, which cost some µs each
  const std::lock_guard one(counting_);
  count c{now(), batches, -1};
  if (c.at >= next_memory_) c.megabytes = resident_megabytes(), next_memory_ = c.at + between;
  counts_.push_back(c);
  if (counts_.size() >= 1024) flush_counts();
}

void trace::flush_counts() {
  std::string text;
  auto out = std::back_inserter(text);
  const auto counter = [&](const count& c, const char* name) {
    if (!text.empty()) text += ",\n";
    fmt::format_to(out, R"({{"ph": "C", "name": "{}", "pid": {}, "ts": )", name, process_);
    append_microseconds(text, c.at);
  };
  for (const count& c : counts_) {
    counter(c, "batches under way");
    fmt::format_to(out, R"(, "args": {{"batches": {}}}}})", c.batches);
    if (c.megabytes < 0) continue;
    counter(c, "resident memory");
    fmt::format_to(out, R"(, "args": {{"MB": {:.1f}}}}})", c.megabytes);
  }
  counts_.clear();
  if (!text.empty()) put(text);
}

void refuse_trace(const std::filesystem::path& file, const std::filesystem::path& folder) {
  const auto refuse = [&](const std::string& why) {
    throw input_error({error(fmt::format("--trace got '{}', {}", file.string(), why))});
  };
  std::error_code none;
  const auto place = std::filesystem::weakly_canonical(std::filesystem::absolute(file), none),
             run = std::filesystem::weakly_canonical(std::filesystem::absolute(folder), none);
  if (std::mismatch(run.begin(), run.end(), place.begin(), place.end()).first == run.end())
    refuse("which lies in the folder of the run, need another place");
  if (std::filesystem::exists(file, none) && !is_trace(file)) refuse("which is there and no trace, need another name");
  if (!std::filesystem::is_directory(place.parent_path(), none)) refuse("need a name in a folder that is there");
}

}
