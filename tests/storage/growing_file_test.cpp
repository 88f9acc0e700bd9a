// Files that grow by encoded rows: what is read back, by HDF5's own filters too, and units that outlive their writer.
#include <cmath>
#include <thread>

#include <hdf5.h>

#include "doctest.hpp"
#include "noneq/core/random.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/growing_file.hpp"
#include "noneq/storage/hdf5.hpp"
#include "noneq/storage/joined_units.hpp"
#include "storage/scratch.hpp"

using namespace noneq::storage;
using noneq::sizes;
using noneq::Tensor;

namespace {

row_format format_named(const std::string& numbers, std::int64_t chunk, int gzip = 0) {
  return {*numbers_named(numbers), chunk, gzip};
}

Tensor rows_back(const std::filesystem::path& file, const std::string& dataset) {
  const hdf5_reader in(file);
  return in.rows(dataset, 0, in.layout(dataset).shape[0]);
}

// Reads through HDF5's own pipeline of filters, as another program does.
std::vector<float> floats_by_hdf5(const std::filesystem::path& path, const char* dataset) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), d = H5Dopen2(file, dataset, H5P_DEFAULT),
              space = H5Dget_space(d);
  std::vector<float> all(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  H5Dread(d, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data());
  H5Sclose(space), H5Dclose(d), H5Fclose(file);
  return all;
}

std::vector<float> floats_in(const Tensor& x) {
  const Tensor flat = x.to(at::kFloat).flatten().contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

void add_rows(growing_file& out, const std::string& dataset, const row_format& f, const Tensor& rows,
              std::int64_t first) {
  out.append(dataset, encode(f, rows, first));
}

}

TEST_CASE("rows come back, whatever the batches, the chunks and the compression") {
  const scratch folder;
  const Tensor x = noneq::stream(1).normal({103, 3, 5});
  for (const int gzip : {0, 1, 6, 9})
    for (const std::int64_t chunk : {1, 7, 16, 200})
      for (const std::int64_t batch : {5, 16, 48}) {
        const auto file = folder / "a.h5";
        const row_format f = format_named("float32", chunk, gzip);
        growing_file out(file, growing_file_kind::whole);
        out.create("g/x", {3, 5}, f);
        for (std::int64_t at = 0; at < 103; at += batch)
          add_rows(out, "g/x", f, x.slice(0, at, at + batch).contiguous(), at);
        CHECK_FALSE(std::filesystem::exists(file));
        out.close();
        CHECK(rows_back(file, "g/x").equal(x));
        CHECK(floats_by_hdf5(file, "g/x") == floats_in(x));
        CHECK(hdf5_reader(file).layout("g/x").chunk == sizes{chunk, 3, 5});
        std::filesystem::remove(file);
      }
}

TEST_CASE("chunks are those of the batch, or whole parts of it of at most 4 MiB") {
  const stored_numbers f32 = *numbers_named("float32");
  CHECK(usual_chunk_rows({3, 32, 32}, f32, 128) == 128);
  CHECK(usual_chunk_rows({3, 256, 256}, f32, 48) == 4);  // 5 fit, and do not divide 48
  CHECK(usual_chunk_rows({4096, 4096}, f32, 8) == 1);
  CHECK(usual_chunk_rows({}, f32, 97) == 97);
}

