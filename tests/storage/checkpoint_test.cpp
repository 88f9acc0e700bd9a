#include "doctest.hpp"

#include <atomic>
#include <thread>

#include <sys/wait.h>

#include "noneq/storage/checkpoint.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::storage;

static checkpoint sample(int step) {
  return {{{"net.w", at::full({3, 4}, step, at::kFloat)}, {"steps", at::full({}, step, at::kLong)}},
          {{"step", step}, {"rate", 1e-3}, {"process", {{"kernel", "gaussian"}, {"beta", {0.1, -0.0, 1.0}}}}}};
}

static void check_is(const checkpoint& c, int step) {
  const checkpoint expected = sample(step);
  CHECK(c.meta == expected.meta);
  REQUIRE(c.tensors.size() == expected.tensors.size());
  for (const auto& [name, tensor] : expected.tensors) CHECK(at::equal(c.tensors.at(name), tensor));
}

static std::string load_failure(const std::filesystem::path& dir) {
  return failure([&] { load_checkpoint(dir); });
}

TEST_CASE("a checkpoint comes back; the next replaces it; the tensors of two remain") {
  const scratch s;
  const auto dir = s / "run/last";
  CHECK_FALSE(has_checkpoint(dir));
  CHECK(has(load_failure(dir), "last: has no checkpoint.json"));
  for (const int step : {1, 2, 3}) {
    save_checkpoint(dir, sample(step));
    CHECK(has_checkpoint(dir));
    check_is(load_checkpoint(dir), step);
    CHECK(std::distance(std::filesystem::directory_iterator(dir), {}) == (step == 1 ? 2 : 4));
  }
  for (const char* name : {"tensors-1.safetensors", "tensors-2.safetensors"})
    CHECK(std::filesystem::exists(dir / name));
}

TEST_CASE("what a kill leaves behind neither shows nor stays") {
  const scratch s;
  save_checkpoint(s.dir, sample(1));
  SUBCASE("while the tensors were written") {
    put(s / "tensors-1.safetensors.noneq-tmp-1-1", "half");
    check_is(load_checkpoint(s.dir), 1);
  }
  SUBCASE("after the tensors, before the JSON") {
    std::filesystem::copy(s / "tensors-0.safetensors", s / "tensors-1.safetensors");
    check_is(load_checkpoint(s.dir), 1);
  }
  SUBCASE("while the JSON was written") {
    put(s / "tensors-7.safetensors", "any");
    put(s / "checkpoint.json.noneq-tmp-1-2", "{\"format\"");
    check_is(load_checkpoint(s.dir), 1);
  }
  save_checkpoint(s.dir, sample(2));
  check_is(load_checkpoint(s.dir), 2);
  CHECK(s.files() == 4);
}

