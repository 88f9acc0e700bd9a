// Datasets whose numbers lie in other files: read when all of them are there, refused by name when one is not.
#include "doctest.hpp"

#include <hdf5.h>

#include "foreign.hpp"
#include "noneq/storage/chunks.hpp"
#include "noneq/storage/hdf5.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::storage;

namespace {

struct mapping {
  std::string file, dataset;
  hsize_t first, rows;  // of [rows, 2] in the virtual dataset
  bool part = false;    // selected from the source, or all of it
};

// A virtual dataset 'x' [rows, 2], and HDF5's handles to it closed.
void make_virtual(const std::filesystem::path& path, hsize_t rows, const std::vector<mapping>& from,
                  const float* fill = nullptr) {
  const hsize_t shape[2] = {rows, 2};
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
              space = H5Screate_simple(2, shape, nullptr), creation = H5Pcreate(H5P_DATASET_CREATE);
  if (fill) H5Pset_fill_value(creation, H5T_NATIVE_FLOAT, fill);
  for (const mapping& m : from) {
    const hsize_t start[2] = {m.first, 0}, count[2] = {m.rows, 2};
    const hid_t source = H5Screate_simple(2, count, nullptr);
    const hsize_t none[2] = {0, 0};
    if (m.part) H5Sselect_hyperslab(source, H5S_SELECT_SET, none, nullptr, count, nullptr);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, count, nullptr);
    H5Pset_virtual(creation, space, m.file.c_str(), m.dataset.c_str(), source);
    H5Sclose(source);
  }
  H5Sselect_all(space);
  H5Dclose(H5Dcreate2(file, "x", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
  H5Pclose(creation), H5Sclose(space), H5Fclose(file);
}

void write_rows(const std::filesystem::path& path, std::int64_t first, std::int64_t rows) {
  hdf5_writer w(path);
  w.write("x", at::arange(2 * first, 2 * (first + rows), at::kFloat).view({rows, 2}));
  w.close();
}

std::string refusal(const std::filesystem::path& path) {
  return failure([&] { hdf5_reader(path).layout("x"); });
}

}

TEST_CASE("a virtual dataset is read from its sources, which its layout names") {
  const scratch s;
  write_rows(s / "a.h5", 0, 5);
  write_rows(s / "b.h5", 5, 4);
  make_virtual(s / "v.h5", 9, {{"a.h5", "x", 0, 5}, {"b.h5", "/x", 5, 4}});
  const hdf5_reader r(s / "v.h5");
  CHECK(r.layout("x").sources ==
        std::vector<std::string>{(s / "a.h5").string() + ": x", (s / "b.h5").string() + ": /x"});
  const Tensor all = at::arange(18, at::kFloat).view({9, 2});
  CHECK(r.rows("x", 0, 9).equal(all));
  CHECK(decode(read_raw(r, "x", 3, 4)).equal(all.narrow(0, 3, 4)));
  make_virtual(s / "w.h5", 9, {{(s / "v.h5").string(), "x", 0, 9}});
  CHECK(hdf5_reader(s / "w.h5").rows("x", 0, 9).equal(all));
}

TEST_CASE("a virtual dataset that lacks a source, or a part of one, is refused by its name") {
  const scratch s;
  write_rows(s / "a.h5", 0, 5);
  make_virtual(s / "v.h5", 9, {{"a.h5", "x", 0, 5}, {"b.h5", "x", 5, 4}});
  CHECK(has(refusal(s / "v.h5"), "v.h5: dataset 'x' is virtual, and its source file 'b.h5' is missing: put it beside"));
  put(s / "b.h5", "no HDF5");
  CHECK(has(refusal(s / "v.h5"), "its source file 'b.h5' cannot be opened ("));
  write_rows(s / "b.h5", 5, 3);
  CHECK(
      has(refusal(s / "v.h5"), "takes 8 numbers from " + (s / "b.h5").string() + ": dataset 'x', which has 6: it was"));
  make_virtual(s / "p.h5", 9, {{"a.h5", "x", 0, 5, true}, {"b.h5", "x", 5, 4, true}});
  CHECK(has(refusal(s / "p.h5"),
            "takes numbers up to 3 from dimension 0 of " + (s / "b.h5").string() + ": dataset 'x', need at most 2"));
  make_virtual(s / "n.h5", 5, {{"a.h5", "y", 0, 5}});
  CHECK(has(refusal(s / "n.h5"), "a.h5: dataset 'y' does not exist"));
  make_virtual(s / "g.h5", 9, {{"a.h5", "x", 0, 5}});
  CHECK(has(refusal(s / "g.h5"), "its sources give 10 of its 18 numbers, need all, or a fill value"));
  const float nan = NAN;
  make_virtual(s / "f.h5", 9, {{"a.h5", "x", 0, 5}}, &nan);
  CHECK(hdf5_reader(s / "f.h5").rows("x", 5, 4).isnan().all().item<bool>());
  make_virtual(s / "self.h5", 5, {{".", "x", 0, 5}});
  CHECK(has(refusal(s / "self.h5"), "leads to more than 8 others"));
}

TEST_CASE("the numbered sources of a virtual dataset must be there without a gap") {
  const scratch s;
  const hsize_t shape[2] = {6, 2}, most[2] = {H5S_UNLIMITED, 2}, start[2] = {0, 0}, stride[2] = {2, 2},
                count[2] = {H5S_UNLIMITED, 1}, block[2] = {2, 2}, one[2] = {2, 2};
  const hid_t file = H5Fcreate((s / "v.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
              space = H5Screate_simple(2, shape, most), source = H5Screate_simple(2, one, nullptr),
              creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Sselect_hyperslab(space, H5S_SELECT_SET, start, stride, count, block);
  H5Pset_virtual(creation, space, "part-%b.h5", "x", source);
  H5Sselect_all(space);
  H5Dclose(H5Dcreate2(file, "x", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
  H5Pclose(creation), H5Sclose(space), H5Sclose(source), H5Fclose(file);
  for (const int part : {0, 1, 2}) write_rows(s / ("part-" + std::to_string(part) + ".h5"), 2 * part, 2);
  CHECK(hdf5_reader(s / "v.h5").rows("x", 0, 6).equal(at::arange(12, at::kFloat).view({6, 2})));
  std::filesystem::remove(s / "part-1.h5");
  CHECK(has(refusal(s / "v.h5"), "ends before its source file 'part-1.h5', but there is '"));
}

TEST_CASE("external storage that is missing or too short is refused by its name") {
  const scratch s;
  const std::string raw = (s / "raw.bin").string();
  {
    const hsize_t shape[2] = {5, 2};
    const hid_t file = H5Fcreate((s / "e.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
                space = H5Screate_simple(2, shape, nullptr), creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(creation, raw.c_str(), 8, 40);
    H5Dclose(H5Dcreate2(file, "x", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
    H5Pclose(creation), H5Sclose(space), H5Fclose(file);
  }
  CHECK(has(refusal(s / "e.h5"), "dataset 'x' keeps its numbers in the external file '" + raw + "', which is missing"));
  put(raw, std::string(47, '\0'));
  CHECK(has(refusal(s / "e.h5"), "of which it got 47 bytes, need 48"));
  const Tensor x = at::arange(10, at::kFloat).view({5, 2});
  put(raw, std::string(8, '\0') + std::string(static_cast<const char*>(x.data_ptr()), 40));
  const hdf5_reader r(s / "e.h5");
  CHECK(r.rows("x", 0, 5).equal(x));
  CHECK(r.layout("x").sources == std::vector<std::string>{raw});
  std::filesystem::resize_file(raw, 20);
  CHECK(has(failure([&] { r.rows("x", 3, 2); }), "raw.bin' was cut from 48 bytes to 20 while it was read"));
}

TEST_CASE("a file that is cut while it is open is an error, not zeros") {
  const scratch s;
  for (const bool chunked : {false, true}) {
    CAPTURE(chunked);
    const Tensor x = at::rand({50'000, 4});
    {
      hdf5_writer w(s / "x.h5");
      chunked ? w.append("x", x) : w.write("x", x);
      w.close();
    }
    const hdf5_reader r(s / "x.h5");
    CHECK(r.rows("x", 0, 10).equal(x.narrow(0, 0, 10)));
    std::filesystem::resize_file(s / "x.h5", 100'000);
    CHECK(has(failure([&] { r.rows("x", 49'000, 10); }), "bytes to 100000 while it was read: copy it again"));
    CHECK(has(failure([&] { read_raw(r, "x", 49'000, 10); }), "bytes to 100000 while it was read: copy it again"));
  }
}

TEST_CASE("numbers that a source was never given are named by the virtual dataset") {
  const scratch s;
  write_rows(s / "a.h5", 0, 5);
  {
    const testing::foreign_file f(s / "b.h5");
    f.put("x", H5T_IEEE_F32LE, 0, {4, 2}, nullptr, testing::chunked({2, 2}));
  }
  make_virtual(s / "v.h5", 9, {{"a.h5", "x", 0, 5}, {"b.h5", "/x", 5, 4}});
  const hdf5_reader r(s / "v.h5");
  CHECK(has(r.layout("x").unwritten, "takes numbers from " + (s / "b.h5").string() +
                                         ": dataset 'x', which has room for 2 chunks, but none was ever written"));
}
