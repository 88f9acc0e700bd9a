// Rows of the data for metrics: which, how many, and blocks of them read by one thread at a time while many work.
#pragma once

#include <mutex>

#include "noneq/core/memory.hpp"
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
                               const char* part_parameter = "on", const char* count_parameter = "samples") {
  if (part != "auto") need_part(info, part, part_parameter);
  const std::string name = info.parts.empty() ? "" : part == "auto" ? measured_part(info) : part;
  const std::int64_t there = name.empty() ? -1 : info.parts.at(name);
  if (there < 0 && wanted == 0)
    throw error("got 0, all, of data that is drawn without end; need a number", count_parameter);
  const std::int64_t count = there < 0 ? wanted : wanted == 0 ? there : std::min(wanted, there);
  // Some eight numbers in float64 are held for each row.
  need_memory(64 * static_cast<double>(count), c10::str(count, " rows"), count_parameter);
  return {name, count};
}

// make(first, rows) of each block of the chosen rows, in their order; made on many threads.
template <class Make>
auto each_block(measurement& m, const chosen_rows& chosen, std::int64_t block, const Make& make) {
  std::vector<std::invoke_result_t<Make, std::int64_t, const batch&>> made(
      static_cast<std::size_t>((chosen.count + block - 1) / block));
  std::mutex reading;
  m.parallel(static_cast<std::int64_t>(made.size()), [&](std::int64_t i) {
    const std::int64_t n = std::min(block, chosen.count - i * block), first = chosen.begin + i * block;
    batch raw;
    {
      const std::lock_guard one_reader(reading);
      raw = chosen.part.empty() ? m.data.fetch_rows(first, n) : m.data.fetch_part(chosen.part, first, n);
    }
    made[static_cast<std::size_t>(i)] = make(first, m.data.prepare(std::move(raw)));
  });
  return made;
}

// use(make(first, rows)) in the order of the blocks, of which few are held at once.
template <class Make, class Use>
void use_blocks(measurement& m, const chosen_rows& chosen, std::int64_t block, const Make& make, const Use& use) {
  const std::int64_t at_once = 16 * block;
  for (std::int64_t done = 0; done < chosen.count; done += at_once) {
    const chosen_rows some{chosen.part, std::min(at_once, chosen.count - done), chosen.begin + done};
    for (const auto& made : each_block(m, some, block, make)) use(made);
  }
}

// One field of what the blocks gave: all rows, or the sum over blocks.
template <class Part>
Tensor joined(const std::vector<Part>& parts, Tensor Part::*field) {
  std::vector<Tensor> all;
  for (const Part& p : parts) all.push_back(p.*field);
  return at::cat(all);
}
template <class Part>
Tensor added(const std::vector<Part>& parts, Tensor Part::*field) {
  Tensor sum = at::zeros_like(parts.front().*field);
  for (const Part& p : parts) sum = sum + p.*field;
  return sum;
}

// The parameters `chunk` and `on` of metrics that measure rows.
template <class P>
void describe_chunk(description<P>& d) {
  d.param("chunk", &P::chunk, "rows one thread takes at a time", between(1, 1e6));
}
template <class P>
void describe_on(description<P>& d) {
  d.param("on", &P::on,
          "the part of the data to measure on; auto: test, else validation, else train, whichever there is first",
          one_of({"auto", "train", "validation", "test"}));
}

}
