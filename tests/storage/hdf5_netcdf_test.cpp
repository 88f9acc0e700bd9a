// netCDF-4 is HDF5 with conventions: scales, fill values, packed numbers; h5py's lzf filter; numbers never written.
#include "doctest.hpp"

#include <cmath>

#include <hdf5.h>
#include <hdf5_hl.h>

#include "foreign.hpp"
#include "noneq/storage/chunks.hpp"
#include "noneq/storage/conventions.hpp"
#include "noneq/storage/hdf5.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::storage;
using testing::chunked;
using testing::foreign_file;
using testing::set_attribute;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

bool same(const Tensor& got, const Tensor& need) {
  return got.scalar_type() == need.scalar_type() && got.isnan().equal(need.isnan()) &&
         got.nan_to_num(0).equal(need.nan_to_num(0));
}

// Chunks of 8×8 int32, (0 … 63)/5, as h5py 3.16 packs them: compression="lzf", without shuffle and with it.
const std::string lzf_plain(
    "\x01\x00\x00\xe0\x09\x00\x00\x01\x20\x12\xe0\x07\x03\x00\x02\x20\x13\xe0\x07\x03\x00\x03\x20\x13\xe0\x07\x03\x00"
    "\x04\x20\x13\xe0\x07\x03\x00\x05\x20\x13\xe0\x07\x03\x00\x06\x20\x13\xe0\x07\x03\x00\x07\x20\x13\xe0\x07\x03\x00"
    "\x08\x20\x13\xe0\x07\x03\x00\x09\x20\x13\xe0\x07\x03\x00\x0a\x20\x13\xe0\x07\x03\x00\x0b\x20\x13\xe0\x07\x03\x00"
    "\x0c\x20\x13\xe0\x01\x03\x01\x00\x00",
    93);
const std::string lzf_shuffled(
    "\x01\x00\x00\x20\x00\x00\x01\x40\x00\x00\x02\x40\x00\x00\x03\x40\x00\x00\x04\x40\x00\x00\x05\x40\x00\x00\x06\x40"
    "\x00\x00\x07\x40\x00\x00\x08\x40\x00\x00\x09\x40\x00\x00\x0a\x40\x00\x00\x0b\x40\x00\x00\x0c\x20\x00\x20\x3d\xe0"
    "\xb2\x00\x01\x00\x00",
    61);

void put_lzf(const foreign_file& f, const char* name, const std::string& chunk, bool shuffle, bool as_packed = true) {
  const hid_t creation = chunked({8, 8}, shuffle);
  const unsigned values[] = {4, 261, 256};
  H5Pset_filter(creation, 32000, H5Z_FLAG_OPTIONAL, 3, values);
  const hsize_t shape[] = {16, 8}, first[] = {0, 0}, second[] = {8, 0};
  const hid_t space = H5Screate_simple(2, shape, nullptr),
              set = H5Dcreate2(f.id, name, H5T_STD_I32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  H5Dwrite_chunk(set, H5P_DEFAULT, 0, first, chunk.size(), chunk.data());
  // h5py leaves a chunk that lzf does not make smaller as it is, and marks it.
  const std::vector<std::int32_t> ones(64, 7);
  if (as_packed) H5Dwrite_chunk(set, H5P_DEFAULT, shuffle ? 3 : 1, second, 256, ones.data());
  H5Dclose(set), H5Sclose(space), H5Pclose(creation);
}

}

TEST_CASE("chunks that h5py packed by lzf are decoded, by us and through HDF5") {
  const scratch s;
  {
    const foreign_file f(s / "l.h5");
    put_lzf(f, "plain", lzf_plain, false);
    put_lzf(f, "shuffled", lzf_shuffled, true);
    put_lzf(f, "cut", lzf_plain.substr(0, 40), false);
  }
  const Tensor packed = at::arange(64, at::kInt).div(5, "floor").to(at::kInt).view({8, 8});
  const Tensor all = at::cat({packed, at::full({8, 8}, 7, at::kInt)});
  const hdf5_reader r(s / "l.h5");
  for (const char* name : {"plain", "shuffled"}) {
    CAPTURE(name);
    CHECK(r.layout(name).compression == "lzf");
    const raw_chunks raw = read_raw(r, name, 2, 11);
    CHECK_FALSE(raw.plain.defined());
    CHECK(at::equal(decode(raw), all.narrow(0, 2, 11)));
    CHECK(at::equal(r.rows(name, 2, 11), all.narrow(0, 2, 11)));  // HDF5, by the filter that is registered
  }
  CHECK(r.layout("shuffled").filters == std::vector<std::string>{"shuffle", "lzf"});
  CHECK(has(failure([&] { read_raw(r, "cut", 0, 16); }), "l.h5: dataset 'cut' has a damaged chunk at [0, 0]"));
}

