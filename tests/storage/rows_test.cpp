// Rows of IDX, .npy, CSV and PNG files: the numbers that were put in, and one clear line for every broken file.
#include "doctest.hpp"

#include <zlib.h>

#include "noneq/storage/png.hpp"
#include "noneq/storage/rows.hpp"
#include "scratch.hpp"

using namespace noneq;

namespace {

const std::string idx_head("\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x03", 16);  // two rows [1, 3] of uint8

std::string gzipped(const std::filesystem::path& at, const std::string& bytes) {
  gzFile out = gzopen(at.c_str(), "wb");
  gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(out);
  return read_file(at);
}

std::string npy(const std::string& type, const std::string& order, const std::string& shape, const std::string& data) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
  header.resize(118, ' ');
  return std::string("\x93NUMPY\x01\0\x76\0", 10) + header + data;
}

// All rows, `at_once` at a time.
Tensor all(const std::filesystem::path& file, std::int64_t at_once = 2) {
  const auto rows = open_rows(file);
  std::vector<Tensor> parts;
  do parts.push_back(rows->next(at_once));
  while (parts.back().size(0) > 0);
  for (const Tensor& p : parts) CHECK((p.scalar_type() == rows->dtype));
  return at::cat(parts);
}

struct one_file : scratch {
  std::filesystem::path path = *this / "a";
  Tensor read(const std::string& bytes, std::int64_t at_once = 2) {
    put(path, bytes);
    return all(path, at_once);
  }
  std::string fault(const std::string& bytes) {
    return failure([&] { read(bytes); });
  }
};

}

TEST_CASE("IDX: bytes and big-endian numbers, compressed or not") {
  one_file f;
  const Tensor six = at::arange(6, at::kByte).reshape({2, 1, 3});
  const std::string bytes = idx_head + std::string("\0\1\2\3\4\5", 6);
  CHECK(f.read(bytes, 1).equal(six));
  CHECK(f.read(gzipped(f / "b", bytes)).equal(six));
  CHECK(
      f.read(std::string("\0\0\x0c\x01\0\0\0\x02\0\0\1\2\xff\xff\xff\xfe", 16)).equal(at::tensor({258, -2}, at::kInt)));
  CHECK(f.read(std::string("\0\0\x0d\x01\0\0\0\x01\x3f\xc0\0\0", 12)).equal(at::tensor({1.5f})));
}

TEST_CASE("IDX: broken files") {
  one_file f;
  const std::string whole = idx_head + std::string("\0\1\2\3\4\5", 6), packed = gzipped(f / "b", whole);
  CHECK(has(f.fault(whole.substr(0, 20)), "a: ends after 20 bytes, need 2 more: copy it again"));
  CHECK(has(f.fault(whole.substr(0, 7)), "ends after 7 bytes"));
  CHECK(has(f.fault(whole + "x"), "goes on after 2 rows [1, 3], need no more than its header says"));
  CHECK(has(f.fault(packed.substr(0, packed.size() - 9)), "a: the compressed data ends after"));
  CHECK(has(f.fault(packed.substr(0, 15)), "a: "));
  std::string flipped = packed;
  flipped[flipped.size() - 6] ^= 1;  // of the checksum
  CHECK(has(f.fault(flipped), "the compressed data is damaged"));
  CHECK(has(f.fault(std::string("\0\0\7\1\0\0\0\1x", 9)), "got IDX with numbers of type 0x07, need 0x08"));
  CHECK(has(f.fault(std::string("\0\0\x08\0", 4)), "got IDX of 0 dimensions"));
  CHECK(has(f.fault(std::string("\0\0\x08\1\0\0\0\0", 8)), "got 0 rows [], need at least one"));
  CHECK(has(f.fault(std::string("\0\0\x08\2\0\0\0\1\xff\xff\xff\xff", 12)),
            "need at least one row, of at least one and"));
  CHECK(has(f.fault("\xff\xfe\xfd\xfc"), "a: begins with the bytes ff fe fd fc, need IDX, .npy, PNG or CSV"));
  CHECK(has(f.fault(""), "a: is empty"));
  CHECK(has(failure([&] { open_rows(f / "none"); }), "none: cannot open"));
}

