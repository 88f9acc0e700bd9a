// Files in other chunks, against the numbers, attributes, scales and links of the old ones.
#include "doctest.hpp"

#include <hdf5.h>
#include <hdf5_hl.h>

#include "foreign.hpp"
#include "noneq/storage/hdf5.hpp"
#include "noneq/storage/repack.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::storage;
using testing::chunked;
using testing::foreign_file;
using testing::set_attribute;

namespace {

constexpr std::int64_t rows = 50;

Tensor images() { return at::arange(rows * 30, at::kShort).view({rows, 5, 6}); }

void put_text_attribute(hid_t object, const char* name, const char* text) {
  const hid_t type = H5Tcopy(H5T_C_S1), one = H5Screate(H5S_SCALAR);
  H5Tset_size(type, H5T_VARIABLE);
  const hid_t a = H5Acreate2(object, name, type, one, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(a, type, &text);
  H5Aclose(a), H5Sclose(one), H5Tclose(type);
}

// A tall-chunked big-endian dataset with a fill value, a scale, links of all kinds, strings, and a group.
void make(const std::filesystem::path& path) {
  const foreign_file f(path);
  put_text_attribute(f.id, "title", "a file");
  const Tensor x = images();
  const hid_t creation = chunked({rows, 1, 1}, true, 6);
  const std::int16_t fill = -9;
  H5Pset_fill_value(creation, H5T_NATIVE_INT16, &fill);
  H5Gclose(H5Gcreate2(f.id, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  f.put("g/x", H5T_STD_I16BE, H5T_NATIVE_INT16, {rows, 5, 6}, x.data_ptr(), creation);
  const std::vector<double> time(rows, 0.5);
  f.put("time", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, {rows}, time.data());
  f.put("plain", H5T_STD_I16LE, H5T_NATIVE_INT16, {rows, 30}, x.data_ptr());
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, H5T_VARIABLE);
  const char* words[2] = {"one", "two words"};
  f.put("words", text, text, {2}, words);
  set_attribute(f, "g/x", "scale_factor", H5T_IEEE_F32BE, {0.25});
  set_attribute(f, "g/x", "valid_range", H5T_STD_I16LE, {-5, 5});
  const hid_t set = H5Dopen2(f.id, "g/x", H5P_DEFAULT), scale = H5Dopen2(f.id, "time", H5P_DEFAULT);
  put_text_attribute(set, "units", "K");
  H5DSset_scale(scale, "time");
  H5DSattach_scale(set, scale, 0);
  H5DSset_label(set, 1, "lat");
  H5Dclose(set), H5Dclose(scale);
  H5Lcreate_hard(f.id, "g/x", f.id, "same", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/g/x", f.id, "soft", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_external("other.h5", "/y", f.id, "far", H5P_DEFAULT, H5P_DEFAULT);
}

}

TEST_CASE("a repacked file has the same numbers, attributes, scales, links and groups, in chunks of rows") {
  const scratch s;
  make(s / "a.h5");
  const hdf5_reader old(s / "a.h5");
  CHECK(repackable(old) == std::vector<std::string>{"g/x", "plain"});
  repack(s / "a.h5", s / "b.h5", {.datasets = {"g/x"}, .chunk_rows = 7});
  const hdf5_reader made(s / "b.h5");
  CHECK(made.datasets() == old.datasets());
  CHECK(made.layout("g/x").chunk == sizes{7, 5, 6});
  CHECK(made.layout("g/x").filters == std::vector<std::string>{"shuffle", "gzip"});
  CHECK(at::equal(made.rows("g/x", 0, rows), images()));
  CHECK(at::equal(made.rows("same", 0, rows), images()));
  CHECK(at::equal(made.rows("soft", 0, rows), images()));
  CHECK(at::equal(made.rows("plain", 0, rows), images().view({rows, 30})));
  CHECK(made.layout("plain").chunk.empty());
  for (const char* object : {"/", "g", "g/x", "time", "plain", "words"})
    CHECK(made.attributes(object) == old.attributes(object));
  CHECK(made.numbers("g/x", "valid_range") == std::vector<double>{-5, 5});
  CHECK(made.is_scale("time"));
  CHECK(made.dimensions("g/x")[0].scales == std::vector<std::string>{"time"});
  CHECK(made.dimensions("g/x")[1].label == "lat");

  const hid_t file = H5Fopen((s / "b.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT),
              set = H5Dopen2(file, "g/x", H5P_DEFAULT), type = H5Dget_type(set), creation = H5Dget_create_plist(set);
  CHECK(H5Tequal(type, H5T_STD_I16BE) > 0);
  std::int16_t fill = 0;
  H5Pget_fill_value(creation, H5T_NATIVE_INT16, &fill);
  CHECK(fill == -9);
  H5L_info_t link{};
  CHECK(H5Lget_info(file, "far", &link, H5P_DEFAULT) >= 0);
  CHECK((link.type == H5L_TYPE_EXTERNAL));
  H5O_info_t one{}, other{};
  H5Oget_info_by_name2(file, "g/x", &one, H5O_INFO_BASIC, H5P_DEFAULT);
  H5Oget_info_by_name2(file, "same", &other, H5O_INFO_BASIC, H5P_DEFAULT);
  CHECK(one.addr == other.addr);
  H5Pclose(creation), H5Tclose(type), H5Dclose(set), H5Fclose(file);
}

TEST_CASE("levels of compression, and equal bytes from equal files") {
  const scratch s;
  make(s / "a.h5");
  repack(s / "a.h5", s / "b.h5", {.datasets = {"g/x", "plain"}, .gzip = 0});
  const hdf5_reader made(s / "b.h5");
  CHECK(made.layout("g/x").compression == "");
  CHECK(made.layout("g/x").chunk == sizes{rows, 5, 6});
  CHECK(at::equal(made.rows("g/x", 3, 11), images().narrow(0, 3, 11)));
  for (const char* out : {"c.h5", "d.h5"})
    repack(s / "a.h5", s / out, {.datasets = {"plain"}, .chunk_rows = 4, .gzip = 9});
  CHECK(read_file(s / "c.h5") == read_file(s / "d.h5"));
}

TEST_CASE("chunks of rows: a quarter of a megabyte, or parts of a row that is larger than four") {
  const auto chunks = [](const sizes& shape, std::int64_t n = 0) {
    return chunks_for_rows({.shape = shape,
                            .dtype = at::kFloat,
                            .chunk = {},
                            .bytes = 4 * c10::multiply_integers(shape),
                            .compression = ""},
                           n);
  };
  CHECK(chunks({100000, 64}) == sizes{1024, 64});
  CHECK(chunks({10, 64}) == sizes{10, 64});
  CHECK(chunks({100, 64}, 16) == sizes{16, 64});
  CHECK(chunks({100, 1024, 1024}) == sizes{1, 1024, 1024});
  CHECK(chunks({100, 3, 2048, 2048}) == sizes{1, 1, 512, 2048});
}

TEST_CASE("chunks that make shuffled reading slow are told from those that do not") {
  const auto slow = [](const sizes& shape, const sizes& chunk) {
    return slow_to_shuffle({.shape = shape,
                            .dtype = at::kFloat,
                            .chunk = chunk,
                            .bytes = 4 * c10::multiply_integers(shape),
                            .compression = ""});
  };
  CHECK(slow({100000, 64, 64}, {100000, 1, 1}) ==
        "the chunks of a row hold 100000 rows, 1638 MB that are read for each few of them");
  CHECK(slow({100000, 64, 64}, {1, 8, 8}) == "each row lies in 64 chunks of 256 bytes");
  CHECK(slow({10000000, 3}, {4, 3}) == "its chunks hold 48 bytes only");
  CHECK(slow({100000, 64, 64}, {16, 64, 64}) == "");
  CHECK(slow({100000, 64, 64}, {}) == "");
  CHECK(slow({100, 64, 64}, {100, 1, 1}) == "");  // small enough to stay in memory
}

TEST_CASE("what cannot be repacked is refused, and nothing is written") {
  const scratch s;
  {
    const foreign_file f(s / "u.h5");
    f.put("never", H5T_STD_I32LE, 0, {20, 10}, nullptr, chunked({4, 6}));
  }
  {
    const foreign_file f(s / "r.h5");
    const std::vector<std::int32_t> values(6, 1);
    f.put("x", H5T_STD_I32LE, H5T_NATIVE_INT32, {3, 2}, values.data());
    hobj_ref_t reference{};
    H5Rcreate(&reference, f.id, "x", H5R_OBJECT, -1);
    f.put("refs", H5T_STD_REF_OBJ, H5T_STD_REF_OBJ, {1}, &reference);
  }
  CHECK(has(
      failure([&] { repack(s / "u.h5", s / "o.h5", {.datasets = {"never"}}); }),
      "dataset 'never' has room for 10 chunks, but none was ever written; --fill allow writes its fill value there"));
  CHECK(has(failure([&] { repack(s / "r.h5", s / "o.h5", {.datasets = {"x"}}); }),
            "dataset 'refs' holds references to other objects"));
  CHECK(has(failure([&] { repack(s / "r.h5", s / "o.h5", {.datasets = {"y"}}); }), "dataset 'y' does not exist"));
  make(s / "a.h5");
  {
    const full_disk disk(4000);
    CHECK(has(failure([&] { repack(s / "a.h5", s / "o.h5", {.datasets = {"g/x"}}); }), "o.h5"));
  }
  CHECK(s.files() == 3);
  repack(s / "u.h5", s / "o.h5", {.datasets = {"never"}, .unwritten = true});
  CHECK(hdf5_reader(s / "o.h5").layout("never").unwritten == "");
}
