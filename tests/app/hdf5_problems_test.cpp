// Data files that cannot be trained on.
#include <hdf5.h>

#include "noneq/storage/hdf5.hpp"
#include "tiny.hpp"

using namespace testing;
using noneq::storage::hdf5_writer;

namespace {

void put_raw(hid_t file, const char* name, hid_t type, hid_t space, hid_t creation, const void* bytes) {
  const hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  if (bytes != nullptr) H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes);
  H5Dclose(set);
}

// What HDF5 allows and a diffusion model cannot use: no rows, a scalar, strings, and a dataset of 4 TB in a small file.
void make_odd_file(const std::filesystem::path& path) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hsize_t none[2] = {0, 2}, three[1] = {3}, huge[2] = {hsize_t{1} << 39, 2}, chunk[2] = {1 << 15, 2};
  const hid_t empty = H5Screate_simple(2, none, nullptr), scalar = H5Screate(H5S_SCALAR);
  const hid_t row = H5Screate_simple(1, three, nullptr), vast = H5Screate_simple(2, huge, nullptr);
  const hid_t text = H5Tcopy(H5T_C_S1), chunked = H5Pcreate(H5P_DATASET_CREATE);
  H5Tset_size(text, 4);
  H5Pset_chunk(chunked, 2, chunk);
  const float one = 1;
  put_raw(file, "empty", H5T_NATIVE_FLOAT, empty, H5P_DEFAULT, nullptr);
  put_raw(file, "scalar", H5T_NATIVE_FLOAT, scalar, H5P_DEFAULT, &one);
  put_raw(file, "text", text, row, H5P_DEFAULT, "abc\0def\0ghi");
  put_raw(file, "vast", H5T_NATIVE_FLOAT, vast, chunked, nullptr);
  for (const hid_t space : {empty, scalar, row, vast}) H5Sclose(space);
  H5Tclose(text);
  H5Pclose(chunked);
  H5Fclose(file);
}

const std::string scaled = "\n  scaled: {plugin: transform.standardise, in: loader}";

struct data_files {
  scratch place;
  data_files() {
    make_odd_file(place / "odd.h5");
    const at::Tensor x = at::linspace(-1, 1, 200).reshape({100, 2});
    at::Tensor holed = x.clone();
    holed[7][1] = NAN;
    hdf5_writer good(place / "good.h5");
    good.write("x", x);
    good.write("nan", holed);
    good.write("same", at::ones({100, 2}));
    good.write("long", at::zeros({99}, at::kLong));
    good.close();
    const std::string bytes = text_of(place / "good.h5");
    put_text(place / "cut.h5", bytes.substr(0, bytes.size() / 2));
    put_text(place / "noise.h5", bytes.substr(0, 8) + std::string(4000, '\x5a'));
  }

  // The line about a run with this loader, which must be refused before anything is written. `behind`: a node that
  // stands between loader and noiser; `at`: where the line begins.
  std::string refusal(const std::string& loader, const std::string& behind = "",
                      const std::string& at = "p.yaml:8:50: loader: ") const {
    std::string text = tiny_with("{plugin: loader.swiss_roll, batch: 32}",
                                 "{plugin: loader.hdf5, batch: 32, " + loader + "}" + behind);
    if (!behind.empty()) text.replace(text.find("in: loader}\n  model"), 10, "in: scaled");
    put_text(place / "p.yaml", text);
    const outcome o = program({"run", "p.yaml", "--out", "run", "--quiet"}, {.folder = place.folder()});
    CHECK_MESSAGE(o.code == 2, o.err);
    CHECK(o.out == "");
    CHECK(!std::filesystem::exists(place / "run"));
    CHECK_MESSAGE(o.err.starts_with(at), o.err);
    CHECK(problem_count(o.err) == 1);
    return o.err;
  }
};

}

