#include "noneq/flow/kept_arrays.hpp"

#include <charconv>

#include <fmt/format.h>

#include "noneq/storage/hdf5.hpp"

namespace noneq {

// The step in "<node>/<step>/<array>"; −1 when the name is another one.
static std::int64_t step_of(const std::string& dataset) {
  const auto second = dataset.rfind('/'), first = second == dataset.npos ? second : dataset.rfind('/', second - 1);
  if (first == dataset.npos) return -1;
  std::int64_t step = -1;
  const char *begin = dataset.data() + first + 1, *end = dataset.data() + second;
  return std::from_chars(begin, end, step).ptr == end ? step : -1;
}

kept_arrays::kept_arrays(std::filesystem::path file, std::int64_t step) : file_(std::move(file)) {
  if (!std::filesystem::exists(file_)) return;
  try {
    const hdf5_reader before(file_);
    for (const std::string& name : before.datasets())
      if (const std::int64_t at = step_of(name); at >= 0 && at <= step)
        all_[name] = before.rows(name, 0, before.layout(name).shape[0]);
  } catch (const error&) {  // damaged: the next event writes a new one
    all_.clear();
  }
}

void kept_arrays::add(std::int64_t step, const std::string& node, const batch& arrays) {
  constexpr std::size_t most = std::size_t{1} << 20;
  const std::string prefix = fmt::format("{}/{}/", node, step);
  std::erase_if(all_, [&](const auto& kept) { return kept.first.starts_with(prefix); });
  for (const auto& [name, x] : arrays.tensors)
    if (x.numel() > 0 && x.nbytes() <= most) all_[prefix + name] = x.dim() == 0 ? x.unsqueeze(0) : x.contiguous();
  hdf5_writer out(file_);
  for (const auto& [name, x] : all_) out.write(name, x);
  out.close();
}

}