TEST_CASE("npy: either byte order, unsigned numbers widened, what cannot be read refused") {
  one_file f;
  const std::string two("\0\0\xc0\x3f\0\0\0\xc0", 8);  // 1.5, −2 little-endian
  CHECK(f.read(npy("<f4", "False", "(2, 1)", two)).equal(at::tensor({1.5f, -2.f}).reshape({2, 1})));
  CHECK(f.read(npy(">i2", "False", "(2,)", std::string("\1\2\xff\xfe", 4))).equal(at::tensor({258, -2}, at::kShort)));
  CHECK(f.read(npy("<u2", "False", "(1,)", "\xff\xff")).equal(at::tensor({65535}, at::kInt)));
  CHECK(f.read(npy("<u4", "False", "(1,)", "\xff\xff\xff\xff")).equal(at::tensor({4294967295}, at::kLong)));
  CHECK(
      f.read(npy("|u1", "False", "(1, 2, 2)", "\1\2\3\4")).equal(at::tensor({1, 2, 3, 4}, at::kByte).view({1, 2, 2})));
  CHECK(f.read(npy("|b1", "True", "(2,)", std::string("\0\1", 2))).equal(at::tensor({0, 1}).to(at::kBool)));
  CHECK(has(f.fault(npy("<f4", "True", "(2, 1)", two)), "got columns before rows (fortran_order), need numpy.save of"));
  CHECK(has(f.fault(npy("<f4", "False", "(3, 1)", two)), "need 4 more: copy it again"));
  CHECK(has(f.fault(npy("<f4", "False", "(1, 1)", two)), "goes on after 1 rows [1]"));
  CHECK(has(f.fault(npy("<c8", "False", "(1,)", two)), "got numbers of type '<c8', need bool, integers"));
  CHECK(has(f.fault(npy("<u8", "False", "(1,)", two)), "got numbers of type '<u8'"));
  CHECK(has(f.fault(npy("<f4", "False", "()", "\1\2\3\4")), "got a single number, need an array of rows"));
  CHECK(has(f.fault("PK\3\4zip"), "got a zip archive (an .npz?)"));
}

TEST_CASE("CSV: headings and comments are no rows; whole numbers stay whole") {
  one_file f;
  CHECK(f.read("a,b\n# no\n1,2\r\n\n3, 4\n").equal(at::tensor({1, 2, 3, 4}, at::kLong).view({2, 2})));
  CHECK(f.read("1\t2.5\n-1e3\t+4").equal(at::tensor({1., 2.5, -1e3, 4.}, at::kDouble).view({2, 2})));
  CHECK(f.read("label\n7\n8\n9\n").equal(at::tensor({7, 8, 9}, at::kLong)));
  CHECK(has(f.fault("1,2\n3,x\n"), "a:2: got 'x', need a number"));
  CHECK(has(f.fault("1,2\n\n3\n"), "a:3: got 1 numbers, need 2 as in the rows before"));
  CHECK(has(f.fault("only,words\n"), "has no rows of numbers"));
}

TEST_CASE("PNG: an image is a row; what is not grey or RGB of 8 bits is refused") {
  one_file f;
  const Tensor grey = at::randint(256, {4, 6}, at::kByte), colour = at::randint(256, {4, 6, 3}, at::kByte);
  write_png(f / "g.png", grey);
  write_png(f / "c.png", colour);
  CHECK(all(f / "g.png").equal(grey.unsqueeze(0)));
  CHECK(all(f / "c.png").equal(colour.unsqueeze(0)));
  const std::string bytes = read_file(f / "c.png");
  CHECK(has(f.fault(bytes.substr(0, bytes.size() - 30)), "a: got a damaged PNG ("));
  CHECK(has(f.fault(bytes.substr(0, 20)), "a: got a damaged PNG ("));
  std::string flipped = bytes;
  flipped[60] ^= 0x55;
  CHECK(has(f.fault(flipped), "a: got a damaged PNG ("));
  CHECK(files_of_rows(f.dir) == std::vector<std::filesystem::path>{f / "c.png", f / "g.png"});
  CHECK(files_of_rows(f / "g.png").size() == 1);
  CHECK(has(failure([&] { files_of_rows("/proc/self/fd/../ns"); }), "got a folder without PNG images"));
}