TEST_CASE("killed at any moment, a whole checkpoint remains") {
  const scratch s;
  save_checkpoint(s.dir, sample(0));
  for (int round = 1; round <= 40; ++round) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0)
      for (int step = round * 100'000;; ++step) save_checkpoint(s.dir, sample(step));
    ::usleep(static_cast<useconds_t>(500 + 337 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const checkpoint left = load_checkpoint(s.dir);
    check_is(left, left.meta["step"].get<int>());
  }
  save_checkpoint(s.dir, sample(1));
  CHECK(s.files() == 4);
}

TEST_CASE("who reads while another process saves gets a whole checkpoint, each time") {
  const scratch s;
  save_checkpoint(s.dir, sample(0));
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(60);
    try {
      for (int step = 1;; ++step) save_checkpoint(s.dir, sample(step));
    } catch (...) {
      ::_exit(1);
    }
  }
  std::atomic<int> failed = 0, read = 0, newest = 0;
  std::vector<std::thread> readers;
  for (int k = 0; k < 3; ++k)
    readers.emplace_back([&] {
      for (int i = 0; i < 400 || (newest <= 20 && i < 100'000); ++i) try {
          const checkpoint c = load_checkpoint(s.dir);
          const int step = c.meta.at("step").get<int>();
          if (!at::equal(c.tensors.at("net.w"), at::full({3, 4}, step, at::kFloat))) ++failed;
          ++read;
          newest = std::max(newest.load(), step);
        } catch (const error&) {
          ++failed;
        }
    });
  for (std::thread& reader : readers) reader.join();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(failed == 0);
  CHECK(read >= 1200);
  CHECK(newest > 20);  // the writer was at work meanwhile
}

TEST_CASE("files of others in the directory stay") {
  const scratch s;
  for (const char* name : {"tensors-best.safetensors", "tensors-.safetensors", "log.txt", "tensors-1.safetensors.bak"})
    put(s / name, "x");
  save_checkpoint(s.dir, sample(1));
  CHECK(s.files() == 6);
}

TEST_CASE("a full disk keeps the old checkpoint") {
  const scratch s;
  save_checkpoint(s.dir, sample(1));
  checkpoint large = sample(2);
  large.tensors["large"] = at::ones({100'000});
  {
    const full_disk limit(10'000);
    CHECK(has(failure([&] { save_checkpoint(s.dir, large); }), "tensors-1.safetensors: cannot write: File too large"));
  }
  check_is(load_checkpoint(s.dir), 1);
  CHECK(s.files() == 2);
  large = sample(2);
  large.meta["large"] = std::string(20'000, 'x');
  {
    const full_disk limit(10'000);
    CHECK(has(failure([&] { save_checkpoint(s.dir, large); }), "checkpoint.json: cannot write: File too large"));
  }
  check_is(load_checkpoint(s.dir), 1);
  save_checkpoint(s.dir, sample(3));
  CHECK(s.files() == 4);
}

TEST_CASE("every damage to a checkpoint is one clear error") {
  const scratch s;
  save_checkpoint(s.dir, sample(1));
  const auto tensors = s / "tensors-0.safetensors", text = s / "checkpoint.json";
  const std::string bytes = read_file(tensors), json = read_file(text);
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string changed = json;
    REQUIRE(changed.find(from) != changed.npos);
    put(text, changed.replace(changed.find(from), from.size(), to));
    return load_failure(s.dir);
  };
  put(tensors, bytes.substr(0, bytes.size() - 5));
  CHECK(has(load_failure(s.dir), "tensors-0.safetensors: got " + std::to_string(bytes.size() - 5) + " bytes, need"));
  std::string flipped = bytes;
  flipped[flipped.size() - 3] ^= 1;
  put(tensors, flipped);
  CHECK(has(load_failure(s.dir), "tensors-0.safetensors: got checksum "));
  std::filesystem::remove(tensors);
  CHECK(has(load_failure(s.dir), "tensors-0.safetensors: is missing"));
  put(tensors, bytes);
  CHECK(has(replaced("\"format\": 1", "\"format\": 2"), "checkpoint.json: got format 2, need at most 1: update noneq"));
  CHECK(has(replaced("\"format\": 1", "\"format\": \"1\""), "got no valid 'format'"));
  CHECK(has(replaced("tensors-0.safetensors", "../other"), "got tensors file '../other'"));
  CHECK(has(replaced("\"step\": 1", "\"step\": 9"), "got 'meta' with checksum"));
  CHECK(has(replaced("\"meta\":", "\"mata\":"), "got no 'meta'"));
  for (std::size_t cut = 0; cut + 2 < json.size(); cut += 7) {
    put(text, json.substr(0, cut));
    CHECK(has(load_failure(s.dir), "checkpoint.json: got broken JSON"));
  }
  put(text, json);
  check_is(load_checkpoint(s.dir), 1);
  put(text, "[]");
  CHECK(has(load_failure(s.dir), "got no valid 'format'"));
  save_checkpoint(s.dir, sample(4));
  check_is(load_checkpoint(s.dir), 4);
  CHECK(s.files() == 2);
}

TEST_CASE("numbers that are not finite become null, and still load") {
  const scratch s;
  checkpoint c = sample(1);
  c.meta["loss"] = NAN;
  save_checkpoint(s.dir, c);
  CHECK(load_checkpoint(s.dir).meta["loss"].is_null());
}

TEST_CASE("as many checkpoints stay as are to be kept") {
  const scratch s;
  for (const int keep : {1, 2, 4}) {
    CAPTURE(keep);
    for (int step = 0; step < 6; ++step) save_checkpoint(s.dir, sample(step), keep);
    // The tensors before the last stay for those that are reading them, also where one checkpoint is kept.
    CHECK(s.files() == std::max(3, 2 * keep));
    check_is(load_checkpoint(s.dir), 5);
    const auto earlier = load_earlier_checkpoint(s.dir);
    CHECK(earlier.has_value() == (keep > 1));
    if (earlier) check_is(*earlier, 4);
  }
}

TEST_CASE("whatever is damaged, the last whole checkpoint is found, committed again, and followed by others") {
  const auto damage = [](const std::filesystem::path& file, int how) {
    if (how == 0) std::filesystem::remove(file);
    if (how == 1) put(file, "");
    if (how == 2) put(file, read_file(file).replace(40, 1, "\x01"));
  };
  for (int how = 0; how < 3; ++how)
    for (const bool also_before : {false, true})
      for (const bool tensors : {false, true}) {
        const scratch s;
        for (int step = 0; step < 4; ++step) save_checkpoint(s.dir, sample(step), 3);
        damage(tensors ? s / "tensors-3.safetensors" : s / "checkpoint.json", how);
        if (also_before) damage(tensors ? s / "tensors-2.safetensors" : s / "checkpoint-2.json", how);
        const int whole = also_before ? 1 : 2;
        CHECK(load_failure(s.dir) != "");
        check_is(load_earlier_checkpoint(s.dir).value(), whole);
        go_back_to_earlier_checkpoint(s.dir);
        check_is(load_checkpoint(s.dir), whole);
        CHECK(load_checkpoint_head(s.dir).meta["step"] == whole);
        save_checkpoint(s.dir, sample(7), 3);
        check_is(load_checkpoint(s.dir), 7);
        check_is(load_earlier_checkpoint(s.dir).value(), whole);
      }
  const scratch s;
  CHECK_FALSE(load_earlier_checkpoint(s.dir));
  CHECK(has(failure([&] { go_back_to_earlier_checkpoint(s.dir); }), "has no earlier checkpoint that is whole"));
}

TEST_CASE("a run with a damaged JSON that saves on keeps its earlier checkpoints") {
  const scratch s;
  for (int step = 0; step < 3; ++step) save_checkpoint(s.dir, sample(step), 3);
  put(s / "checkpoint.json", "{");
  save_checkpoint(s.dir, sample(9), 3);
  check_is(load_checkpoint(s.dir), 9);
  check_is(load_earlier_checkpoint(s.dir).value(), 1);
}
