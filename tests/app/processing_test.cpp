// Processing pipelines as a cluster runs them: processes that are killed, started twice, interrupted, given a full
// disk.
#include <random>

#include <nlohmann/json.hpp>

#include "noneq/core/random.hpp"
#include "noneq/storage/hdf5.hpp"
#include "tiny.hpp"

using namespace testing;
namespace fs = std::filesystem;

namespace {

// 20000 rows of 96 numbers, 7.7 MB, in 2500 units: slow enough to be hit in the middle.
const std::string process_yaml = R"(name: p
seed: 3
unit: 8
graph:
  data: {plugin: loader.hdf5, file: rows.h5, dataset: x, batch: 4}
  noised: {plugin: transform.standardise, in: data}
  out: {plugin: writer.hdf5, in: noised, file: out.h5, gzip: 1}
)";

struct processing_place {
  scratch place;
  surroundings here{.folder = place.folder()};
  processing_place() {
    put_text(place / "p.yaml", process_yaml);
    noneq::storage::hdf5_writer rows(place / "rows.h5");
    rows.write("x", noneq::stream(1).normal({20000, 96}));
    rows.close();
  }
  std::vector<std::string> into(const std::string& folder, const std::string& part = "") const {
    std::vector<std::string> words{"run", "p.yaml", "--threads", "2", "--out", folder};
    if (!part.empty()) words.insert(words.end(), {"--part", part});
    return words;
  }
  // The bytes of the journals of a part.
  std::uintmax_t journals(const std::string& part) const {
    std::uintmax_t bytes = 0;
    std::error_code none;
    for (fs::recursive_directory_iterator at(place / part, none), end; !none && at != end; at.increment(none))
      if (at->path().extension() == ".units") bytes += fs::file_size(at->path(), none);
    return bytes;
  }
};

void same_rows(const fs::path& a, const fs::path& b) {
  const noneq::storage::hdf5_reader x(a), y(b);
  for (const char* name : {"x0", "row", "noneq/crc32/x0"})  // the last one: of the stored bytes
    CHECK(x.rows(name, 0, x.layout(name).shape[0]).equal(y.rows(name, 0, y.layout(name).shape[0])));
}

}

TEST_CASE(
    "a processing job that is killed again and again goes on by its own command, to the bytes of one that was not") {
  processing_place p;
  const outcome whole = program(p.into("whole"), p.here);
  REQUIRE_MESSAGE(whole.code == 0, whole.err);
  CHECK(says(whole.err, "out: wrote whole/out.h5"));
  std::mt19937 random(std::mt19937::default_seed);
  for (const std::string parts : {"1", "2"}) {
    const std::string folder = "killed" + parts;
    int kills = 0;
    for (int round = 0; round < 3; ++round)
      for (const std::string k : {"1", "2"}) {
        if (k > parts) continue;
        const std::string units = folder + "/units/part-" + k + "-of-" + parts;
        const auto before = p.journals(units);
        child run(p.into(folder, parts == "1" ? "" : k + "/" + parts), p.here);
        run.until([&] { return p.journals(units) > before; });
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
        run.send(SIGKILL);
        kills += run.wait().code == -SIGKILL ? 1 : 0;
      }
    CHECK(kills >= 3);
    for (const std::string k : {"1", "2"}) {
      if (k > parts) continue;
      const outcome last = program(p.into(folder, parts == "1" ? "" : k + "/" + parts), p.here);
      CHECK_MESSAGE(last.code == 0, last.err);
      CHECK_MESSAGE(says(last.err, " rows are there"), last.err);
    }
    if (parts == "2") {
      const outcome merged = program({"merge", folder}, p.here);
      CHECK_MESSAGE(merged.code == 0, merged.err);
      CHECK(merged.out == folder + "/out.h5\n");
    }
    same_rows(p.place / folder / "out.h5", p.place / "whole/out.h5");
    CHECK_FALSE(fs::exists(p.place / folder / "units"));
  }
  const outcome again = program(p.into("whole"), p.here);
  CHECK(again.code == 0);
  CHECK(again.err == "whole: finished already, 20000 rows; nothing to do (--force begins again)\n");
}

TEST_CASE("Ctrl-C and SIGTERM drop the unit at hand at once and say how to go on") {
  processing_place p;
  for (const int signal : {SIGINT, SIGTERM}) {
    fs::remove_all(p.place / "run");
    child run(p.into("run"), p.here);
    CHECK(run.until([&] { return p.journals("run") > 0; }));
    const auto sent = std::chrono::steady_clock::now();
    run.send(signal);
    const outcome o = run.wait();
    CHECK(std::chrono::steady_clock::now() - sent < std::chrono::seconds(6));
    CHECK_MESSAGE(o.code == 130, o.err);
    CHECK(says(o.err, "run: go on with the same command"));
  }
  CHECK(program(p.into("run"), p.here).code == 0);
  CHECK(fs::exists(p.place / "run/out.h5"));
}

