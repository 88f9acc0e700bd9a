// Who may work in the folder of a run, and what a run that ended early leaves there.
#include <sys/stat.h>
#include <unistd.h>

#include "noneq/core/random.hpp"
#include "noneq/storage/hdf5.hpp"
#include "slow.hpp"

using namespace testing;
using std::filesystem::exists;

TEST_CASE("a folder in which a run works is closed to every other, which says whose it is") {
  const scratch place;
  put_text(place / "p.yaml", slow);
  const surroundings here{.folder = place.folder()};
  auto endless = slow_into("run");
  endless.insert(endless.end(), {"--set", "graph.trainer.steps=1000000"});
  child first(endless, here);
  REQUIRE(first.until([&] { return exists(place / "run/checkpoint/checkpoint.json"); }));
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  for (const char* policy : {"--resume", "--force", ""}) {
    CAPTURE(policy);
    const outcome second = program(slow_into("run", policy), here);
    CHECK(second.code == 2);
    CHECK(second.err == "run: is in use by process " + std::to_string(first.id()) + " on " + host +
                            "; wait until that has ended, or give --out another folder\n");
  }
  first.send(SIGINT);
  CHECK(first.wait().code == 130);
  CHECK(!exists(place / "run/lock"));
  const outcome after = program(slow_into("run", "--force"), here);
  CHECK_MESSAGE(after.code == 0, after.err);
}

TEST_CASE("a lock ends with its process, and its file is no obstacle") {
  const scratch place;
  copy_run(place / "run");
  put_text(place / "p.yaml", tiny_pipeline);
  put_text(place / "run/lock", "process 1 on elsewhere\n");  // of one that was killed
  const outcome o = program({"run", "p.yaml", "--out", "run", "--resume", "--quiet"}, {.folder = place.folder()});
  CHECK_MESSAGE(o.code == 0, o.err);
}

TEST_CASE("a run whose folder goes while it works is an error, and makes no other folder in its place") {
  const scratch place;
  put_text(place / "p.yaml", slow);
  auto endless = slow_into("run");
  endless.insert(endless.end(), {"--set", "graph.trainer.steps=1000000"});
  child run(endless, {.folder = place.folder()});
  REQUIRE(run.until([&] { return exists(place / "run/checkpoint/checkpoint.json"); }));
  for (std::error_code again; exists(place / "run");) std::filesystem::remove_all(place / "run", again);
  const outcome o = run.wait();
  CHECK(o.code == 1);
  CHECK_MESSAGE((says(o.err, "run: the folder of the run was removed") || says(o.err, "run/")), o.err);
  CHECK(problem_count(o.err) == 1);
  CHECK(!exists(place / "run"));
}

TEST_CASE("a run without its checkpoint.json is not begun anew in silence") {
  const scratch place;
  put_text(place / "p.yaml", tiny_pipeline);
  const auto refused = [&] {
    const std::string records = text_of(place / "run/metrics.jsonl");
    remove_earlier_checkpoints(place / "run");
    const outcome o = program({"run", "p.yaml", "--out", "run", "--resume", "--quiet"}, {.folder = place.folder()});
    CHECK(o.code == 2);
    CHECK(o.err ==
          "run/checkpoint: the run has lost its checkpoint.json, need it to go on; bring it back, or begin again with "
          "--force\n");
    CHECK(text_of(place / "run/metrics.jsonl") == records);
    std::filesystem::remove_all(place / "run");
  };
  copy_run(place / "run");
  std::filesystem::remove(place / "run/checkpoint/checkpoint.json");
  refused();
  copy_run(place / "run");
  std::filesystem::remove_all(place / "run/checkpoint");
  refused();
  copy_run(place / "run");
  std::filesystem::remove_all(place / "run/checkpoint");
  const outcome unasked = program({"run", "p.yaml", "--out", "run", "--quiet"}, {.folder = place.folder()});
  CHECK(unasked.code == 2);
  CHECK(says(unasked.err, "run: holds an unfinished run"));
}

