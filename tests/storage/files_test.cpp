#include "doctest.hpp"

#include "noneq/storage/files.hpp"
#include "scratch.hpp"

using namespace noneq;

TEST_CASE("a file comes back as it was written, and replaces the one before") {
  const scratch s;
  const std::string bytes("a\0b\n", 4);
  write_atomically(s / "f", "old");
  write_atomically(s / "f", bytes);
  CHECK(read_file(s / "f") == bytes);
  CHECK(s.files() == 1);
  write_atomically(s / "empty", "");
  CHECK(read_file(s / "empty").empty());
  const std::string large(1'000'003, 'x');
  write_atomically(s / "large", large);
  CHECK(read_file(s / "large") == large);
}

TEST_CASE("an atomic file without commit leaves nothing, and hides until commit") {
  const scratch s;
  write_atomically(s / "f", "old");
  {
    atomic_file file(s / "f");
    file.write("new");
    CHECK(atomic_file::is_temporary(file.temporary().filename().string()));
    CHECK(read_file(s / "f") == "old");
  }
  CHECK(s.files() == 1);
  CHECK(read_file(s / "f") == "old");
}

TEST_CASE("file errors name the file, the system's words and a remedy") {
  const scratch s;
  CHECK(has(failure([&] { read_file(s / "none"); }), "none: cannot open: No such file or directory; check the path"));
  CHECK(has(failure([&] { read_file(s.dir); }), "Is a directory; need a file"));
  CHECK(has(failure([&] { write_atomically(s.dir, "x"); }), "cannot write: Is a directory"));
  CHECK(has(failure([&] { write_atomically(s / "no/f", "x"); }), "No such file or directory; check the path"));
  CHECK(has(failure([&] { write_atomically("/dev/full", "x"); }),
            "/dev/full: got a device or pipe, need a regular file"));
  CHECK(has(failure([&] { input_file("/dev/null"); }), "need a regular file"));
}

TEST_CASE("a full disk leaves the old file") {
  const scratch s;
  write_atomically(s / "f", "old");
  {
    const full_disk limit(1000);
    CHECK(has(failure([&] { write_atomically(s / "f", std::string(5000, 'x')); }),
              "f: cannot write: File too large; free some space or write elsewhere"));
  }
  CHECK(read_file(s / "f") == "old");
  CHECK(s.files() == 1);
}

TEST_CASE("a symbolic link is written through") {
  const scratch s;
  write_atomically(s / "real", "old");
  std::filesystem::create_symlink(s / "real", s / "link");
  write_atomically(s / "link", "new");
  CHECK(read_file(s / "real") == "new");
  CHECK(std::filesystem::is_symlink(s / "link"));
}

TEST_CASE("reading past the end of an input file is an error") {
  const scratch s;
  write_atomically(s / "f", "12345");
  const input_file file(s / "f");
  CHECK(file.size() == 5);
  char buffer[8];
  file.read(1, buffer, 4);
  CHECK(std::string(buffer, 4) == "2345");
  CHECK(has(failure([&] { file.read(3, buffer, 4); }), "got the end of the file at byte 5, need 7 bytes"));
}
