// Runs of pipelines without a trainer, in parts and interrupted at chosen units.
#pragma once

#include <thread>

#include "doctest.hpp"
#include "flow/passes.hpp"
#include "noneq/core/stop.hpp"
#include "noneq/flow/merging.hpp"
#include "noneq/flow/processing.hpp"
#include "noneq/flow/unit_folder.hpp"

namespace testing {

// 1000 rows of six integers: 16 units of 64 rows, the last of 40.
inline std::filesystem::path integers_file(const std::filesystem::path& folder, std::int64_t seed = 5,
                                           std::int64_t rows = 1000) {
  std::filesystem::create_directories(folder);
  noneq::storage::hdf5_writer out(folder / "numbers.h5");
  out.write("k", (noneq::stream(static_cast<std::uint64_t>(seed)).uniform({rows, 6}) * 256).to(at::kInt));
  out.close();
  return folder / "numbers.h5";
}

// Noise of one step on each row, and then a mean and scale that are learned: every kind of state that rows may depend
// on.
inline std::vector<std::string> noisy_copy(const std::filesystem::path& file, const std::string& writer = ", gzip: 2") {
  return {"unit=64", rows_of("data", file, ", dataset: k"), "graph.noised={plugin: transform.dequantise, in: data}",
          "graph.scaled={plugin: transform.standardise, in: noised}",
          "graph.out={plugin: writer.hdf5, in: scaled, file: out.h5" + writer + "}"};
}

inline void process_part(const std::vector<std::string>& changes, const std::filesystem::path& folder,
                         const noneq::flow::job_part& part = {},
                         noneq::flow::if_there policy = noneq::flow::if_there::refuse) {
  noneq::flow::run_options options{folder, policy, 2, true};
  options.part = part;
  noneq::flow::run(small_plan(changes, pass), options);
}

inline std::string refusal_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const noneq::error& e) {
    return e.what();
  }
  return "";
}

// Equal rows, and equal stored bytes of every chunk.
inline void same_data(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto names = noneq::storage::hdf5_reader(a).datasets();
  REQUIRE(names == noneq::storage::hdf5_reader(b).datasets());
  CHECK(std::count(names.begin(), names.end(), "noneq/crc32/x0") == 1);
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(all_rows(a, name).equal(all_rows(b, name)));
  }
}

inline std::int64_t units_made(const std::filesystem::path& folder) {
  std::int64_t n = 0;
  const noneq::flow::unit_folder units(folder);
  for (const auto& part : units.parts())
    for (const std::filesystem::path& process : units.processes(part.folder))
      n += static_cast<std::int64_t>(noneq::storage::read_journal(process / "out.h5").size());
  return n;
}

// Stops the run when this many units are there, or lets it end.
inline void process_until(std::int64_t enough, const std::vector<std::string>& changes,
                          const std::filesystem::path& folder, const noneq::flow::job_part& part = {}) {
  std::atomic<bool> done = false;
  std::thread watch([&] {
    while (!done && units_made(folder) < enough) std::this_thread::sleep_for(std::chrono::microseconds(200));
    if (!done) noneq::ask_to_stop();
  });
  try {
    process_part(changes, folder, part);
  } catch (const noneq::interrupted&) {
  }
  done = true;
  watch.join();
  noneq::forget_stop();
}

}
