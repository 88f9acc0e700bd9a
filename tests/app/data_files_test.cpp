// noneq data info and noneq data repack, on files as other programs write them.
#include <hdf5.h>

#include "noneq/core/random.hpp"
#include "noneq/storage/hdf5.hpp"
#include "storage/foreign.hpp"
#include "tiny.hpp"

using namespace testing;

namespace {

// 600 rows of two channels, of which one is missing here and there, in chunks that hold all rows of a column each.
constexpr std::int64_t rows = 600, columns = 4000;

std::vector<std::int16_t> numbers(std::int64_t first = 0) {
  std::vector<std::int16_t> x(static_cast<std::size_t>(rows * 2 * columns));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto row = first + static_cast<std::int64_t>(i) / (2 * columns);
    x[i] = static_cast<std::int16_t>(static_cast<std::int64_t>(i) / columns % 2 == 0 ? 3 : row % 10);
  }
  x[0] = -99;
  return x;
}

void make(const std::filesystem::path& path, std::int64_t first = 0) {
  const foreign_file f(path);
  const auto x = numbers(first);
  f.put("x", H5T_STD_I16LE, H5T_NATIVE_INT16, {rows, 2, columns}, x.data(), chunked({rows, 2, 2000}, true, 1));
  f.put("never", H5T_STD_I16LE, 0, {rows, 4}, nullptr, chunked({100, 4}));
  set_attribute(f, "x", "scale_factor", H5T_IEEE_F64LE, {0.5});
  set_attribute(f, "x", "_FillValue", H5T_STD_I16LE, {-99});
}

}

TEST_CASE("data info: what is missing, what is slow, and statistics by channel over several files") {
  const scratch place;
  const surroundings here{.folder = place.folder()};
  make(place / "a1.h5");
  const outcome plain = program({"data", "info", "a1.h5"}, here);
  CHECK(plain.code == 0);
  CHECK(says(plain.out, "[600, 2, 4000] int16, 9.6 MB, chunks [600, 2, 2000], shuffle+gzip\n"));
  CHECK(says(plain.out, "  missing: numbers equal to -99\n"));
  CHECK(says(plain.out, "  missing: has room for 6 chunks, but none was ever written\n"));
  CHECK(says(plain.out, "  scale_factor = 0.5\n"));
  CHECK_FALSE(says(plain.out, "mean"));

  // Channel 0 is 1.5 but for a missing number, channel 1 is 0, 0.5 … 4.5: mean 2.25, standard deviation √(33/4)/2.
  const outcome one = program({"data", "info", "--stats", "a1.h5"}, here);
  CHECK(says(one.out, "  channel 0: min 1.5, max 1.5, mean 1.5, std 0, 1 missing (4.17e-05 %)\n"));
  CHECK(says(one.out, "  channel 1: min 0, max 4.5, mean 2.25, std 1.43614\n"));

  make(place / "a10.h5", 5), make(place / "a2.h5");
  const outcome all = program({"data", "info", "a?.h5", "a10.h5", "--stats"}, here);
  CHECK(all.code == 0);
  CHECK(says(all.out, "all 3 files:\n"));
  CHECK(says(all.out, "  channel 0: min 1.5, max 1.5, mean 1.5, std 0, 3 missing (4.17e-05 %)\n"));
  CHECK(says(all.out, "  channel 1: min 0, max 4.5, mean 2.25, std 1.43614\n"));
  const outcome none = program({"data", "info", "b*.h5"}, here);
  CHECK(none.code == 2);
  CHECK(says(none.err, "b*.h5: matches no file"));
}

TEST_CASE("data repack: the numbers stay, the chunks hold rows, and no file is replaced unasked") {
  const scratch place;
  const surroundings here{.folder = place.folder()};
  make(place / "a.h5");
  const outcome refused = program({"data", "repack", "a.h5", "b.h5"}, here);
  CHECK(refused.code == 2);
  CHECK(says(refused.err, "dataset 'never' has room for 6 chunks, but none was ever written; --fill allow"));
  CHECK_FALSE(std::filesystem::exists(place / "b.h5"));
  const std::vector<std::string> command{"data", "repack",       "a.h5", "b.h5",   "--dataset",
                                         "x",    "--chunk-rows", "20",   "--gzip", "2"};
  const outcome done = program(command, here);
  CHECK(done.code == 0);
  CHECK(says(done.out, "wrote b.h5: x, [600, 2, 4000] in chunks [20, 2, 4000], gzip"));
  const noneq::storage::hdf5_reader old(place / "a.h5"), made(place / "b.h5");
  CHECK(made.rows("x", 0, rows).equal(old.rows("x", 0, rows)));
  CHECK(made.attributes("x") == old.attributes("x"));
  CHECK(made.layout("never").unwritten == old.layout("never").unwritten);
  const outcome again = program(command, here);
  CHECK(again.code == 2);
  CHECK(says(again.err, "b.h5: is there already; give OUT another name, or --force to replace it"));
  const outcome itself = program({"data", "repack", "a.h5", "a.h5", "--force"}, here);
  CHECK(itself.code == 2);
  CHECK(says(itself.err, "OUT got 'a.h5', the file of the source; need another name"));
  CHECK(program({"data", "repack", "nothing.h5", "c.h5"}, here).code == 2);
}

TEST_CASE("a run on several files and chosen rows: the same bits from any threads, interrupted or not, from anywhere") {
  const scratch place;
  for (int k = 0; k < 3; ++k) {
    noneq::storage::hdf5_writer out(place / ("part" + std::to_string(k) + ".h5"), k);
    out.write("x", noneq::stream(static_cast<std::uint64_t>(k)).normal({300, 2}));
    out.write("keep", at::arange(300, at::kLong).remainder(4).ne(0));
    out.write("kind", at::full({1, 3}, k, at::kLong));
    out.close();
  }
  put_text(place / "p.yaml",
           tiny_with("{plugin: loader.swiss_roll, batch: 32}",
                     "{plugin: loader.hdf5, batch: 32, files: 'part*.h5', read: {x: x, kind: kind}, rows: keep, "
                     "split: hash, held_out: 0.2}"));
  const surroundings here{.folder = place.folder()};
  const auto run = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"run", "p.yaml", "--quiet"});
    const outcome o = program(more, here);
    CHECK_MESSAGE(o.code == 0, o.err);
  };
  run({"--out", "one", "--threads", "1"});
  run({"--out", "two", "--threads", "2"});
  run({"--out", "cut", "--set", "graph.trainer.steps=30", "--set", "graph.trainer.decay=none"});
  run({"--out", "cut", "--resume", "--set", "graph.trainer.decay=none"});
  run({"--out", "whole", "--set", "graph.trainer.decay=none"});
  CHECK(text_of(place / "one/samples.h5") == text_of(place / "two/samples.h5"));
  CHECK(text_of(place / "cut/samples.h5") == text_of(place / "whole/samples.h5"));

  std::filesystem::create_directory(place / "elsewhere");
  const outcome away = program({"eval", "../one"}, {.folder = place / "elsewhere"});
  CHECK_MESSAGE(away.code == 0, away.err);
  std::filesystem::copy(place / "part0.h5", place / "part3.h5");
  const outcome more = program({"run", "p.yaml", "--out", "one", "--resume", "--set", "graph.trainer.steps=70"}, here);
  CHECK(more.code == 2);
  CHECK(says(more.err, "p.yaml:8:11: loader: got data with contents"));
}
