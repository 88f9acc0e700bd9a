// Rows of IDX, .npy, CSV and PNG files: the numbers that were put in, and one clear line for every broken file.
#include "doctest.hpp"

#include <zlib.h>

#include "noneq/storage/png.hpp"
#include "noneq/storage/rows.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::storage;

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
  CHECK(has(f.fault(std::string("\0\0\x08\2\0\0\0\1\x10\0\0\0", 12)),  // a row that would be allocated
            "a: got 1 rows [268435456] in a file of 12 bytes, need a whole file: copy it again"));
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
  CHECK(has(f.fault("1,2\n3,x\n"), "a:2: got 'x' in column 2, need a number"));
  CHECK(has(f.fault("1,2\n\n3\n"), "a:3: got 1 numbers, need 2 as in the rows before"));
  CHECK(has(f.fault("only,words\n"), "has no rows of numbers"));
  CHECK(has(f.fault("1,2\n3,\"x\ny\"\n"), R"(a:3: got 'x\ny' in column 2, need a number)"));
}

TEST_CASE("CSV: every separator, line end, quote and mark that programs write") {
  one_file f;
  const Tensor four = at::tensor({1, 2, 3, 4}, at::kLong).view({2, 2}), halves = four.to(at::kDouble) / 2;
  CHECK(f.read("1,2\r3,4\r").equal(four));
  CHECK(f.read("x,y\r1,2\r\r3,4").equal(four));
  CHECK(f.read("1;2\r\n3;4\r\n").equal(four));
  CHECK(f.read("0.5; 1.0\n1.5 ;2.0\n").equal(halves));
  CHECK(f.read("\"width, in cm\";\"n\"\n\"1\";2\n3;\"4\"\n").equal(four));
  CHECK(f.read("\"two\nlines\",n\n1,2\n3,4\n").equal(four));
  CHECK(f.read("  1   2\n 3 4  \n").equal(four));
  CHECK(f.read("# x y\n1 \t 2\n3\t4\n").equal(four));
  CHECK(f.read("\xef\xbb\xbfx,y\n1,2\n3,4\n").equal(four));
  CHECK(f.read("\xef\xbb\xbf"
               "1,2\n3,4\n")
            .equal(four));
  CHECK(f.read("the only column\n1\n2\n").equal(at::tensor({1, 2}, at::kLong)));
  CHECK(f.read("9007199254740993\n-9223372036854775808\n").equal(at::tensor({9007199254740993, INT64_MIN}, at::kLong)));
  CHECK(f.read("1,nan\n2,-inf\n").isfinite().equal(at::tensor({1, 0, 1, 0}).view({2, 2}).to(at::kBool)));
  CHECK(f.read(gzipped(f / "b", "1,2\r3,4\r")).equal(four));
}

