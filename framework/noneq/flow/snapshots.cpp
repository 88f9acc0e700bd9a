#include "noneq/flow/snapshots.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "noneq/storage/files.hpp"
#include "noneq/storage/safetensors.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

// Steps between snapshots.
static std::int64_t spacing(std::int64_t step, std::int64_t most) {
  std::int64_t apart = 1;
  while (step / apart > most) apart *= 2;
  return apart;
}

bool snapshots::due(std::int64_t step, std::int64_t most) { return step % spacing(step, most) == 0; }

fs::path snapshots::file(std::int64_t step) const { return folder_ / fmt::format("{:012}.safetensors", step); }

void snapshots::add(std::int64_t step, std::int64_t most, const named_tensors& averages) const {
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed) throw storage::file_error(folder_, "make the folder", failed.value());
  storage::save_safetensors(file(step), {averages, {{"step", std::to_string(step)}}});
  for (const std::int64_t other : steps())
    if (other < step && other % spacing(step, most) != 0) fs::remove(file(other), failed);
}

std::vector<std::int64_t> snapshots::steps() const {
  std::vector<std::int64_t> all;
  std::error_code none;
  for (fs::directory_iterator at(folder_, none), end; !none && at != end; at.increment(none)) {
    const std::string name = at->path().stem().string();
    std::int64_t step = 0;
    const auto [stopped, wrong] = std::from_chars(name.data(), name.data() + name.size(), step);
    if (wrong == std::errc() && stopped == name.data() + name.size() && at->path() == file(step)) all.push_back(step);
  }
  std::sort(all.begin(), all.end());
  return all;
}

named_tensors snapshots::load(std::int64_t step) const { return storage::load_safetensors(file(step)).tensors; }

void snapshots::remove() const {
  std::error_code ignored;
  for (const std::int64_t step : steps()) fs::remove(file(step), ignored);
  fs::remove(folder_, ignored);
}

}
