// noneq average: a run with the weights of another length, and a metric over lengths.
#include "tiny.hpp"

using namespace testing;

TEST_CASE("an average is a run that samples, exports and begins others, and is not trained further") {
  const scratch place;
  put_text(place / "p.yaml", tiny_with("ema: [0.9]", "ema: [0.9], averages: [0.05, 0.1]"));
  const surroundings here{.folder = place.folder()};
  const auto call = [&](const std::vector<std::string>& words) { return program(words, here); };
  REQUIRE(call({"run", "p.yaml", "--out", "r", "--quiet"}).code == 0);
  const outcome made = call({"average", "r", "--length", "0.08", "--out", "a"});
  REQUIRE_MESSAGE(made.code == 0, made.err);
  CHECK(says(made.err, "the average of length 0.08 at step 60"));
  CHECK(call({"sample", "a", "--count", "8", "--out", "s.h5"}).code == 0);
  CHECK(call({"export", "a", "--format", "safetensors", "--out", "a.safetensors"}).code == 0);
  CHECK(call({"export", "a", "--format", "safetensors", "--weights", "raw", "--out", "b.safetensors"}).code == 0);
  CHECK(text_of(place / "a.safetensors") == text_of(place / "b.safetensors"));
  CHECK(call({"export", "r", "--format", "safetensors", "--out", "c.safetensors"}).code == 0);
  CHECK(text_of(place / "a.safetensors") != text_of(place / "c.safetensors"));
  const outcome further = call({"run", "p.yaml", "--out", "a", "--resume", "--quiet"});
  CHECK(further.code == 2);
  CHECK_MESSAGE(says(further.err, "holds an average of weights, which cannot be trained further"), further.err);
  CHECK(call({"run", "p.yaml", "--from", "a", "--out", "b", "--quiet", "--set", "graph.trainer.steps=3"}).code == 0);
  const outcome again = call({"average", "r", "--length", "0.08", "--out", "a"});
  CHECK(again.code == 2);
  CHECK_MESSAGE(says(again.err, "which is the folder of the run"), again.err);
}

TEST_CASE("a sweep measures a metric over lengths, as CSV and as a figure") {
  const scratch place;
  put_text(place / "p.yaml", tiny_with("ema: [0.9]", "ema: [], averages: [0.05, 0.1]"));
  const surroundings here{.folder = place.folder()};
  const auto call = [&](const std::vector<std::string>& words) { return program(words, here); };
  REQUIRE(call({"run", "p.yaml", "--out", "r", "--quiet"}).code == 0);
  const outcome swept =
      call({"average", "r", "--sweep", "--lengths", "0.05,0.1,0.2", "--record", "K", "--out", "k.png"});
  REQUIRE_MESSAGE(swept.code == 0, swept.err);
  CHECK(swept.out.starts_with("length,K,stderr\n0.05,"));
  CHECK(std::count(swept.out.begin(), swept.out.end(), '\n') == 4);
  CHECK(std::filesystem::file_size(place / "k.png") > 1000);
  // The number at a length is the one that the run of that length has.
  REQUIRE(call({"average", "r", "--length", "0.1", "--out", "a"}).code == 0);
  const outcome alone = call({"eval", "a", "--json"});
  const auto at = swept.out.find("\n0.1,") + 5;
  CHECK_MESSAGE(says(alone.out, swept.out.substr(at, 8)), alone.out);
  const outcome wrong = call({"average", "r", "--sweep", "--metric", "bund"});
  CHECK(wrong.code == 2);
  CHECK(says(wrong.err, "--metric got 'bund', need one of bound"));
}

TEST_CASE("a run without averages, a bad length and missing options are refused") {
  const scratch place;
  copy_run(place / "r");
  const auto refused = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{"average", "r"};
    words.insert(words.end(), more.begin(), more.end());
    const outcome o = program(words, {.folder = place.folder()});
    CHECK(o.code == 2);
    return o.err;
  };
  CHECK(says(refused({"--length", "0.05", "--out", "a"}), "has kept no averages; train it with averages: [0.05, 0.1]"));
  CHECK(says(refused({"--length", "0.5", "--out", "a"}), "need a relative width above 0 and up to 0.28"));
  CHECK(says(refused({}), "need --length"));
  CHECK(says(refused({"--length", "0.05"}), "--out is missing"));
  CHECK_FALSE(std::filesystem::exists(place / "a"));
}