TEST_CASE(
    "integers stand for numbers by scale and offset; what they cannot hold is refused with its row, or becomes the "
    "nearest") {
  const packing by{0.01, 250, false, -32768};
  const stored_numbers int16 = *numbers_named("int16");
  const Tensor x = at::tensor({250.0, 250.004, 250.006, 577.67, -77.67}, at::kDouble).view({5, 1});
  CHECK(packed(x, int16, by, 0).flatten().equal(at::tensor({0, 0, 1, 32767, -32767}, at::kShort)));
  Tensor missing = x.clone();
  missing[1][0] = std::nan("");
  CHECK(packed(missing, int16, by, 0)[1].item<int>() == -32768);
  const auto message = [&](double value, packing with, const stored_numbers& to) {
    Tensor bad = x.clone();
    bad[2][0] = value;
    try {
      packed(bad, to, with, 100);
    } catch (const noneq::error& e) {
      return e.message();
    }
    return std::string();
  };
  CHECK(message(-77.68, by, int16)
            .starts_with("got -77.68 in row 102, need values from -77.67 to 577.67, as int16 holds"));
  CHECK(message(1e300, by, int16).starts_with("got 1e+300 in row 102"));
  packing no_fill = by;
  no_fill.fill.reset();
  CHECK(message(std::nan(""), no_fill, int16).starts_with("got NaN in row 102"));
  CHECK(message(70000, {}, *numbers_named("float16"))
            .starts_with("got 70000 in row 102, need values from -65504 to 65504"));
  CHECK(message(INFINITY, {}, *numbers_named("float16")) == "");  // it has infinity
  CHECK(message(1e39, {}, *numbers_named("float32")).starts_with("got 1e+39 in row 102"));
  packing saturates = by;
  saturates.saturate = true;
  CHECK(
      packed(at::tensor({1e9, -1e9}, at::kDouble), int16, saturates, 0).equal(at::tensor({32767, -32767}, at::kShort)));
  CHECK(packed(at::tensor({1e9, -1e9}, at::kDouble), *numbers_named("float16"), {1, 0, true, {}}, 0)
            .to(at::kFloat)
            .equal(at::tensor({65504.f, -65504.f})));
}

TEST_CASE("unsigned integers of 16 and 32 bits keep their values in the file") {
  const scratch folder;
  const Tensor x = at::tensor({0.0, 1.0, 40000.0, 65534.0}, at::kDouble),
               y = at::tensor({0.0, 1.0, 3000000000.0, 4294967294.0}, at::kDouble);
  growing_file out(folder / "a.h5", growing_file_kind::whole);
  for (const auto& [name, values] : {std::pair{"uint16", x}, std::pair{"uint32", y}}) {
    const row_format f = format_named(name, 2, 4);
    out.create(name, {}, f);
    add_rows(out, name, f, packed(values, f.numbers, {}, 0), 0);
    out.fill_value(name, static_cast<std::int64_t>(f.numbers.most));
  }
  out.close();
  CHECK(rows_back(folder / "a.h5", "uint16").to(at::kDouble).equal(x));
  CHECK(rows_back(folder / "a.h5", "uint32").to(at::kDouble).equal(y));
  CHECK(hdf5_reader(folder / "a.h5").attributes("uint16").at("_FillValue") == "65535");
  CHECK(hdf5_reader(folder / "a.h5").attributes("uint32").at("_FillValue") == "4294967295");
}

namespace {

// A file in units of 12 rows, of two datasets with chunks of 4 and 12; ended: units that are ended; then it is left as
// a killed program leaves it, or closed.
struct two_datasets {
  Tensor x = noneq::stream(3).normal({64, 6}), n = at::arange(64, at::kLong);
  row_format of_x = format_named("float32", 4, 3), of_n = {numbers_of(at::kLong), 12};

  void write(const std::filesystem::path& file, std::int64_t begin, std::int64_t end, std::int64_t ended, bool closed) {
    growing_file out(file, growing_file_kind::in_units);
    out.create("x", {6}, of_x);
    out.create("n", {}, of_n);
    out.attribute("x", "units", std::string("K"));
    for (std::int64_t u = begin; u < end; ++u) {
      const std::int64_t first = 12 * u, last = std::min<std::int64_t>(64, first + 12);
      for (std::int64_t at = first; at < last; at += 4) {
        add_rows(out, "x", of_x, x.slice(0, at, std::min(last, at + 4)).contiguous(), at);
        add_rows(out, "n", of_n, n.slice(0, at, std::min(last, at + 4)).contiguous(), at);
      }
      if (u < ended) out.end_unit(first, last - first);
    }
    if (closed) out.close();
  }
};

std::vector<unit_place> units_in_files(const std::vector<std::filesystem::path>& files) {
  std::map<std::int64_t, unit_place> all;
  for (const auto& file : files)
    for (const stored_unit& u : read_journal(file)) all.try_emplace(u.first, unit_place{file, u});
  std::vector<unit_place> sorted;
  for (auto& [_, u] : all) sorted.push_back(u);
  return sorted;
}

}