TEST_CASE("numbers that were never written are named by the layout") {
  const scratch s;
  const std::vector<std::int32_t> values(200, 5);
  {
    const foreign_file f(s / "u.h5");
    f.put("whole", H5T_STD_I32LE, H5T_NATIVE_INT32, {20, 10}, values.data(), chunked({4, 6}));
    f.put("never", H5T_STD_I32LE, 0, {20, 10}, nullptr);
    f.put("none", H5T_STD_I32LE, 0, {20, 10}, nullptr, chunked({4, 6}));
    f.put("plain", H5T_STD_I32LE, H5T_NATIVE_INT32, {20, 10}, values.data());
    const hid_t space = H5Screate_simple(2, std::vector<hsize_t>{20, 10}.data(), nullptr),
                creation = chunked({4, 6}, true, 1),
                set = H5Dcreate2(f.id, "part", H5T_STD_I32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    const hsize_t start[] = {8, 0}, count[] = {12, 10};
    const hid_t memory = H5Screate_simple(2, count, nullptr);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, count, nullptr);
    H5Dwrite(set, H5T_NATIVE_INT32, memory, space, H5P_DEFAULT, values.data());
    H5Dclose(set), H5Sclose(space), H5Sclose(memory), H5Pclose(creation);
  }
  const hdf5_reader r(s / "u.h5");
  CHECK(r.layout("whole").unwritten == "");
  CHECK(r.layout("plain").unwritten == "");
  CHECK(r.layout("never").unwritten == "has room for its numbers, but they were never written");
  CHECK(r.layout("none").unwritten == "has room for 10 chunks, but none was ever written");
  CHECK(r.layout("part").unwritten ==
        "got 6 of its 10 chunks, the others were never written, the first of them at row 0");
  CHECK(r.layout("plain").stored_bytes == 800);
  CHECK(r.layout("never").stored_bytes == 0);
}

TEST_CASE("the conventions of netCDF: packed numbers, fill values, and their types") {
  const scratch s;
  const std::vector<std::int16_t> packed{0, 10, -32767, 300, 7, -1};
  const std::vector<float> plain{1, 9.96921e36f, 3, std::nanf(""), -5, 0.5f};
  const std::vector<std::int64_t> wide{1, 2, (std::int64_t{1} << 53) + 1, -9, 5, 6};
  {
    const foreign_file f(s / "n.nc");
    const auto put = [&](const char* name, hid_t stored, hid_t memory, const void* values) {
      f.put(name, stored, memory, {3, 2}, values);
    };
    for (const char* name : {"packed", "two", "bare", "zero"})
      put(name, H5T_STD_I16LE, H5T_NATIVE_INT16, packed.data());
    for (const char* name : {"float", "scaled"}) put(name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, plain.data());
    put("wide", H5T_STD_I64LE, H5T_NATIVE_INT64, wide.data());
    set_attribute(f, "packed", "scale_factor", H5T_IEEE_F64LE, {0.25});
    set_attribute(f, "packed", "add_offset", H5T_IEEE_F32LE, {273.15});
    set_attribute(f, "packed", "_FillValue", H5T_STD_I16LE, {-32767});
    set_attribute(f, "two", "missing_value", H5T_STD_I16LE, {7, -1});
    set_attribute(f, "two", "_FillValue", H5T_STD_I16LE, {-32767});
    set_attribute(f, "zero", "scale_factor", H5T_IEEE_F64LE, {0});
    set_attribute(f, "float", "_FillValue", H5T_IEEE_F32LE, {static_cast<double>(9.96921e36f)});
    set_attribute(f, "scaled", "scale_factor", H5T_IEEE_F64LE, {2});
    set_attribute(f, "wide", "_FillValue", H5T_STD_I64LE, {-9});
  }
  const hdf5_reader r(s / "n.nc");
  const auto numbers = [&](const char* name) {
    const number_meaning m = meaning_of(r, name);
    const Tensor stored = r.rows(name, 0, 3);
    return meant(stored, m, m.dtype(stored.scalar_type())).flatten();
  };
  const double offset = static_cast<double>(273.15f);
  CHECK(same(numbers("packed"),
             at::tensor({offset, offset + 2.5, nan_value, offset + 75, offset + 1.75, offset - 0.25}).to(at::kFloat)));
  CHECK(same(numbers("two"), at::tensor({0., 10., nan_value, 300., nan_value, nan_value}).to(at::kFloat)));
  CHECK(same(numbers("bare"), at::tensor({0, 10, -32767, 300, 7, -1}).to(at::kShort)));
  CHECK(same(numbers("float"), at::tensor({1., nan_value, 3., nan_value, -5., 0.5}).to(at::kFloat)));
  CHECK(numbers("scaled")[4].item<double>() == -10);
  // int64 is compared with its fill value in all its digits.
  CHECK(same(numbers("wide"), at::tensor({1., 2., 9007199254740992., nan_value, 5., 6.}, at::kDouble)));
  CHECK(has(failure([&] { meaning_of(r, "zero"); }), "'zero' has the attributes scale_factor = 0"));
  CHECK(meaning_of(r, "bare").plain());
}

TEST_CASE("dimension scales and labels are read as they are attached") {
  const scratch s;
  const std::vector<float> values(24, 1), three{1, 2, 3};
  {
    const foreign_file f(s / "d.h5");
    f.put("t", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {2, 3, 4}, values.data());
    H5Gclose(H5Gcreate2(f.id, "axes", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    f.put("axes/lat", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {3}, three.data());
    const hid_t t = H5Dopen2(f.id, "t", H5P_DEFAULT), lat = H5Dopen2(f.id, "axes/lat", H5P_DEFAULT);
    H5DSset_scale(lat, "latitude");
    H5DSattach_scale(t, lat, 1);
    H5DSset_label(t, 2, "lon");
    H5Dclose(t), H5Dclose(lat);
  }
  const hdf5_reader r(s / "d.h5");
  const auto all = r.dimensions("t");
  REQUIRE(all.size() == 3);
  CHECK(all[0].label == "");
  CHECK(all[0].scales.empty());
  CHECK(all[1].scales == std::vector<std::string>{"axes/lat"});
  CHECK(all[2].label == "lon");
  CHECK(r.is_scale("axes/lat"));
  CHECK_FALSE(r.is_scale("t"));
}
