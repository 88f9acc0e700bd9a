// What a run looks like from the side: its trace, and the profile of a pipeline.
#include <map>

#include <nlohmann/json.hpp>

#include "tiny.hpp"

using namespace testing;

TEST_CASE("a trace has a slice for each call of a node, on the rows of threads, and counters") {
  const scratch place;
  put_text(place / "tiny.yaml", tiny_pipeline);
  const surroundings here{.folder = place.folder()};
  const outcome o = program(
      {"run", "tiny.yaml", "--out", "run", "--quiet", "--set", "graph.trainer.steps=5", "--trace", "trace.json"}, here);
  CHECK_MESSAGE(o.code == 0, o.err);
  const nlohmann::json trace = nlohmann::json::parse(text_of(place / "trace.json"), nullptr, false);
  REQUIRE(trace.is_object());
  std::map<std::string, int> slices, counters;
  for (const auto& e : trace.at("traceEvents")) {
    if (e.at("ph") == "C") ++counters[e.at("name")];
    if (e.at("ph") != "X") continue;
    ++slices[e.at("name").get<std::string>() + " " + e.at("cat").get<std::string>()];
    CHECK(e.at("dur").get<double>() >= 0);
  }
  CHECK(slices["model run"] == 10);  // five steps of two shards
  CHECK(slices["loss run"] == 10);
  CHECK(slices["trainer add"] == 10);
  CHECK(slices["loader fetch"] >= 5);
  CHECK(slices["noiser run"] >= 5);
  CHECK(counters["batches under way"] > 0);
  CHECK(counters["resident memory"] > 0);

  // It replaces a trace and nothing else.
  const auto again = [&](const std::string& file) {
    return program(
        {"run", "tiny.yaml", "--out", "run", "--force", "--quiet", "--set", "graph.trainer.steps=1", "--trace", file},
        here);
  };
  CHECK(again("trace.json").code == 0);
  const std::string before = text_of(place / "tiny.yaml");
  for (const char* file : {"tiny.yaml", "run/trace.json", "nowhere/trace.json"}) {
    const outcome refused = again(file);
    CHECK_MESSAGE(refused.code == 2, refused.err);
    CHECK(refused.err.starts_with("--trace got '" + std::string(file) + "', "));
    CHECK(problem_count(refused.err) == 1);
  }
  CHECK(text_of(place / "tiny.yaml") == before);
}

TEST_CASE("a profile names each node of the training, and the one that limits it") {
  const scratch place;
  put_text(place / "tiny.yaml", tiny_pipeline);
  const outcome o = program({"profile", "tiny.yaml", "--steps", "40"}, {.folder = place.folder()});
  CHECK_MESSAGE(o.code == 0, o.err);
  for (const char* node : {"\nloader ", "\nnoiser ", "\nmodel ", "\nloss ", "\ntrainer "}) CHECK(says(o.out, node));
  CHECK(says(o.out, "critical path"));
  CHECK(says(o.out, " batches/s. "));
  CHECK(!std::filesystem::exists(place / "runs"));
}
