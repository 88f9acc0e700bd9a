// noneq data import: files into datasets, and one line, exit code 2 and no file for what cannot be.
#include "noneq/storage/hdf5.hpp"
#include "noneq/storage/png.hpp"
#include "tiny.hpp"

using namespace testing;

namespace {

// IDX of `rows` images of 28 × 28 bytes, all of them k in row k; or of `rows` labels k.
std::string idx(unsigned char rows, bool images) {
  std::string bytes("\0\0\x08", 3);
  bytes += images ? '\3' : '\1';
  bytes += std::string(3, '\0') + static_cast<char>(rows);
  if (images) bytes += std::string("\0\0\0\x1c\0\0\0\x1c", 8);
  for (unsigned char k = 0; k < rows; ++k) bytes += std::string(images ? 784 : 1, static_cast<char>(k));
  return bytes;
}

struct inputs {
  scratch place;
  inputs() {
    put_text(place / "images", idx(5, true));
    put_text(place / "labels", idx(5, false));
    put_text(place / "few", idx(4, false));
    put_text(place / "short", idx(5, true).substr(0, 3000));
    put_text(place / "a.csv", "x,y\n1,2\n3,4\n");
    std::filesystem::create_directories(place / "photos");
    put_text(place / "photos" / "index.html", "");
    for (const char* name : {"b.png", "a.png"})
      noneq::storage::write_png(place / "photos" / name, at::full({4, 6, 3}, name[0] - 'a', at::kByte));
  }
  outcome import(std::vector<std::string> words) const {
    words.insert(words.begin(), {"data", "import", "--out", "out.h5"});
    return program(words, {.folder = place.folder()});
  }
};

const inputs& files() {
  static const inputs all;
  return all;
}

}

TEST_CASE("several datasets in one command, joined files, folders of images") {
  const outcome o = files().import(
      {"train/images=images", "train/labels=labels", "test=images", "test=images", "photos=photos", "a.csv"});
  CHECK_MESSAGE(o.code == 0, o.err);
  CHECK(says(o.out, "wrote out.h5: train/images, 5 rows [28, 28] of uint8\n"));
  CHECK(says(o.out, "photos, 2 rows [4, 6, 3] of uint8; passed over 1 in the folder that is no PNG: index.html\n"));
  const noneq::storage::hdf5_reader in(files().place / "out.h5");
  CHECK(in.layout("train/images").shape == noneq::sizes{5, 28, 28});
  CHECK(in.layout("train/images").compression == "gzip");
  CHECK(in.rows("train/labels", 0, 5).equal(at::arange(5, at::kByte)));
  CHECK(in.layout("test").shape[0] == 10);
  CHECK(in.rows("test", 7, 1).eq(2).all().item<bool>());
  CHECK(in.rows("photos", 0, 2).select(1, 0).select(1, 0).select(1, 0).equal(at::tensor({0, 1}, at::kByte)));
  CHECK(in.layout("photos").shape == noneq::sizes{2, 4, 6, 3});
  CHECK(in.rows("x", 0, 2).equal(at::tensor({1, 2, 3, 4}, at::kLong).view({2, 2})));
  CHECK(in.attributes("train/images").at("source") == "images");
  std::filesystem::remove(files().place / "out.h5");
}

TEST_CASE("what cannot be imported is one line, and no file is left") {
  const auto line = [](const std::vector<std::string>& words) {
    const outcome o = files().import(words);
    CHECK_MESSAGE(o.code == 2, o.err);
    CHECK(o.out == "");
    CHECK(problem_count(o.err) == 1);
    CHECK(!std::filesystem::exists(files().place / "out.h5"));
    return o.err;
  };
  CHECK(line({"train/images=images", "train/labels=few"}) ==
        "train/labels got 4 rows, need 5 as train/images has, which is of the same group\n");
  CHECK(line({"short"}) == "short: ends after 3000 bytes, need 936 more: copy it again\n");
  CHECK(line({"x=images", "x=labels"}) == "labels: got rows [] of uint8, need rows [28, 28] of uint8 as in images\n");
  CHECK(
      line({"a/b=images", "a=labels"}) ==
      "got the datasets 'a' and 'a/b', of which the first cannot also be the group of the second; need other names\n");
  CHECK(line({"x=none"}) == "none: cannot open: No such file or directory; check the path\n");
  for (const std::string name : {"/x", "x/", "../x", "a//b", "a/./b"})
    CHECK(line({name + "=images"}) == "got dataset name '" + name + "', need one like 'a' or 'a/b'\n");
  noneq::storage::write_png(files().place / "photos" / "c.png", at::zeros({4, 5}, at::kByte));
  CHECK(line({"photos"}) ==
        "photos/c.png: got rows [4, 5] of uint8, need rows [4, 6, 3] of uint8 as in photos/a.png\n");
  std::filesystem::remove(files().place / "photos" / "c.png");
}

TEST_CASE("a file that is imported is not replaced, with --force neither") {
  const outcome o =
      program({"data", "import", "x=images", "--out", "images", "--force"}, {.folder = files().place.folder()});
  CHECK_MESSAGE(o.code == 2, o.err);
  CHECK_MESSAGE(says(o.err, "need another name"), o.err);
  CHECK(files().import({"x=images", "--force"}).code == 0);
}
