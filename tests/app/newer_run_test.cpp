// Folders that a newer noneq wrote: a verb that reads what it does not know is refused in one line, and changes
// nothing.
#include <nlohmann/json.hpp>

#include "tiny.hpp"

using namespace testing;
namespace fs = std::filesystem;

namespace {

// A run, a job of units, and what a newer program would have written into them.
struct newer_place {
  newer_place() {
    copy_run(place / "r");
    fs::copy(finished_run() / "tiny.yaml", place / "tiny.yaml");
  }
  outcome in(const std::vector<std::string>& words) const { return program(words, {.folder = place.folder()}); }
  void replace(const std::string& file, const std::string& old_text, const std::string& new_text) const {
    std::string text = text_of(place / file);
    const auto at = text.find(old_text);
    REQUIRE_MESSAGE(at != text.npos, file);
    put_text(place / file, text.replace(at, old_text.size(), new_text));
  }
  void refuses(const std::vector<std::string>& words, const std::string& line) const {
    const outcome o = in(words);
    CHECK_MESSAGE(o.code == 2, (words[0] + ": " + o.err));
    CHECK_MESSAGE(problem_count(o.err) == 1, (words[0] + ": " + o.err));
    CHECK_MESSAGE(says(o.err, line), (words[0] + ": " + o.err));
    CHECK(o.out == "");
  }
  scratch place;
};

// The verbs that read a run, without writing into it.
const std::vector<std::vector<std::string>> readers{
    {"sample", "r", "--count", "2", "--out", "s.h5"},
    {"eval", "r"},
    {"continue", "r", "--out", "c"},
    {"export", "r", "--format", "safetensors", "--out", "w.safetensors"},
    {"table", "r"}};

}

TEST_CASE("a checkpoint of a newer format is refused by every verb that reads it") {
  newer_place p;
  p.replace("r/checkpoint/checkpoint.json", "\"format\": 1", "\"format\": 7");
  auto verbs = readers;
  verbs.insert(verbs.end(), {{"report", "r"}, {"watch", "r"}, {"run", "tiny.yaml", "--out", "r", "--resume"}});
  for (const auto& words : verbs)
    p.refuses(words, "r/checkpoint/checkpoint.json: got format 7, need at most 1: update noneq");
  CHECK(p.in({"diff", "r", "tiny.yaml"}).code == 0);  // which reads the pipeline alone
  for (const char* file : {"s.h5", "c", "w.safetensors"}) CHECK(!fs::exists(p.place / file));
}

TEST_CASE(
    "a pipeline with a key or a plugin of a newer noneq is refused by its line, and its page is made without it") {
  newer_place p;
  p.replace("r/pipeline.yaml", "hidden:", "depth: 3\n    hidden:");
  auto verbs = readers;
  verbs.push_back({"diff", "r", "tiny.yaml"});
  for (const auto& words : verbs) p.refuses(words, "model.depth: model.mlp has no parameter 'depth'");
  CHECK(p.in({"report", "r"}).code == 0);
  CHECK(says(text_of(p.place / "r/report.html"),
             "The pipeline cannot be opened, so its graph and schedule are not shown"));
  p.replace("r/pipeline.yaml", "model.mlp", "model.of_tomorrow");
  for (const auto& words : verbs) p.refuses(words, "no model plugin is called 'of_tomorrow'");
}

TEST_CASE("a history of a newer format is refused where it is read") {
  newer_place p;
  p.replace("r/history.jsonl", "\"format\":1", "\"format\":2");
  for (const char* verb : {"report", "watch"})
    p.refuses({verb, "r"}, "r/history.jsonl: got format 2, need at most 1: update noneq");
  CHECK(p.in({"sample", "r", "--count", "2", "--out", "s.h5"}).code == 0);
}

TEST_CASE("a manifest of a newer format is refused, and the units stay as they are") {
  newer_place p;
  put_text(p.place / "p.yaml",
           "name: p\nunit: 8\ngraph:\n  data: {plugin: loader.hdf5, file: x.h5, batch: 4}\n"
           "  out: {plugin: writer.hdf5, in: data, file: out.h5}\n");
  REQUIRE(p.in({"data", "make", "swiss_roll", "--count", "16", "--out", "x.h5"}).code == 0);
  const outcome made = p.in({"run", "p.yaml", "--out", "job", "--quiet"});
  REQUIRE_MESSAGE(made.code == 0, made.err);
  p.replace("job/manifest.json", "\"format\": 1", "\"format\": 2");
  const std::string rows = text_of(p.place / "job/out.h5");
  const std::string line = "job/manifest.json: got format 2, need at most 1: update noneq";
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"status", "job"}, {"verify", "job"}, {"merge", "job"}, {"run", "p.yaml", "--out", "job", "--quiet"}})
    p.refuses(words, line);
  CHECK(text_of(p.place / "job/out.h5") == rows);
}
