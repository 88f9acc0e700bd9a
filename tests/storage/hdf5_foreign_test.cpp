// Files that other programs wrote: made here with HDF5's own calls.
#include "doctest.hpp"

#include <cstring>

#include <fcntl.h>
#include <hdf5.h>
#include <sys/file.h>

#include "foreign.hpp"
#include "noneq/storage/chunks.hpp"
#include "noneq/storage/hdf5.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::storage;
using testing::chunked;
using testing::foreign_file;

TEST_CASE("every number type of HDF5 becomes the nearest dtype") {
  const scratch s;
  const std::vector<std::int64_t> values{0, 1, 2, 100, 127};
  struct kind {
    const char* name;
    hid_t type;
    at::ScalarType dtype;
  };
  const std::vector<kind> kinds{{"u8", H5T_STD_U8LE, at::kByte},          {"i8", H5T_STD_I8BE, at::kChar},
                                {"u16", H5T_STD_U16LE, at::kInt},         {"u16b", H5T_STD_U16BE, at::kInt},
                                {"i16", H5T_STD_I16LE, at::kShort},       {"i16b", H5T_STD_I16BE, at::kShort},
                                {"u32", H5T_STD_U32LE, at::kLong},        {"u32b", H5T_STD_U32BE, at::kLong},
                                {"i32", H5T_STD_I32LE, at::kInt},         {"i32b", H5T_STD_I32BE, at::kInt},
                                {"u64", H5T_STD_U64LE, at::kLong},        {"u64b", H5T_STD_U64BE, at::kLong},
                                {"i64", H5T_STD_I64LE, at::kLong},        {"i64b", H5T_STD_I64BE, at::kLong},
                                {"f32", H5T_IEEE_F32LE, at::kFloat},      {"f32b", H5T_IEEE_F32BE, at::kFloat},
                                {"f64", H5T_IEEE_F64LE, at::kDouble},     {"f64b", H5T_IEEE_F64BE, at::kDouble},
                                {"long", H5T_NATIVE_LDOUBLE, at::kDouble}};
  {
    const foreign_file f(s / "n.h5");
    for (const kind& k : kinds) f.put(k.name, k.type, H5T_NATIVE_INT64, {5}, values.data());
    const std::uint16_t sixteen = 65535;
    f.put("top16", H5T_STD_U16LE, H5T_NATIVE_UINT16, {1}, &sixteen);
    const std::uint32_t thirty_two = 4294967295u;
    f.put("top32", H5T_STD_U32LE, H5T_NATIVE_UINT32, {1}, &thirty_two);
    const std::uint64_t too_large[] = {1, std::uint64_t{1} << 63};
    f.put("top64", H5T_STD_U64LE, H5T_NATIVE_UINT64, {2}, too_large);
  }
  const hdf5_reader r(s / "n.h5");
  for (const kind& k : kinds) {
    CAPTURE(k.name);
    const Tensor got = r.rows(k.name, 0, 5);
    CHECK((got.scalar_type() == k.dtype));
    CHECK(at::equal(got.to(at::kLong), at::tensor(values, at::kLong)));
    CHECK(at::equal(decode(read_raw(r, k.name, 1, 3)), got.narrow(0, 1, 3)));
  }
  CHECK(r.rows("top16", 0, 1).item<std::int64_t>() == 65535);
  CHECK(r.rows("top32", 0, 1).item<std::int64_t>() == 4294967295);
  CHECK(r.rows("top64", 0, 1).item<std::int64_t>() == 1);
  CHECK(has(failure([&] { r.rows("top64", 0, 2); }), "dataset 'top64' got unsigned values above 2^63-1"));
}

TEST_CASE("enumerations are read as bool or as their integers") {
  const scratch s;
  {
    const foreign_file f(s / "e.h5");
    const hid_t colours = H5Tenum_create(H5T_STD_I16BE);
    for (std::int16_t v : {3, 5}) {
      std::int16_t stored = v;
      H5Tconvert(H5T_NATIVE_INT16, H5T_STD_I16BE, 1, &stored, nullptr, H5P_DEFAULT);
      H5Tenum_insert(colours, v == 3 ? "red" : "blue", &stored);
    }
    std::int16_t values[] = {3, 5, 5};
    H5Tconvert(H5T_NATIVE_INT16, H5T_STD_I16BE, 3, values, nullptr, H5P_DEFAULT);
    f.put("colour", colours, colours, {3}, values);
  }
  const Tensor got = hdf5_reader(s / "e.h5").rows("colour", 0, 3);
  CHECK(at::equal(got, at::tensor({3, 5, 5}, at::kShort)));
}

