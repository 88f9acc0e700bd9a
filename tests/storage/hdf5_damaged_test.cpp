// Damaged HDF5 files: one clear line each, whatever is damaged, in little time and little memory.
#include "doctest.hpp"

#include <random>

#include <hdf5.h>
#include <sys/wait.h>

#include "noneq/storage/chunks.hpp"
#include "noneq/storage/hdf5.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::storage;

namespace {

// All that a reader can do with a file and a dataset that is not there. Only noneq::error may leave it.
void use_all(const std::filesystem::path& path) {
  const auto quietly = [](const auto& f) {
    try {
      f();
    } catch (const error&) {
    }
  };
  quietly([&] {
    const hdf5_reader r(path);
    std::vector<std::string> names{"x", "g/packed", "nothing"};
    quietly([&] { names = r.datasets(), names.push_back("nothing"); });
    quietly([&] { r.attributes("/"); });
    for (const std::string& name : names) {
      quietly([&] { r.attributes(name); });
      quietly([&] {
        const std::int64_t rows = std::min<std::int64_t>(r.layout(name).shape[0], 40);
        r.rows(name, 0, rows);
        decode(read_raw(r, name, 0, rows));
      });
    }
  });
}

// How a child ends that does so: 0 when all is well, minus the signal when one killed it.
int end_of(const std::filesystem::path& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
#ifndef __SANITIZE_ADDRESS__  // which maps terabytes
    const rlimit memory{rlim_t{4} << 30, rlim_t{4} << 30};
    ::setrlimit(RLIMIT_AS, &memory);
#endif
    try {
      use_all(path);
    } catch (...) {
      ::_exit(7);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void make_whole(const std::filesystem::path& path) {
  hdf5_writer w(path, 4);
  w.append("x", at::arange(80, at::kFloat).view({40, 2}));
  w.write("g/packed", at::arange(400, at::kLong).remainder(7).view({40, 10}));
  w.write("g/flags", at::arange(40, at::kLong).remainder(2).to(at::kBool));
  w.attribute("/", "seed", 3);
  w.attribute("x", "made by", "somebody");
  w.close();
}

void damage(const std::filesystem::path& path, const std::string& whole, std::mt19937& draws) {
  std::string bytes = whole;
  bytes[draws() % bytes.size()] ^= static_cast<char>(1 << draws() % 8);
  put(path, bytes);
}

}

TEST_CASE("a bit that flipped anywhere in a file never brings the program down") {
  const scratch s;
  make_whole(s / "whole.h5");
  REQUIRE(end_of(s / "whole.h5") == 0);
  const std::string whole = read_file(s / "whole.h5");
  std::mt19937 draws(1);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  for (int i = 0; i < 50 || (i < 500 && std::chrono::steady_clock::now() < until); ++i) {
    damage(s / "damaged.h5", whole, draws);
    CAPTURE(i);
    CHECK(end_of(s / "damaged.h5") == 0);
  }
}

TEST_CASE("claims of a header that no file of its size can fulfil are refused before they are believed") {
  const scratch s;
  const auto claims = [&](std::vector<hsize_t> shape, std::vector<hsize_t> chunk) {
    const hid_t file = H5Fcreate((s / "x.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
                space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
                creation = H5Pcreate(H5P_DATASET_CREATE);
    if (!chunk.empty()) H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
    H5Dclose(H5Dcreate2(file, "x", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
    H5Pclose(creation), H5Sclose(space), H5Fclose(file);
    return failure([&] { hdf5_reader(s / "x.h5").layout("x"); });
  };
  constexpr hsize_t large = hsize_t{1} << 32;
  CHECK(
      has(claims({40, large}, {8, 3}), "dataset 'x' got rows of shape [40, 4294967296] in chunks [8, 3] in a file of"));
  CHECK(has(claims({40, large}, {}), "need what such a file can hold: it is damaged, or was never filled"));
  CHECK(has(claims({large, 2}, {large / 64, 2}), "in chunks [67108864, 2] in a file of"));
  CHECK(has(claims({40, 1 << 20}, {8, 3}),
            "got 349526 chunks [8, 3] in each row of shape [40, 1048576], need at most 65536: store it in larger"));
  CHECK(claims({large, 2}, {1 << 15, 2}) == "");
  CHECK(claims({40, 1 << 17}, {8, 3}) == "");
}

TEST_CASE("what is damaged is not visited for the sake of a guess, what is misspelt is guessed") {
  const scratch s;
  make_whole(s / "x.h5");
  const hdf5_reader r(s / "x.h5");
  CHECK(has(failure([&] { r.layout("g/packd"); }),
            "dataset 'g/packd' does not exist, did you mean 'g/packed'? the file"));
  CHECK(has(failure([&] { r.layout("x/y"); }), "dataset 'x/y' does not exist"));
  CHECK(has(failure([&] { r.layout("h/y"); }), "dataset 'h/y' does not exist"));
  CHECK(has(failure([&] { hdf5_reader("/dev/zero"); }), "got a device or pipe, need a regular file"));
}