TEST_CASE("rows behind a unit that ended within a chunk are refused, as they would stand at other places") {
  const scratch folder;
  const row_format f = format_named("float32", 8);
  growing_file out(folder / "a.h5", growing_file_kind::in_units);
  out.create("x", {}, f);
  add_rows(out, "x", f, at::arange(12.f), 0);
  out.end_unit(0, 12);
  CHECK_THROWS_AS(add_rows(out, "x", f, at::arange(12.f), 12), noneq::error);
}

TEST_CASE("a file that cannot be made is an error with the system's reason") {
  const scratch folder;
  const auto file = folder / "none" / "a.h5";
  try {
    growing_file(file, growing_file_kind::in_units);
    FAIL("was made");
  } catch (const noneq::error& e) {
    CHECK(std::string(e.what()) ==
          file.string() + ": cannot create the file (No such file or directory); free some space or write elsewhere");
  }
}

TEST_CASE("a file whose journal cannot note that it is closed stays whole, and one that was cut is not closed") {
  const scratch folder;
  const auto file = folder / "a.h5", journal = journal_of(file);
  const row_format f = format_named("float32", 8);
  {
    growing_file out(file, growing_file_kind::in_units);
    out.create("x", {}, f);
    add_rows(out, "x", f, at::arange(12.f), 0);
    out.end_unit(0, 12);
    while (read_journal(file).empty()) std::this_thread::yield();
    std::filesystem::rename(journal, folder / "kept");
    std::filesystem::create_directory(journal);
    CHECK_THROWS_AS(out.close(), noneq::error);
  }
  CHECK(rows_back(file, "x").equal(at::arange(12.f)));
  std::filesystem::remove(journal);
  std::filesystem::rename(folder / "kept", journal);
  CHECK_FALSE(is_closed(file));
  note_closed(file);
  CHECK(is_closed(file));
  CHECK(lost_units(file) == "");
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  CHECK_FALSE(is_closed(file));
  std::filesystem::resize_file(file, 100);
  append_line(journal, "no line of a journal");
  append(journal, "{\"first\":12,");
  CHECK(lost_units(file) ==
        file.string() + ": 1 unit lies beyond its end, a line of its journal is damaged; run the part again");
}

TEST_CASE("units that were ended outlive a writer that never closed its file, and are joined with others") {
  const scratch folder;
  two_datasets data;
  const auto a = folder / "a.h5", b = folder / "b.h5", c = folder / "c.h5";
  data.write(a, 0, 3, 2, false);  // the third is lost
  data.write(b, 4, 6, 6, false);
  data.write(c, 2, 4, 4, true);
  CHECK(read_journal(a).size() == 2);
  CHECK_FALSE(is_closed(a));
  CHECK(is_closed(c));
  CHECK(rows_back(c, "x").equal(data.x.slice(0, 24, 48)));
  for (const bool virtually : {false, true}) {
    const auto out = folder / "sub" / (virtually ? "v.h5" : "joined.h5");
    std::filesystem::create_directories(out.parent_path());
    if (virtually)
      join_virtually(head_of(b), units_in_files({a, b, c}), out);
    else
      join_units(head_of(b), units_in_files({a, b, c}), out);
    CHECK(rows_back(out, "x").equal(data.x));
    CHECK(rows_back(out, "n").equal(data.n));
    CHECK(floats_by_hdf5(out, "x") == floats_in(data.x));
    CHECK(hdf5_reader(out).attributes("x").at("units") == "K");
  }
  std::int64_t units = 0;
  CHECK(wrong_units(folder / "sub" / "joined.h5", units).empty());
  CHECK(units == 6);
}

