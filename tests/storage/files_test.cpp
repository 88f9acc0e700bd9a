#include "doctest.hpp"

#include <memory>

#include <sys/wait.h>

#include "noneq/storage/file_names.hpp"
#include "noneq/storage/files.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::storage;

TEST_CASE("a pattern stands for its files as people count them, another name for itself") {
  const scratch s;
  for (const char* name : {"day10.h5", "day9.h5", "day1.h5", "night.h5", "a[1].h5", ".day2.h5"}) put(s / name, "");
  CHECK(matching_files(s / "day*.h5") ==
        std::vector<std::filesystem::path>{s / "day1.h5", s / "day9.h5", s / "day10.h5"});
  CHECK(matching_files(s / "*.nc").empty());
  CHECK(matching_files(s / "none.h5") == std::vector<std::filesystem::path>{s / "none.h5"});
  CHECK(matching_files(s / "a[1].h5") == std::vector<std::filesystem::path>{s / "a[1].h5"});
  CHECK(is_pattern(s / "day?.h5"));
  CHECK_FALSE(is_pattern(s / "a[1].h5"));
}

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
    CHECK(is_temporary(file.temporary().filename().string()));
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
  CHECK(has(failure([&] { write_atomically("", "x"); }), "got an empty name, need that of a file"));
  CHECK(
      has(failure([&] { write_atomically(s / "new/", "x"); }), "new/: got the name of a folder, need that of a file"));
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

TEST_CASE("temporaries that a killed process left are removed, those being written and files of others are not") {
  const scratch s;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(60);
    atomic_file killed(s / "killed.h5");
    killed.write("half");
    put(s / "ready", "");
    for (;;) ::pause();
  }
  for (int i = 0; i < 30'000 && !std::filesystem::exists(s / "ready"); ++i) ::usleep(1000);
  CHECK(remove_stale_temporaries(s.dir).empty());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (const char* name : {"a.noneq-tmp-", "a.noneq-tmp-1", "a.noneq-tmp-1-", "a.noneq-tmp-1-2x", ".noneq-tmp-1-2"})
    put(s / name, "somebody's");
  put(s / "elsewhere.noneq-tmp-99-0", "of another machine");
  atomic_file writing(s / "f");
  CHECK(remove_stale_temporaries(s.dir).size() == 2);
  CHECK(std::filesystem::exists(writing.temporary()));
  writing.write("whole");
  writing.commit();
  CHECK(read_file(s / "f") == "whole");
  CHECK(s.files() == 7);
  CHECK(remove_stale_temporaries(s / "nowhere").empty());
}

TEST_CASE("what ends the program removes what it is writing, and nothing that is whole") {
  const scratch s;
  write_atomically(s / "before", "1");
  atomic_file a(s / "a"), b(s / "b");
  { const atomic_file given_up(s / "c"); }
  a.write("2");
  a.commit();
  remove_temporaries();
  CHECK(read_file(s / "before") == "1");
  CHECK(read_file(s / "a") == "2");
  CHECK(s.files() == 2);
  std::vector<std::unique_ptr<atomic_file>> many;  // more than there are places for
  for (int i = 0; i < 100; ++i) many.push_back(std::make_unique<atomic_file>(s / ("m" + std::to_string(i))));
  many.clear();
  CHECK(s.files() == 2);
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

TEST_CASE("what is appended is there whole, or not at all") {
  const scratch s;
  append(s / "f", "one\n");
  append(s / "f", "two\n");
  make_durable(s / "f");
  CHECK(read_file(s / "f") == "one\ntwo\n");
  {
    const full_disk limit(100);
    CHECK(has(failure([&] { append(s / "f", std::string(500, 'x') + "\n"); }), "f: cannot write: File too large"));
  }
  append(s / "f", "three\n");
  CHECK(read_file(s / "f") == "one\ntwo\nthree\n");
  append_line(s / "f", "four");
  append(s / "f", "cut by a lost po");
  append_line(s / "f", "five");
  append_line(s / "new", "one");
  CHECK(read_file(s / "f") == "one\ntwo\nthree\nfour\ncut by a lost po\nfive\n");
  CHECK(read_file(s / "new") == "one\n");
  CHECK(has(failure([&] { append(s / "no/f", "x"); }), "No such file or directory"));
  CHECK(has(failure([&] { make_durable(s / "none"); }), "none: cannot open"));
}