TEST_CASE("data that cannot be trained on is refused before the run has a folder") {
  const data_files files;
  CHECK(says(files.refusal("file: nofile.h5"), "nofile.h5: "));
  CHECK(says(files.refusal("file: p.yaml"), "p.yaml: got a file of another kind, need an HDF5 file"));
  CHECK(says(files.refusal("file: cut.h5"), "cut.h5: "));
  CHECK(says(files.refusal("file: noise.h5"), "noise.h5: "));
  CHECK(says(files.refusal("file: good.h5, dataset: xx"), "good.h5"));
  CHECK(says(files.refusal("file: good.h5, dataset: nan", scaled),
             "dataset 'nan' got NaN in row 7, need finite numbers"));
  CHECK(says(files.refusal("file: good.h5, dataset: same", scaled, "p.yaml:9:11: scaled: "),
             "dataset 'same' is 1 everywhere, need numbers that vary"));
  CHECK(says(files.refusal("file: good.h5, labels: long"), "labels 'long' got 99 rows, need 100, one per row of 'x'"));
  CHECK(says(files.refusal("file: good.h5, labels: same"),
             "labels 'same' got shape [100, 2], need one number per row, [100]"));
  CHECK(says(files.refusal("file: odd.h5, dataset: empty"), "'empty'"));
  CHECK(says(files.refusal("file: odd.h5, dataset: scalar"), "'scalar'"));
  CHECK(says(files.refusal("file: odd.h5, dataset: text"), "'text'"));
  CHECK(says(files.refusal("file: odd.h5, dataset: vast"),
             "dataset 'vast' has room for 16777216 chunks, but none was ever written; fill: allow"));
  CHECK(
      says(files.refusal("files: 'g*.hdf'", "", "p.yaml:8:51: loader.files: "), "got 'g*.hdf', which matches no file"));
  CHECK(says(files.refusal("file: good.h5, read: {x: x, low: long}"),
             "dataset 'long' got 99 rows, need 100, one per row of 'x', or one row for all of them"));
}

TEST_CASE("NaN that training would meet is refused with the row, before a folder is made") {
  const data_files files;
  put_text(files.place / "p.yaml", tiny_with("{plugin: loader.swiss_roll, batch: 32}",
                                             "{plugin: loader.hdf5, batch: 32, file: good.h5, dataset: nan}"));
  const outcome o = program({"run", "p.yaml", "--out", "run", "--quiet"}, {.folder = files.place.folder()});
  CHECK(o.code == 2);
  CHECK(!std::filesystem::exists(files.place / "run"));
  CHECK(says(o.err, "p.yaml:8:50: loader: good.h5: dataset 'nan' got NaN in row 7, need finite numbers"));
}

TEST_CASE("a file that claims 4 TB is read row by row") {
  const data_files files;
  put_text(files.place / "p.yaml",
           tiny_with("{plugin: loader.swiss_roll, batch: 32}",
                     "{plugin: loader.hdf5, batch: 32, file: odd.h5, dataset: vast, fill: allow}"));
  const outcome o = program({"run", "p.yaml", "--out", "run", "--quiet", "--set", "graph.trainer.steps=2"},
                            {.folder = files.place.folder()});
  CHECK_MESSAGE(o.code == 0, o.err);
}

TEST_CASE("the statistics of a file that claims 4 TB are taken from a part of it") {
  const data_files files;
  CHECK(says(files.refusal("file: odd.h5, dataset: vast, fill: allow", scaled, "p.yaml:9:11: scaled: "),
             "dataset 'vast' is 0 in all of the 134217728 rows looked at, need numbers that vary"));
}

TEST_CASE("data info shows a file, also one with odd datasets") {
  const data_files files;
  const outcome o = program({"data", "info", (files.place / "odd.h5").string()});
  CHECK(o.code == 0);
  for (const char* name : {"empty", "scalar", "text", "vast"}) CHECK(says(o.out, name));
  const outcome cut = program({"data", "info", (files.place / "cut.h5").string()});
  CHECK(cut.code == 2);
  CHECK(says(cut.err, "cut.h5: "));
}

TEST_CASE("a virtual dataset without its source is refused by name, and data info shows where numbers come from") {
  const data_files files;
  const hsize_t shape[2] = {100, 2};
  const hid_t file = H5Fcreate((files.place / "v.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
              space = H5Screate_simple(2, shape, nullptr), creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_virtual(creation, space, "source.h5", "x", space);
  put_raw(file, "x", H5T_NATIVE_FLOAT, space, creation, nullptr);
  H5Pclose(creation), H5Sclose(space), H5Fclose(file);
  const std::string missing = "v.h5: dataset 'x' is virtual, and its source file 'source.h5' is missing";
  CHECK(says(files.refusal("file: v.h5"), missing));
  const surroundings here{.folder = files.place.folder()};
  const outcome without = program({"data", "info", "v.h5"}, here);
  CHECK(without.code == 0);
  CHECK(says(without.out, missing));
  std::filesystem::copy(files.place / "good.h5", files.place / "source.h5");
  const outcome with = program({"data", "info", "v.h5"}, here);
  CHECK(says(with.out, "[100, 2] float32, 0.0008 MB\n  from "));
  CHECK(says(with.out, "source.h5: x\n"));
}