TEST_CASE("comparing shows the bytes that are done, over all datasets, of one sum") {
  const scratch folder;
  two_datasets data;
  const auto a = folder / "a.h5", joined = folder / "joined.h5";
  data.write(a, 0, 6, 6, true);
  join_units(head_of(a), units_in_files({a}), joined);
  std::int64_t units = 0;
  for (const bool whole : {true, false}) {
    std::int64_t last = 0, sum = 0;
    int calls = 0;
    const auto seen = [&](std::int64_t done, std::int64_t all) {
      CHECK(done >= last);
      CHECK(done <= all);
      if (++calls > 1) CHECK(all == sum);
      last = done, sum = all;
    };
    if (whole)
      CHECK(wrong_units(joined, units, seen).empty());
    else
      CHECK(wrong_units(units_in_files({a}), seen).empty());
    CHECK(calls > 5);
    CHECK(last > sum / 2);
  }
}

TEST_CASE("a byte that was flipped is found in its unit, in parts and in the joined file, and never joined") {
  const scratch folder;
  two_datasets data;
  const auto a = folder / "a.h5", joined = folder / "joined.h5";
  data.write(a, 0, 6, 6, true);
  join_units(head_of(a), units_in_files({a}), joined);
  CHECK(wrong_units(units_in_files({a})).empty());
  const auto flip = [](const std::filesystem::path& file, std::int64_t at) {
    std::string bytes = read_file(file);
    bytes[static_cast<std::size_t>(at)] = static_cast<char>(bytes[static_cast<std::size_t>(at)] ^ 4);
    write_atomically(file, bytes);
  };
  const auto all = units_in_files({a});
  const stored_chunk& chunk = all[3].unit.chunks.at("x")[1];
  flip(a, chunk.offset + chunk.bytes / 2);
  const auto wrong = wrong_units(all);
  REQUIRE(wrong.size() == 1);
  CHECK(wrong.front() == a.string() + ": the unit of rows 36 … 47 has other bytes in dataset 'x' than were written");
  CHECK_THROWS_WITH_AS(
      join_units(head_of(a), all, folder / "other.h5"),
      (a.string() + ": the unit of rows 36 … 47 has other bytes than were written; run the part again, "
                    "which makes it anew")
          .c_str(),
      noneq::error);
  CHECK_FALSE(std::filesystem::exists(folder / "other.h5"));
  CHECK(read_journal(a).size() == 5);  // the unit is to be made again
  CHECK_THROWS_AS(join_virtually(head_of(a), all, folder / "virtual.h5"), noneq::error);
  CHECK(read_journal(a).size() == 5);
  CHECK(lost_units(a) == a.string() + ": 1 unit has other bytes than were written; run the part again");
  // The joined file is checked too: n is not compressed, so its numbers can be searched.
  std::string bytes = read_file(joined);
  const std::int64_t number = 29;
  const auto at = bytes.find(std::string(reinterpret_cast<const char*>(&number), 8));
  REQUIRE(at != bytes.npos);
  flip(joined, static_cast<std::int64_t>(at));
  std::int64_t units = 0;
  const auto of_file = wrong_units(joined, units);
  REQUIRE(of_file.size() == 1);
  CHECK(of_file.front() ==
        joined.string() + ": the unit of rows 24 … 35 has other bytes in dataset 'n' than were written");
}

TEST_CASE("a journal line that was cut short, or leads beyond the file, is no unit") {
  const scratch folder;
  two_datasets data;
  const auto a = folder / "a.h5";
  data.write(a, 0, 4, 4, false);
  const std::string lines = read_file(journal_of(a));
  for (const std::size_t cut : {lines.size() - 1, lines.size() - 2, lines.size() - 40}) {
    write_atomically(journal_of(a), lines.substr(0, cut));
    CHECK(read_journal(a).size() == (cut == lines.size() - 1 ? 4 : 3));
  }
  write_atomically(journal_of(a), lines);
  const auto last = read_journal(a).back();
  std::filesystem::resize_file(a, static_cast<std::uintmax_t>(last.chunks.at("n").front().offset));
  CHECK(read_journal(a).size() == 3);
}

