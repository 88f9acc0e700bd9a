// Rows of the data for metrics: which, how many, and blocks of them read by one thread at a time while many work.
#pragma once

#include <mutex>

#include "noneq/plugin.hpp"

namespace noneq {

struct chosen_rows {
  std::string part;  // "" for data without parts
  std::int64_t count;
  std::int64_t begin = 0;  // the first of them
};

// The first `wanted` rows of a part, or as many as there are; 0: all. part "auto": the one that is measured on by
// default.
// Throws noneq::error when the data has no such part, or all of endless data was asked for.
inline chosen_rows choose_rows(const dataset_info& info, const std::string& part, std::int64_t wanted,
                               const char* part_parameter = "on") {
  if (part != "auto") need_part(info, part, part_parameter);
  const std::string name = info.parts.empty() ? "" : part == "auto" ? measured_part(info) : part;
  const std::int64_t there = name.empty() ? -1 : info.parts.at(name);
  if (there < 0 && wanted == 0) throw error("got 0, all, of data that is drawn without end; need a number", "rows");
  return {name, there < 0 ? wanted : wanted == 0 ? there : std::min(wanted, there)};
}

// use(i, first, rows) for block i = 0, 1, … of the chosen rows, on many threads; results must go to places of their
// own.
inline void for_blocks(measurement& m, const chosen_rows& chosen, std::int64_t block,
                       const std::function<void(std::int64_t i, std::int64_t first, const batch& rows)>& use) {
  std::mutex reading;
  m.parallel((chosen.count + block - 1) / block, [&](std::int64_t i) {
    const std::int64_t n = std::min(block, chosen.count - i * block), first = chosen.begin + i * block;
    batch raw;
    {
      const std::lock_guard one_reader(reading);
      raw = chosen.part.empty() ? m.data.fetch_rows(first, n) : m.data.fetch_part(chosen.part, first, n);
    }
    use(i, first, m.data.prepare(std::move(raw)));
  });
}

}
