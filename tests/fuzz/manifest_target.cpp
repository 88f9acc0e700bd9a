// The bytes stand as manifest.json in the folder of a run. They are read, compared with the manifest of another job,
// and come back when they are written; or the file is refused.
#include <fstream>

#include "fuzz/law.hpp"
#include "noneq/flow/manifest.hpp"
#include "scratch.hpp"

using namespace noneq::flow;

static manifest of_another_job() {
  manifest m;
  m.pipeline = {{"seed", 7}, {"graph", {{"out", {{"plugin", "writer.hdf5"}}}}}};
  m.data = {{"fields", "1a2b"}};
  m.files = {{"a.h5", {{"bytes", 1}, {"time", "2026-01-01"}}}};
  m.weights = {{"model", "3c4d"}};
  m.streams = {{100, 10, 20}};
  m.writers = {{{"out", "out.h5"}}};
  return m;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const testing::scratch folder;
  static const manifest other = of_another_job();
  const std::filesystem::path path = folder / "manifest.json";
  std::ofstream(path, std::ios::binary) << testing::text_of(data, size);
  manifest m;
  if (!testing::reads(path.string(), [&] { m = *read_manifest(folder.folder()); })) return 0;
  testing::need(m.rows() >= 0, "all streams have rows that can be counted");
  for (const stream_rows& s : m.streams) {
    testing::need(s.units() >= 0 && s.batches() >= s.units(), "a unit has a batch at least");
    if (s.units() > 0) {
      testing::need(s.rows_of(s.units() - 1) > 0, "the last unit has rows");
      testing::need(s.end_batch(s.units() - 1) == s.batches(), "the last unit ends with the last batch");
    }
  }
  changes(m, other);
  changes(other, m);
  write_manifest(folder.folder(), m);
  testing::need(changes(*read_manifest(folder.folder()), m).empty(), "what is read can be written");
  return 0;
}