TEST_CASE("what is no array of numbers is refused by its name") {
  const scratch s;
  {
    const foreign_file f(s / "bad.h5");
    const double one = 1;
    f.put("scalar", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, {}, &one);
    f.put("empty", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {0, 3}, nullptr);
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, 4);
    f.put("strings", text, text, {1}, "abc");
    const hid_t record = H5Tcreate(H5T_COMPOUND, 8);
    H5Tinsert(record, "a", 0, H5T_NATIVE_DOUBLE);
    f.put("records", record, record, {1}, &one);
    const hid_t null = H5Screate(H5S_NULL);
    H5Dclose(H5Dcreate2(f.id, "null", H5T_IEEE_F32LE, null, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Gclose(H5Gcreate2(f.id, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    const std::vector<float> images(6);
    f.put("group/images", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {2, 3}, images.data());
  }
  const hdf5_reader r(s / "bad.h5");
  const auto text_of = [&](const char* name) { return failure([&] { r.layout(name); }); };
  CHECK(has(text_of("scalar"), "bad.h5: dataset 'scalar' got a scalar, need at least one dimension"));
  CHECK(has(text_of("empty"), "dataset 'empty' is empty: got shape [0, 3]"));
  CHECK(has(text_of("strings"), "dataset 'strings' got strings, need numbers"));
  CHECK(has(text_of("records"), "dataset 'records' got compound records, need numbers"));
  CHECK(has(text_of("null"), "dataset 'null' got no values at all"));
  CHECK(has(text_of("group"), "got group 'group', need a dataset"));
  CHECK(has(text_of("group/image"), "dataset 'group/image' does not exist, did you mean 'group/images'?"));
  CHECK(has(text_of("nothing"), "the file has 'empty', 'group/images'"));
  CHECK(has(text_of(""), "need a dataset"));
  CHECK(has(failure([&] { r.rows("group/images", 1, 2); }), "got rows 1 … 2, need them within 0 … 1"));
  CHECK(has(failure([&] { r.rows("group/images", -1, 1); }), "need them within 0 … 1"));
  CHECK(has(failure([&] { r.rows("group/images", 0, -1); }), "need them within 0 … 1"));
  CHECK(has(failure([&] { r.rows("group/images", INT64_MAX, INT64_MAX); }), "need them within 0 … 1"));
  const std::vector<std::int64_t> outside{0, 2};
  CHECK(has(failure([&] { r.rows("group/images", outside); }), "got rows 2 … 2, need them within 0 … 1"));
  CHECK(r.datasets() == std::vector<std::string>{"empty", "group/images", "null", "records", "scalar", "strings"});
}

TEST_CASE("foreign attributes: fixed strings, numbers, booleans, and arrays of them") {
  const scratch s;
  {
    const foreign_file f(s / "a.h5");
    const hid_t one = H5Screate(H5S_SCALAR);
    const auto attribute = [&](const char* name, hid_t stored, hid_t memory, const void* value, hid_t space) {
      const hid_t a = H5Acreate2(f.id, name, stored, space, H5P_DEFAULT, H5P_DEFAULT);
      H5Awrite(a, memory, value);
      H5Aclose(a);
    };
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, 6);
    H5Tset_strpad(text, H5T_STR_SPACEPAD);
    attribute("fixed", text, text, "abc   ", one);
    const std::uint64_t large = ~std::uint64_t{0};
    attribute("large", H5T_STD_U64BE, H5T_NATIVE_UINT64, &large, one);
    const float third = 0.1f;
    attribute("third", H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, &third, one);
    const hsize_t three = 3;
    const double values[3] = {0, 0.5, -1};
    const hid_t row = H5Screate_simple(1, &three, nullptr);
    attribute("array", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values, row);
    attribute("fixed array", text, text, "abc   de    f     ", row);
    const hid_t variable = H5Tcopy(H5T_C_S1);
    H5Tset_size(variable, H5T_VARIABLE);
    const char* words[3] = {"u", "wind speed", ""};
    attribute("variable array", variable, variable, words, row);
    const hsize_t twenty = 20;
    const std::vector<std::int32_t> ones(20, 1);
    attribute("long array", H5T_STD_I32LE, H5T_NATIVE_INT32, ones.data(), H5Screate_simple(1, &twenty, nullptr));
    attribute("none", text, text, "", H5Screate(H5S_NULL));
  }
  CHECK(hdf5_reader(s / "a.h5").attributes("/") ==
        std::map<std::string, std::string>{
            {"fixed", "abc"},
            {"large", "18446744073709551615"},
            {"third", "0.1"},
            {"array", "[0, 0.5, -1]"},
            {"fixed array", "[abc, de, f]"},
            {"variable array", "[u, wind speed, ]"},
            {"long array", "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, … 20 in all]"}});
}

TEST_CASE("a file that claims terabytes opens at once and allocates nothing") {
  const scratch s;
  {
    const foreign_file f(s / "huge.h5");
    const float fill = 2;
    const hid_t creation = chunked({1000, 1000});
    H5Pset_fill_value(creation, H5T_NATIVE_FLOAT, &fill);
    f.put("huge", H5T_IEEE_F32LE, 0, {1'000'000'000, 1000}, nullptr, creation);
  }
  CHECK(std::filesystem::file_size(s / "huge.h5") < 100'000);
  const hdf5_reader r(s / "huge.h5");
  CHECK(r.layout("huge").bytes == 4'000'000'000'000);
  CHECK(r.layout("huge").chunk == sizes{1000, 1000});
  CHECK(at::equal(r.rows("huge", 999'999'990, 10), at::full({10, 1000}, 2.f)));
  CHECK(at::equal(decode(read_raw(r, "huge", 999'998'999, 3)), at::full({3, 1000}, 2.f)));
}

TEST_CASE("raw chunks decode to the rows, for every pipeline and every cut") {
  const scratch s;
  const Tensor values = at::randint(-100, 100, {37, 11, 5}, at::kInt);
  const std::vector<std::tuple<std::string, bool, int, bool>> pipelines{{"plain", false, -1, false},
                                                                        {"shuffle", true, -1, false},
                                                                        {"gzip", false, 6, false},
                                                                        {"both", true, 6, false},
                                                                        {"sums", true, 6, true}};
  {
    const foreign_file f(s / "c.h5");
    for (const auto& [name, shuffle, gzip, sums] : pipelines) {
      const hid_t creation = chunked({4, 6, 5}, shuffle, gzip);
      if (sums) H5Pset_fletcher32(creation);
      f.put(name.c_str(), H5T_STD_I32LE, H5T_NATIVE_INT32, {37, 11, 5}, values.data_ptr(), creation);
      f.put((name + "_big").c_str(), H5T_STD_I32BE, H5T_NATIVE_INT32, {37, 11, 5}, values.data_ptr(), creation);
    }
  }
  const hdf5_reader r(s / "c.h5");
  for (const std::string& name : r.datasets()) {
    CAPTURE(name);
    for (std::int64_t first = 0; first <= 37; first += 3)
      for (std::int64_t count : {0, 1, 4, 7, 36})
        if (first + count <= 37) {
          const Tensor got = decode(read_raw(r, name, first, count));
          CHECK(at::equal(got, values.narrow(0, first, count)));
        }
    const bool decoded = name.find("big") == name.npos && name.find("sums") == name.npos;
    CHECK(read_raw(r, name, 0, 37).plain.defined() == !decoded);
  }
  CHECK(r.layout("sums").compression == "gzip");
  raw_chunks raw = read_raw(r, "both", 0, 37);
  CHECK(raw.chunks.size() == 20);
  raw.chunks[3].bytes.resize(raw.chunks[3].bytes.size() / 2);
  CHECK(has(failure([&] { decode(raw); }), "dataset 'both' has a damaged chunk at [4, 6, 0]"));
}

TEST_CASE("raw chunks of every dtype the writer makes equal the rows") {
  const scratch s;
  for (const auto dtype :
       {at::kByte, at::kShort, at::kLong, at::kHalf, at::kBFloat16, at::kFloat, at::kDouble, at::kBool}) {
    const Tensor values = at::arange(100'000).remainder(3).to(dtype).view({1000, 100});
    hdf5_writer w(s / "d.h5", 1);
    w.write("x", values);
    w.append("grown", values);
    w.close();
    const hdf5_reader r(s / "d.h5");
    for (const char* name : {"x", "grown"})
      CHECK(at::equal(decode(read_raw(r, name, 333, 500)), values.narrow(0, 333, 500)));
    CHECK(read_raw(r, "x", 0, 1000).plain.defined() == (dtype == at::kBool));
  }
}

TEST_CASE("rows of a dataset in one piece are read from their place in the file, behind a user block too") {
  const scratch s;
  for (const hsize_t user_block : {hsize_t{0}, hsize_t{1024}}) {
    const Tensor values = at::randn({1000, 100});
    const hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(creation, user_block);
    const hid_t made = H5Fcreate((s / "p.h5").c_str(), H5F_ACC_TRUNC, creation, H5P_DEFAULT);
    const hsize_t shape[] = {1000, 100};
    const hid_t space = H5Screate_simple(2, shape, nullptr);
    for (const auto& [name, type] : {std::pair{"x", H5T_IEEE_F32LE}, std::pair{"big", H5T_IEEE_F32BE}}) {
      const hid_t d = H5Dcreate2(made, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
      H5Dwrite(d, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data_ptr());
      H5Dclose(d);
    }
    H5Sclose(space), H5Fclose(made), H5Pclose(creation);
    const hdf5_reader r(s / "p.h5");
    for (const char* name : {"x", "big"})
      for (const std::int64_t first : {0, 333, 999})
        CHECK(at::equal(decode(read_raw(r, name, first, 1000 - first)), values.slice(0, first)));
    CHECK(read_raw(r, "x", 0, 10).piece != nullptr);
    CHECK(read_raw(r, "big", 0, 10).piece == nullptr);
    const raw_chunks last = read_raw(r, "x", 990, 10);
    std::filesystem::resize_file(s / "p.h5", static_cast<std::uintmax_t>(last.piece_offset + 100));
    CHECK(has(failure([&] { decode(last); }), "got the end of the file at byte"));
    std::filesystem::remove(s / "p.h5");
  }
}

TEST_CASE("missing, foreign and cut files are told apart") {
  const scratch s;
  hdf5_writer w(s / "whole.h5", 1);
  w.write("x", at::randn({3000, 10}));
  w.append("y", at::randn({3000, 10}));
  w.close();
  const auto text_of = [&](const std::string& name) { return failure([&] { hdf5_reader(s / name); }); };
  CHECK(has(text_of("none.h5"), "none.h5: does not exist, need an HDF5 file"));
  CHECK(has(failure([&] { hdf5_reader r(s.dir); }), "got a directory, need an HDF5 file"));
  put(s / "empty.h5", "");
  CHECK(has(text_of("empty.h5"), "empty.h5: got an empty file"));
  put(s / "text.h5", "name: a pipeline\n");
  CHECK(has(text_of("text.h5"), "text.h5: got a file of another kind, need an HDF5 file"));

  const std::string whole = read_file(s / "whole.h5");
  for (const std::size_t cut : {std::size_t{9}, std::size_t{20}, std::size_t{95}, std::size_t{96}, std::size_t{800},
                                whole.size() / 3, whole.size() / 2, whole.size() - 1}) {
    put(s / "cut.h5", std::string_view(whole).substr(0, cut));
    CAPTURE(cut);
    CHECK(has(text_of("cut.h5"), "cut.h5: got a truncated or damaged file"));
  }
}

TEST_CASE("a file that another program writes is refused") {
  const scratch s;
  hdf5_writer w(s / "w.h5");
  w.write("x", at::ones({3}));
  w.close();
  const descriptor other(::open((s / "w.h5").c_str(), O_RDWR));
  REQUIRE(::flock(other.get(), LOCK_EX) == 0);
  CHECK(has(failure([&] { hdf5_reader(s / "w.h5"); }), "w.h5: is being written by another program"));
}

TEST_CASE("damaged compressed data is an error of its dataset") {
  const scratch s;
  hdf5_writer w(s / "d.h5", 1);
  w.write("x", at::randn({3000, 10}));
  w.close();
  std::string bytes = read_file(s / "d.h5");
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size()) / 2,
            bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size()) / 2 + 200, '\x5a');
  put(s / "d.h5", bytes);
  const hdf5_reader r(s / "d.h5");
  CHECK(has(failure([&] { r.rows("x", 0, 3000); }), "d.h5: dataset 'x' has a damaged chunk at [0, 0]"));
  CHECK(has(failure([&] { decode(read_raw(r, "x", 0, 3000)); }), "damaged chunk"));
}