TEST_CASE("a run that was killed before its first checkpoint is begun again by --resume") {
  const scratch place;
  put_text(place / "p.yaml", tiny_pipeline);
  copy_run(place / "run");
  std::filesystem::remove_all(place / "run/checkpoint");
  const std::string records = text_of(place / "run/metrics.jsonl");
  put_text(place / "run/metrics.jsonl", records.substr(0, records.find('\n') + 1));  // of step 10 of 20
  const outcome o = program({"run", "p.yaml", "--out", "run", "--resume", "--quiet"}, {.folder = place.folder()});
  CHECK_MESSAGE(o.code == 0, o.err);
  CHECK(text_of(place / "run/metrics.jsonl") == records);
  same_checkpoint(place / "run", finished_run() / "tiny");
}

TEST_CASE("a refused run leaves no folder, and one that never trained is no obstacle to the corrected one") {
  const scratch place;
  const surroundings here{.folder = place.folder()};
  put_text(place / "bad.yaml", tiny_with("{plugin: writer.hdf5, in: sampler, file: samples.h5}",
                                         "{plugin: writer.figure, in: sampler, file: f.png, draw: scatter}"));
  put_text(place / "p.yaml", tiny_pipeline);
  const outcome refused = program({"run", "bad.yaml", "--out", "runs/a/b", "--quiet"}, here);
  CHECK(refused.code == 2);
  CHECK(!exists(place / "runs"));
  std::filesystem::create_directories(place / "begun/checkpoint");
  put_text(place / "begun/pipeline.yaml", tiny_with("steps: 60", "steps: 30"));
  put_text(place / "begun/metrics.jsonl", "");
  const outcome o = program({"run", "p.yaml", "--out", "begun", "--quiet"}, here);
  CHECK_MESSAGE(o.code == 0, o.err);
  same_checkpoint(place / "begun", finished_run() / "tiny");
}

TEST_CASE("what differs is shown, and only the trainer's own pace may") {
  const scratch place;
  put_text(place / "p.yaml", tiny_pipeline);
  copy_run(place / "run");
  const auto resumed = [&](const std::vector<std::string>& changes) {
    std::vector<std::string> words{"run", "p.yaml", "--out", "run", "--resume", "--quiet"};
    for (const std::string& change : changes) words.insert(words.end(), {"--set", change});
    return program(words, {.folder = place.folder()});
  };
  const std::string end = ", with which the run in run was begun (--out FOLDER begins another)\n";
  const outcome hidden = resumed({"graph.model.hidden=[9, 8]"});
  CHECK(hidden.code == 2);
  CHECK(hidden.err == "--set graph.model.hidden: model.hidden: got [9, 8], need [8]" + end);
  const outcome ema = resumed({"graph.trainer.ema=[0.5]", "seed=77"});
  CHECK(ema.err ==
        "--set seed: seed: got 77, need 3" + end + "--set graph.trainer.ema: trainer.ema: got [0.5], need [0.9]" + end);
  const outcome replaced = resumed({"process.schedule=cosine"});
  CHECK(replaced.err == "--set process.schedule: process.schedule.plugin: got cosine, need log_snr" + end);
  for (const char* pace : {"prefetch=2", "checkpoint=7", "log=30", "steps=61"}) {
    const outcome o = resumed({"graph.trainer." + std::string(pace)});
    CHECK_MESSAGE(o.code == 0, o.err);
  }
}

TEST_CASE("a folder that takes no checkpoint is found before the first step") {
  const scratch place;
  put_text(place / "p.yaml", tiny_pipeline);
  std::filesystem::create_directory(place / "run");
  put_text(place / "run/checkpoint", "mine");
  for (const char* policy : {"--quiet", "--resume", "--force"}) {
    const outcome o = program({"run", "p.yaml", "--out", "run", policy}, {.folder = place.folder()});
    CHECK(o.code == 2);
    CHECK(o.err == "run/checkpoint: got a file, need a folder for checkpoints; take it away\n");
    CHECK(!std::filesystem::exists(place / "run/pipeline.yaml"));
  }
}

TEST_CASE("a resume that is refused leaves the records of a finished run") {
  const scratch place;
  put_text(place / "p.yaml", tiny_pipeline);
  copy_run(place / "run");
  const std::string before = text_of(place / "run/metrics.jsonl"), table = text_of(place / "run/metrics.csv");
  REQUIRE(says(before, "\"node\":\"bound\""));
  // The writer's file cannot be made. That records outlive a failure in the midst of the work is tested in
  // flow/record_file.
  std::filesystem::remove(place / "run/samples.h5");
  std::filesystem::create_directory(place / "run/samples.h5");
  const outcome o = program({"run", "p.yaml", "--out", "run", "--resume", "--quiet"}, {.folder = place.folder()});
  CHECK(o.code != 0);
  CHECK(text_of(place / "run/metrics.jsonl") == before);
  CHECK(text_of(place / "run/metrics.csv") == table);
  std::filesystem::remove(place / "run/samples.h5");
  CHECK(program({"run", "p.yaml", "--out", "run", "--resume", "--quiet"}, {.folder = place.folder()}).code == 0);
  CHECK(text_of(place / "run/metrics.jsonl") == before);
}