TEST_CASE("a journal line with numbers that no file has is no unit") {
  const scratch folder;
  const auto a = folder / "a.h5";
  put(a, std::string(100, '\0'));
  const auto units = [&](const std::string& first, const std::string& rows, const std::string& chunk) {
    put(journal_of(a),
        R"({"first":)" + first + R"(,"rows":)" + rows + R"(,"time":0,"chunks":{"n":[)" + chunk + "]}}\n");
    return read_journal(a).size();
  };
  CHECK(units("0", "1", "[90,10,4294967295]") == 1);
  for (const char* chunk : {"[91,10,0]", "[9223372036854775807,9223372036854775807,0]", "[-1,1,0]", "[1e300,1,0]",
                            "[0,18446744073709551615,0]", "[0,1.5,0]", "[0,1,4294967296]", "[0,1]", "[]", "7", "{}"}) {
    CAPTURE(chunk);
    CHECK(units("0", "1", chunk) == 0);
  }
  CHECK(units("9223372036854775807", "1", "") == 0);
  CHECK(units("1e300", "1", "") == 0);
  CHECK(units("0", "0", "") == 0);
  CHECK(units("0", std::string(100'000, '['), "") == 0);
}

TEST_CASE("every chunk lies where the journal lists it, for thousands of chunks of many sizes") {
  const scratch folder;
  const auto a = folder / "a.h5";
  const row_format f = format_named("float32", 3, 1), g = format_named("float64", 1, 0);
  const Tensor noise = noneq::stream(9).normal({3000, 40});
  {
    growing_file out(a, growing_file_kind::in_units);
    out.create("x", {40}, f);
    out.create("y", {}, g);
    for (std::int64_t at = 0; at < 3000; at += 30) {
      Tensor some = noise.slice(0, at, at + 30).clone();
      some.slice(1, at % 40) = 0;  // chunks of other sizes
      add_rows(out, "x", f, some.contiguous(), at);
      add_rows(out, "y", g, some.sum(1).to(at::kDouble).contiguous(), at);
      out.end_unit(at, 30);
    }
  }
  const auto all = units_in_files({a});
  CHECK(all.size() == 100);
  for (const std::string& wrong : wrong_units(all)) FAIL_CHECK(wrong);
}

TEST_CASE("a disk that is full in the middle of a unit leaves the units before it, and no bytes of that one") {
  const scratch folder;
  const auto a = folder / "a.h5";
  const row_format f = format_named("float32", 4);
  const Tensor x = noneq::stream(4).normal({64, 256});  // 1 KiB a row
  std::string message;
  {
    growing_file out(a, growing_file_kind::in_units);
    out.create("x", {256}, f);
    const full_disk full(40 * 1024);
    try {
      for (std::int64_t at = 0; at < 64; at += 16) {
        add_rows(out, "x", f, x.slice(0, at, at + 16).contiguous(), at);
        out.end_unit(at, 16);
      }
    } catch (const noneq::error& e) {
      message = e.message();
    }
  }
  CHECK_MESSAGE(message.starts_with(a.string() + ": cannot "), message);
  CHECK_MESSAGE(message.find("File too large") != message.npos, message);
  CHECK(message.find('\n') == message.npos);
  const auto all = units_in_files({a});
  REQUIRE(all.size() == 2);
  CHECK(wrong_units(all).empty());
  const stored_chunk& last = all.back().unit.chunks.at("x").back();
  CHECK(std::filesystem::file_size(a) == static_cast<std::uintmax_t>(last.offset + last.bytes));
}
