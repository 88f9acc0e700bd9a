#include "noneq/flow/kept_arrays.hpp"

#include <charconv>

#include <fmt/format.h>

#include "noneq/storage/hdf5.hpp"

namespace noneq::flow {

// The step in "<node>/<step>/<array>"; −1 when the name is another one.
static std::int64_t step_of(const std::string& dataset) {
  const auto second = dataset.rfind('/'), first = second == dataset.npos ? second : dataset.rfind('/', second - 1);
  if (first == dataset.npos) return -1;
  std::int64_t step = -1;
  const char *begin = dataset.data() + first + 1, *end = dataset.data() + second;
  return std::from_chars(begin, end, step).ptr == end ? step : -1;
}

std::map<std::string, std::map<std::int64_t, event_arrays>> read_kept_arrays(const std::filesystem::path& file) {
  std::map<std::string, std::map<std::int64_t, event_arrays>> all;
  if (!std::filesystem::exists(file)) return all;
  const storage::hdf5_reader stored(file);
  for (const std::string& path : stored.datasets()) {
    const std::int64_t step = step_of(path);
    const std::filesystem::path name(path);
    if (step >= 0)
      all[name.parent_path().parent_path().string()][step][name.filename().string()] =
          stored.rows(path, 0, stored.layout(path).shape[0]);
  }
  return all;
}

kept_arrays::kept_arrays(std::filesystem::path file, std::int64_t step, std::size_t most, std::size_t most_steps)
    : file_(std::move(file)), most_(most), most_steps_(most_steps) {
  if (!std::filesystem::exists(file_)) return;
  try {
    const storage::hdf5_reader before(file_);
    for (const std::string& name : before.datasets())
      if (const std::int64_t at = step_of(name); at >= 0 && at <= step)
        all_[name] = before.rows(name, 0, before.layout(name).shape[0]);
  } catch (const error&) {  // damaged: the next event writes a new one
    all_.clear();
  }
}

// Arrays of the step `now` stay, however many they are.
void kept_arrays::drop_oldest(std::int64_t now) {
  std::map<std::int64_t, std::size_t> bytes_of;  // by step
  std::size_t all = 0;
  for (const auto& [name, x] : all_) bytes_of[step_of(name)] += x.nbytes(), all += x.nbytes();
  std::size_t steps = bytes_of.size();
  for (const auto& [step, bytes] : bytes_of) {
    if ((all <= most_ && steps <= most_steps_) || step == now) return;
    std::erase_if(all_, [&, step = step](const auto& kept) { return step_of(kept.first) == step; });
    all -= bytes, --steps;
  }
}

void kept_arrays::add(std::int64_t step, const std::string& node, const batch& arrays) {
  constexpr std::size_t most = std::size_t{1} << 20;
  const std::string prefix = fmt::format("{}/{}/", node, step);
  std::erase_if(all_, [&](const auto& kept) { return kept.first.starts_with(prefix); });
  for (const auto& [name, x] : arrays.tensors)
    if (x.numel() > 0 && x.nbytes() <= most) all_[prefix + name] = x.dim() == 0 ? x.unsqueeze(0) : x.contiguous();
  drop_oldest(step);
  storage::hdf5_writer out(file_);
  for (const auto& [name, x] : all_) out.write(name, x);
  out.close();
}

}