TEST_CASE("a second process on a part is refused, and status sees the first at work") {
  processing_place p;
  child first(p.into("run", "1/2"), p.here);
  REQUIRE(first.until([&] { return p.journals("run") > 0; }));
  first.send(SIGSTOP);
  const outcome second = program(p.into("run", "1/2"), p.here);
  CHECK(second.code == 2);
  CHECK_MESSAGE(says(second.err, "run/units/part-1-of-2: is in use by process " + std::to_string(first.id())),
                second.err);
  CHECK(problem_count(second.err) == 1);
  const auto status = nlohmann::json::parse(program({"status", "run", "--json"}, p.here).out);
  CHECK(status.at("rows") == 20000);
  CHECK(status.at("done").get<int>() > 0);
  CHECK(status.at("done").get<int>() <= 10000);
  CHECK(says(status.at("parts").at(0).at("at_work").get<std::string>(), std::to_string(first.id())));
  std::error_code none;
  fs::create_directory_symlink("run", p.place / "p", none);  // a folder that has the name of its pipeline
  const outcome over = program({"merge", "run", "--out", "rows.h5", "--force"}, p.here);
  CHECK(over.code == 2);
  CHECK(over.err == "--out got 'rows.h5', which file has to read, 'rows.h5'; need another name\n");
  const outcome merged = program({"merge", "run", "--out", "m.h5"}, p.here);
  CHECK(merged.code == 2);
  CHECK_MESSAGE(says(merged.err, "missing are rows "), merged.err);
  CHECK_FALSE(fs::exists(p.place / "m.h5"));
  first.send(SIGCONT);
  CHECK(first.wait().code == 0);
}

TEST_CASE("the part is taken from the scheduler") {
  processing_place p;
  for (const char* rank : {"0", "1", "2"}) {
    surroundings here = p.here;
    here.variables = {{"SLURM_PROCID", rank}, {"SLURM_NTASKS", "3"}};
    const outcome o = program(p.into("run"), here);
    CHECK_MESSAGE(o.code == 0, o.err);
    CHECK(says(o.err, std::string("part ") + static_cast<char>(*rank + 1) + "/3 (SLURM_PROCID)"));
  }
  CHECK(program({"merge", "run"}, p.here).code == 0);
  CHECK(says(program({"status", "run"}, p.here).out, "run: 20000 of 20000 rows, 100.0 %, finished"));
  CHECK(says(program({"verify", "run"}, p.here).out, "run: 2500 units are as they were written"));
}

TEST_CASE("a disk that fills in the middle is one line; with room again the job goes on") {
  processing_place p;
  surroundings full = p.here;
  full.largest_file = 3'000'000;
  const outcome o = program(p.into("run"), full);
  CHECK_MESSAGE(o.code == 1, o.err);
  const std::string last = o.err.substr(0, o.err.size() - 1);
  CHECK_MESSAGE(says(last, "out.h5: cannot append to dataset 'x0' (File too large); free some space"), o.err);
  CHECK_FALSE(fs::exists(p.place / "run/out.h5"));
  const auto status = nlohmann::json::parse(program({"status", "run", "--json"}, p.here).out);
  CHECK(status.at("done").get<int>() > 1000);
  CHECK(program({"verify", "run"}, p.here).code == 0);
  const outcome more = program(p.into("run"), p.here);
  CHECK_MESSAGE(more.code == 0, more.err);
  CHECK(program({"verify", "run/out.h5"}, p.here).code == 0);
}

TEST_CASE("verify exits with 1 and names the unit in which a byte was flipped") {
  processing_place p;
  REQUIRE(program(p.into("run"), p.here).code == 0);
  std::string bytes = text_of(p.place / "run/out.h5");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  put_text(p.place / "run/out.h5", bytes);
  const outcome o = program({"verify", "run"}, p.here);
  CHECK(o.code == 1);
  CHECK_MESSAGE(says(o.err, "out.h5: the unit of rows "), o.err);
  CHECK(program({"verify", "rows.h5"}, p.here).code == 2);
}

TEST_CASE("a dry run prints shapes, bytes and hours, and leaves nothing") {
  processing_place p;
  std::vector<std::string> words = p.into("run");
  words.push_back("--dry-run");
  const outcome o = program(words, p.here);
  CHECK_MESSAGE(o.code == 0, o.err);
  CHECK_MESSAGE(says(o.out, "run/out.h5: x0 [20000, 96] of float32"), o.out);
  CHECK(says(o.out, "disk: "));
  CHECK(says(o.out, " rows a second, measured on the 8 rows of a unit"));
  CHECK_FALSE(fs::exists(p.place / "run"));
  CHECK(std::distance(fs::directory_iterator(p.place.folder()), {}) == 2);
}

TEST_CASE("parts that cannot be, and outputs that are inputs, are refused before anything is written") {
  processing_place p;
  for (const char* part : {"0/0", "17/16", "x"}) {
    const outcome o = program(p.into("run", part), p.here);
    CHECK(o.code == 2);
    CHECK(says(o.err, std::string("--part got '") + part + "'"));
  }
  fs::create_directory(p.place / "run");
  fs::rename(p.place / "rows.h5", p.place / "run/out.h5");
  std::vector<std::string> words = p.into("run");
  words.insert(words.end(), {"--set", "graph.data.file=run/out.h5"});
  const outcome o = program(words, p.here);
  CHECK(o.code == 2);
  CHECK_MESSAGE(says(o.err, "out.file: got 'out.h5', which data.file has to read or keep"), o.err);
  CHECK(std::distance(fs::directory_iterator(p.place / "run"), {}) == 1);
}
