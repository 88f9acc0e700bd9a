// Runs that are stopped or killed go on as if nothing had happened.
#include <random>

#include "slow.hpp"

using namespace testing;

TEST_CASE("killed at any moment, a resumed run equals one that was never interrupted") {
  const scratch place;
  put_text(place / "p.yaml", slow);
  const surroundings here{.folder = place.folder()};
  const outcome whole = program(slow_into("whole"), here);
  REQUIRE_MESSAGE(whole.code == 0, whole.err);
  CHECK(whole.out + whole.err == "");

  const auto delay = std::chrono::microseconds(std::mt19937(std::mt19937::default_seed)() % 400'000);
  CAPTURE(delay.count());
  {
    child run(slow_into("killed"), here);
    CHECK(run.until([&] { return std::filesystem::exists(place / "killed/checkpoint/checkpoint.json"); }));
    std::this_thread::sleep_for(delay);
    run.send(SIGKILL);
    const int code = run.wait().code;
    CHECK((code == -SIGKILL || code == 0));
  }
  const outcome resumed = program(slow_into("killed", "--resume"), here);
  CHECK_MESSAGE(resumed.code == 0, resumed.err);
  same_checkpoint(place / "whole", place / "killed");
  const auto step_lines = [&](const char* run) {
    const std::string text = text_of(place / run / "metrics.jsonl");
    return std::count(text.begin(), text.end(), '\n');
  };
  CHECK(step_lines("whole") == step_lines("killed"));
}

TEST_CASE("Ctrl-C, and a terminal or batch system that ends, leave a checkpoint, exit code 130 and no lock") {
  const scratch place;
  put_text(place / "p.yaml", slow);
  const surroundings here{.folder = place.folder()};
  for (const int signal : {SIGTERM, SIGHUP, SIGINT}) {
    CAPTURE(signal);
    std::filesystem::remove_all(place / "run");
    std::vector<std::string> words = slow_into("run");
    std::erase(words, "--quiet");
    child run(words, here);
    CHECK(run.until([&] { return std::filesystem::exists(place / "run/checkpoint/checkpoint.json"); }));
    run.send(signal);
    if (signal == SIGHUP) run.send(signal);  // the shell's, and the kernel's
    const outcome o = run.wait();
    CHECK_MESSAGE(o.code == 130, o.err);
    CHECK(says(o.err, "interrupted"));
    CHECK(says(o.err, "run: go on with "));
    CHECK(says(o.err, " run p.yaml "));
    CHECK(says(o.err, " --out run --resume\n"));
    CHECK(!std::filesystem::exists(place / "run/lock"));
  }
  const auto stopped = noneq::storage::load_checkpoint(place / "run/checkpoint");
  CHECK(stopped.meta.at("step").get<int>() >= 5);
  CHECK(stopped.meta.at("finished").get<bool>() == false);
  CHECK(program(slow_into("run", "--resume"), here).code == 0);
  CHECK(noneq::storage::load_checkpoint(place / "run/checkpoint").meta.at("step").get<int>() == 60);
}

TEST_CASE("a run under nohup survives the end of its terminal") {
  const scratch place;
  put_text(place / "p.yaml", slow);
  child run(slow_into("run"), {.folder = place.folder(), .ignored = {SIGHUP}});
  CHECK(run.until([&] { return std::filesystem::exists(place / "run/checkpoint/checkpoint.json"); }));
  run.send(SIGHUP);
  const outcome o = run.wait();
  CHECK_MESSAGE(o.code == 0, o.err);
}

TEST_CASE("the resolved pipeline of a run gives the same run again") {
  const scratch place;
  const std::string resolved = (finished_run() / "tiny/pipeline.yaml").string();
  const outcome again =
      program({"run", resolved, "--out", "again", "--quiet", "--threads", "1"}, {.folder = place.folder()});
  CHECK_MESSAGE(again.code == 0, again.err);
  same_checkpoint(finished_run() / "tiny", place / "again");
  CHECK(text_of(place / "again/pipeline.yaml") == text_of(resolved));
}

TEST_CASE("a verb that makes a file is ended by Ctrl-C at once, and leaves nothing") {
  const scratch place;
  const auto largest = [&] {
    std::uintmax_t bytes = 0;
    std::error_code gone;
    for (const auto& file : std::filesystem::directory_iterator(place / "out"))
      if (const auto size = file.file_size(gone); !gone) bytes = std::max(bytes, size);
    return bytes;
  };
  std::filesystem::create_directory(place / "out");
  // 2 GB of zeros, which take no place on the disk.
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (500000, 1000), }";
  header.resize(118, ' ');
  put_text(place / "zeros.npy", std::string("\x93NUMPY\x01\0\x76\0", 10) + header);
  std::filesystem::resize_file(place / "zeros.npy", 128 + 4ull * 500'000'000);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"data", "make", "swiss_roll", "--count", "1000000000", "--out", "out/a.h5"},
        std::vector<std::string>{"data", "import", "zeros.npy", "--out", "out/b.h5"}})
    for (const int signal : {SIGINT, SIGTERM}) {
      CAPTURE(words[1]);
      child verb(words, {.folder = place.folder()});
      CHECK(verb.until([&] { return largest() > 1000; }));
      verb.send(signal);
      const auto sent = std::chrono::steady_clock::now();
      const outcome o = verb.wait();
      CHECK(o.code == 130);
      CHECK(o.err == "interrupted\n");
      CHECK(std::chrono::steady_clock::now() - sent < std::chrono::seconds(6));
      CHECK(std::filesystem::is_empty(place / "out"));
    }
}