TEST_CASE("a resumed run whose records are gone or damaged states it") {
  const scratch place;
  put_text(place / "p.yaml", tiny_pipeline);
  copy_run(place / "run");
  const auto resumed = [&] {
    const outcome o = program({"run", "p.yaml", "--out", "run", "--resume"}, {.folder = place.folder()});
    CHECK(o.code == 0);
    return o.err;
  };
  CHECK(!says(resumed(), "metrics.jsonl"));
  put_text(place / "run/metrics.jsonl", "{\"st" + text_of(place / "run/metrics.jsonl"));
  CHECK(says(resumed(), "run/metrics.jsonl: a line is damaged; what it held is lost\n"));
  std::filesystem::remove(place / "run/metrics.jsonl");
  CHECK(says(resumed(), "run/metrics.jsonl: is not there; its records are lost\n"));
}

TEST_CASE("force leaves files that are not the run's own, and a pipe in the place of one is refused") {
  const scratch place;
  put_text(place / "p.yaml", tiny_pipeline);
  copy_run(place / "run");
  put_text(place / "run/checkpoint/notes.txt", "mine");
  const auto begin = [&] {
    return program({"run", "p.yaml", "--out", "run", "--force", "--quiet", "--set", "graph.trainer.steps=5"},
                   {.folder = place.folder()});
  };
  CHECK(begin().code == 0);
  CHECK(text_of(place / "run/checkpoint/notes.txt") == "mine");
  for (const char* file : {"metrics.jsonl", "history.jsonl", "pipeline.yaml", "lock"}) {
    std::filesystem::remove(place / "run" / file);
    REQUIRE(::mkfifo((place / "run" / file).c_str(), 0600) == 0);
    const outcome o = begin();
    CHECK(o.code == 2);
    CHECK(o.err == "run/" + std::string(file) +
                       ": got a folder, device or pipe, need a file of the run, or none; take it away\n");
    std::filesystem::remove(place / "run" / file);
  }
}

TEST_CASE("a run goes on with its own data, by whichever name, and with no other of the same shape") {
  const scratch place;
  const auto make = [&](const char* file, std::uint64_t seed) {
    noneq::storage::hdf5_writer w(place / file);
    w.write("x", noneq::stream(seed).normal({256, 2}));
    w.close();
  };
  make("a.h5", 1);
  make("b.h5", 2);
  std::filesystem::create_directories(place / "moved");
  std::filesystem::copy_file(place / "a.h5", place / "moved/c.h5");
  put_text(place / "p.yaml",
           tiny_with("{plugin: loader.swiss_roll, batch: 32}", "{plugin: loader.hdf5, file: a.h5, batch: 32}"));
  const auto run = [&](const std::string& policy, const std::string& file, int steps) {
    return program({"run", "p.yaml", "--out", "run", policy, "--quiet", "--set", "graph.loader.file=" + file, "--set",
                    "graph.trainer.steps=" + std::to_string(steps)},
                   {.folder = place.folder()});
  };
  REQUIRE(run("--force", "a.h5", 20).code == 0);
  int steps = 20;
  for (const std::string& file :
       {(place / "a.h5").string(), std::string("./moved/../a.h5"), std::string("moved/c.h5")}) {
    const outcome o = run("--resume", file, steps += 5);
    CHECK_MESSAGE(o.code == 0, o.err);
  }
  const std::string before = text_of(place / "run/checkpoint/checkpoint.json");
  const outcome other = run("--resume", "b.h5", 60);
  CHECK(other.code == 2);
  CHECK_MESSAGE(says(other.err, "loader: got data with contents "), other.err);
  CHECK(!says(other.err, "first class"));  // which both have
  CHECK(problem_count(other.err) == 1);
  CHECK(text_of(place / "run/checkpoint/checkpoint.json") == before);
}