TEST_CASE("CSV: what may be meant in two ways is refused with its line") {
  one_file f;
  CHECK(has(f.fault("1,5;2,5\n3,5;4,5\n"),
            "a:1: got '1,5' in column 1, which may be a decimal comma; need numbers with"));
  CHECK(has(f.fault("x;y\n1;2\n3;4,5\n"), "a:3: got '4,5' in column 2, which may be a decimal comma"));
  CHECK(has(f.fault("1,5\t2,5\n"), "a:1: got '1,5' in column 1, which may be a decimal comma"));
  CHECK(has(f.fault("1,5 2,5\n"), "a:1: got '5 2' in column 2, need a number"));
  CHECK(has(f.fault("1,2,3\n1.5,,3\n"), "a:2: got an empty cell in column 2, need a number"));
  CHECK(has(f.fault("1,2\n4,5.5,\n"), "a:2: got an empty cell in column 3"));
  CHECK(has(f.fault("1,2,\n3,4,\n"), "a:1: got an empty cell in column 3"));
  CHECK(has(f.fault(",,\n1,2,3\n"), "a:1: got an empty cell in column 1"));
  CHECK(has(f.fault("N/A,NA\n1,2\n"), "a:1: got 'N/A' in column 1, need a number"));
  CHECK(has(f.fault("1,5;?\n1;2\n"), "a:1: got '1,5' in column 1, which may be a decimal comma"));
  CHECK(has(f.fault("1\t\t3\n"), "a:1: got an empty cell in column 2"));
  CHECK(has(f.fault("5.1,N/A\n1,2\n"), "a:1: got 'N/A' in column 2, need a number"));
  CHECK(has(f.fault("# c\nid,2020,2021\n1,2,3\n"), "a:2: got 'id' in column 1, need a number"));
  CHECK(has(f.fault("x,y\ncm,cm\n1,2\n"), "a:2: got 'cm' in column 1, need a number"));
  CHECK(
      has(f.fault(",x\n0,1.5\n"), "a:1: got a heading without a name for column 1, need one for each: leave out row"));
  CHECK(has(f.fault("x\ty\n\"1\"\t2\t3\n"), "a:2: got 3 numbers, need 2 as the heading of line 1 has names"));
  CHECK(has(f.fault("x,y,\n1,2,\n"), "a:1: got a heading without a name for column 3"));
  CHECK(has(f.fault("1,2\n3,4,5\n"), "a:2: got 3 numbers, need 2"));
  CHECK(has(f.fault("1,\"2\n3,4\n"), "a:2: got a quoted cell without an end"));
  CHECK(has(f.fault("1,2\"3\"\n"), "a:1: got a quote within a cell"));
  CHECK(has(f.fault("1e999,1\n"), "a:1: got '1e999' in column 1, need a number that float64 holds"));
  CHECK(has(f.fault("9007199254740993,0.5\n"), "a:1: got a whole number of 2^53 or more in a file with fractions"));
  CHECK(has(f.fault("\"\" \"\"\n1 2\n"), "a:1: got an empty cell in column 1, need a number"));
  CHECK(has(f.fault("a b\n\"\" \"\"\n4\n"), "a:2: got an empty cell in column 1, need a number"));
  CHECK(has(f.fault(std::string(1'000'000, ',') + "\n"), "a:1: got more than 1000000 cells in a row, need fewer"));
  std::string open = "1,\"2\n";  // of which no more is held than a quoted cell may have
  for (int line = 0; line < 300'000; ++line) open += "3,4\n";
  CHECK(has(f.fault(open), "a:262144: got a quoted cell without an end, need a quote behind it"));
  CHECK(has(f.fault("0x10,1\n"), "a:1: got '0x10' in column 1"));
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
  CHECK(files_of_rows(f / "g.png").files.size() == 1);
  CHECK(has(failure([&] { files_of_rows("/proc/self/fd/../ns"); }), "got a folder without PNG images"));
}

TEST_CASE("PNG: a size that no such file can have is refused before memory is asked for") {
  one_file f;
  const auto claims = [&](std::uint32_t width, std::uint32_t height) {
    write_png(f / "g.png", at::zeros({4, 6}, at::kByte));
    std::string bytes = read_file(f / "g.png");
    for (int k = 0; k < 4; ++k) {
      bytes[static_cast<std::size_t>(16 + k)] = static_cast<char>(width >> (24 - 8 * k));
      bytes[static_cast<std::size_t>(20 + k)] = static_cast<char>(height >> (24 - 8 * k));
    }
    const uLong sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()) + 12, 17);
    for (int k = 0; k < 4; ++k) bytes[static_cast<std::size_t>(29 + k)] = static_cast<char>(sum >> (24 - 8 * k));
    return f.fault(bytes);
  };
  CHECK(
      has(claims(1'000'000, 1'000'000), "a: got an image [1000000, 1000000] of 1000000000000 bytes, need at most 10⁹"));
  CHECK(has(claims(2'000'000'000, 1), "a: got an image [1, 2000000000] of 2000000000 bytes"));
  CHECK(has(claims(20'000, 20'000), "a: got an image [20000, 20000] in a file of"));
  CHECK(has(claims(6, 5), "a: got a damaged PNG ("));
  std::string bytes = read_file(f / "g.png");
  bytes.insert(33, std::string("\x7a\0\0\0zTXt", 8));  // behind the first chunk: one of two gigabytes
  CHECK(has(f.fault(bytes), "a: got a damaged PNG (it ends within a chunk), need a whole one: copy it again"));
}

TEST_CASE("a folder's images in natural order, and what else is in it") {
  const scratch s;
  for (const char* name : {"img10.png", "img2.png", "img1.PNG", "img100.png", "notes.txt", "b.jpg"}) put(s / name, "x");
  std::filesystem::create_directory(s / "more.png");
  const row_files found = files_of_rows(s.dir);
  CHECK(found.files ==
        std::vector<std::filesystem::path>{s / "img1.PNG", s / "img2.png", s / "img10.png", s / "img100.png"});
  CHECK(found.passed_over == std::vector<std::filesystem::path>{s / "b.jpg", s / "more.png", s / "notes.txt"});
}

TEST_CASE("npy: any header is read or refused in one line") {
  one_file f;
  const std::string two("\0\0\xc0\x3f\0\0\0\xc0", 8);
  const auto headed = [&](std::string header, const std::string& data = "", char version = 1) {
    std::string bytes("\x93NUMPY", 6);
    bytes += version, bytes += '\0';
    bytes += static_cast<char>(header.size() & 255), bytes += static_cast<char>(header.size() >> 8);
    if (version > 1) bytes += std::string(2, '\0');
    return bytes + header + data;
  };
  const Tensor x = at::tensor({1.5f, -2.f});
  CHECK(f.read(headed("{\"shape\":(2L,),'fortran_order':False,'descr':'<f4'}\n", two, 2)).equal(x));
  CHECK(f.read(headed("{'descr': '=f4', 'fortran_order': False, 'shape': (2,), }" + std::string(60'000, ' '), two))
            .equal(x));
  const auto refused = [&](const std::string& header) { return f.fault(headed(header, two)); };
  for (const std::string& header :
       {std::string(), std::string("{"), std::string("{'descr'"), std::string("{'descr': '<f4'}"),
        std::string("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}"),
        std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (2"),
        std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}"),
        std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}"),
        std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (2.5,)}"), std::string(60'000, '('),
        "{'descr': '" + std::string(60'000, '<'), std::string(60'000, '{'),
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::string(30'000, '1') + ")}"}) {
    CAPTURE(header.substr(0, 60));
    CHECK(has(refused(header), "a: got a damaged header, need .npy as numpy.save writes it"));
  }
  CHECK(has(refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}"),
            "got records of several fields"));
  CHECK(has(refused("{'descr': 'x\n4', 'fortran_order': False, 'shape': (2,)}"), R"(got numbers of type 'x\n4')"));
  CHECK(has(refused("{'descr': 'xf4', 'fortran_order': False, 'shape': (2,)}"), "got numbers of type 'xf4'"));
  CHECK(has(refused("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 2)}"), "need"));
  CHECK(
      has(refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 9223372036854775807)}"), "at most 10⁹ bytes"));
  CHECK(has(f.fault(headed("{}", "", 9)), "got version 9 of .npy, need 1, 2 or 3"));
}

TEST_CASE("CSV is read twice, and the first reading shows how far it is") {
  const scratch s;
  std::string text;
  for (int k = 0; k < 5000; ++k) text += std::to_string(k) + ",2\n";
  write_atomically(s / "a.csv", text);
  std::vector<std::int64_t> seen;
  const auto rows = open_rows(s / "a.csv", [&](std::int64_t bytes) { seen.push_back(bytes); });
  CHECK(seen.size() == 5);  // once for 1024 rows
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(seen.back() <= static_cast<std::int64_t>(text.size()));
  CHECK(rows->next(10).size(0) == 10);
  CHECK(times_read(s / "a.csv") == 2);
  write_png(s / "a.png", at::zeros({2, 2}, at::kByte));
  CHECK(times_read(s / "a.png") == 1);
}
