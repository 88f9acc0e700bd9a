// Pipelines made of others, their differences, and runs that begin with the weights of others.
#include "noneq/config/parse.hpp"
#include "noneq/storage/checkpoint.hpp"
#include "tiny.hpp"

using namespace testing;

namespace {

// A folder with tiny.yaml, a run of it in tiny/, and files that extend it.
struct composed {
  composed() {
    put_text(place / "tiny.yaml", tiny_pipeline);
    std::filesystem::create_directories(place / "sub");
    put_text(place / "sub/fast.yaml",
             "extends: ../tiny.yaml\nname: fast\ngraph:\n  trainer: {steps: 20}\n  bound: null\n");
  }
  outcome in(const std::vector<std::string>& words) const { return program(words, {.folder = place.folder()}); }
  void copy_finished() const { copy_run(place / "tiny"); }
  scratch place;
};

}

TEST_CASE("below a problem stands its line with a caret; the first line is the same as ever") {
  const composed c;
  put_text(c.place / "p.yaml", tiny_with("hidden: [8]", "hiden: [8]"));
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"check", "p.yaml"}, {"run", "p.yaml", "--quiet"}, {"draw", "p.yaml"}}) {
    const outcome o = c.in(words);
    CHECK(o.code == 2);
    CHECK(o.err ==
          "p.yaml:10:42: model.hiden: model.mlp has no parameter 'hiden', did you mean 'hidden'?\n"
          "     10 |   model: {plugin: model.mlp, in: noiser, hiden: [8]}\n"
          "        |                                          ^~~~~\n");
  }
  CHECK(says(c.in({"check", "sub/fast.yaml", "--set", "graph.model.hiden=[8]"}).err, "did you mean 'hidden'?\n"));
}

TEST_CASE("a pipeline that extends another is run as one, and its run holds the resolved whole") {
  const composed c;
  const outcome o = c.in({"run", "sub/fast.yaml", "--out", "fast", "--quiet"});
  CHECK_MESSAGE(o.code == 0, o.err);
  const auto whole = noneq::config::parse_file(c.place / "fast/pipeline.yaml");
  CHECK(!whole.contains("extends"));
  CHECK(!whole.find("graph")->contains("bound"));
  CHECK(whole.find("graph")->find("trainer")->find("steps")->text() == "20");
  CHECK(c.in({"diff", "sub/fast.yaml", "fast"}).code == 0);
  // This pipeline without extends, written out, trains equal weights.
  std::string plain = tiny_with("steps: 60", "steps: 20");
  const auto from = plain.find("  bound:");
  plain.erase(from, plain.find('\n', from) + 1 - from);
  put_text(c.place / "plain.yaml", plain.replace(plain.find("tiny"), 4, "fast"));
  REQUIRE(c.in({"run", "plain.yaml", "--out", "plain", "--quiet"}).code == 0);
  CHECK(text_of(c.place / "plain/samples.h5") == text_of(c.place / "fast/samples.h5"));
}

TEST_CASE("an error names the file of the chain that it comes from, with its line") {
  const composed c;
  put_text(c.place / "tiny.yaml", tiny_with("hidden: [8]", "hidden: [many]"));
  put_text(c.place / "sub/fast.yaml", "extends: ../tiny.yaml\ngraph: {trainer: {rate: fast}}\n");
  const outcome o = c.in({"check", "sub/fast.yaml"});
  CHECK(o.code == 2);
  CHECK(without_excerpts(o.err) ==
        "sub/fast.yaml:2:25: trainer.rate: got 'fast', need a number\n"
        "tiny.yaml:10:51: model.hidden: got 'many', need an integer\n");
  CHECK(says(o.err, "      2 | graph: {trainer: {rate: fast}}\n"));
  CHECK(says(o.err, "     10 |   model: {plugin: model.mlp, in: noiser, hidden: [many]}\n"));
  put_text(c.place / "lost.yaml", "extends: tinny.yaml\n");
  CHECK(without_excerpts(c.in({"check", "lost.yaml"}).err) ==
        "lost.yaml:1:10: extends: got 'tinny.yaml', but there is no file tinny.yaml, did you mean 'tiny.yaml'?\n");
  CHECK(says(c.in({"check", "tiny.yaml", "--set", "graph.model.hidden=[8]", "--set", "extends=a.yaml"}).err,
             "--set extends: extends: got the name of a file behind the reading of files"));
  put_text(c.place / "misspelt.yaml", "extend: tiny.yaml\n");
  CHECK(says(c.in({"check", "misspelt.yaml"}).err, "unknown key 'extend', did you mean 'extends'?"));
}

TEST_CASE("--set prints what it changed, unless the run is to be quiet") {
  const composed c;
  const std::vector<std::string> change{"--set", "graph.trainer.steps=2", "--set", "graph.trainer.rate=0.5",
                                        "--set", "process.mean=v"};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), change.begin(), change.end());
    return c.in(words);
  };
  const std::string lines = "graph.trainer.steps: 60 → 2\ngraph.trainer.rate: not set → 0.5\n";
  CHECK(with({"check", "tiny.yaml"}).err == lines);
  CHECK(with({"run", "tiny.yaml", "--out", "a"}).err.starts_with(lines));
  CHECK(with({"run", "tiny.yaml", "--out", "b", "--quiet"}).err == "");
}

TEST_CASE("diff: nothing and 0 for equal pipelines, a line a value and 1 for others, 2 for what is none") {
  const composed c;
  c.copy_finished();
  const outcome same = c.in({"diff", "tiny.yaml", "tiny"});
  CHECK_MESSAGE(same.code == 0, same.err);
  CHECK(same.out == "");
  put_text(c.place / "other.yaml", "extends: tiny.yaml\ngraph:\n  trainer: {steps: 30}\n  bound: null\n");
  const outcome there = c.in({"diff", "tiny", "other.yaml"}), back = c.in({"diff", "other.yaml", "tiny"});
  CHECK(there.code == 1);
  CHECK(there.err == "");
  CHECK(says(there.out, "graph.trainer.steps: 60 → 30\n"));
  CHECK(says(there.out, "graph.bound.plugin: metric.bound → not set\n"));
  CHECK(says(back.out, "graph.trainer.steps: 30 → 60\n"));
  CHECK(std::count(there.out.begin(), there.out.end(), '\n') == std::count(back.out.begin(), back.out.end(), '\n'));
  const outcome quiet = c.in({"diff", "--quiet", "tiny", "other.yaml"});
  CHECK(quiet.code == 1);
  CHECK(quiet.out + quiet.err == "");
  CHECK(c.in({"diff", "tiny", "nothing.yaml"}).code == 2);
  CHECK(c.in({"diff", "tiny", "sub"}).code == 2);
}

TEST_CASE("continue begins with the weights of a run, as run --from does, and says what it changes") {
  const composed c;
  c.copy_finished();
  const std::vector<std::string> changes{"--set", "graph.trainer.steps=7", "--set", "graph.sampler.count=8"};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), changes.begin(), changes.end());
    return c.in(words);
  };
  const outcome o = with({"continue", "tiny", "--out", "more"});
  CHECK_MESSAGE(o.code == 0, o.err);
  CHECK(o.err.starts_with("graph.trainer.steps: 60 → 7\ngraph.sampler.count: 16 → 8\n"));
  CHECK(with({"run", "tiny/pipeline.yaml", "--from", "tiny", "--out", "long", "--quiet"}).code == 0);
  CHECK(text_of(c.place / "more/samples.h5") == text_of(c.place / "long/samples.h5"));
  const auto a = noneq::storage::load_checkpoint(c.place / "more/checkpoint");
  CHECK(a.meta["from"]["step"] == 60);
  CHECK(a.meta["step"] == 7);

  const outcome named = with({"continue", "tiny", "--name", "finer", "--quiet"});
  CHECK_MESSAGE(named.code == 0, named.err);
  CHECK(named.err == "");
  CHECK(std::filesystem::exists(c.place / "runs/finer/samples.h5"));
  // The other run is as it was.
  CHECK(text_of(c.place / "tiny/pipeline.yaml") == text_of(finished_run() / "tiny/pipeline.yaml"));
}

TEST_CASE("continue is refused without a place of its own, and for what is no trained run") {
  const composed c;
  c.copy_finished();
  const auto refusal = [&](const std::vector<std::string>& words) {
    const outcome o = c.in(words);
    CHECK(o.code == 2);
    return without_excerpts(o.err);
  };
  CHECK(refusal({"continue", "tiny"}) == "need --name NAME or --out FOLDER for the new run\n");
  CHECK(refusal({"continue", "tiny", "--out", "tiny"}) ==
        "tiny: got the folder of the run that is continued, need --out another folder\n");
  CHECK(refusal({"continue", "nowhere", "--out", "b"}) ==
        "nowhere: is not the folder of a run; it has no pipeline.yaml\n");
  CHECK(says(refusal({"continue", "tiny", "--out", "b", "--set", "graph.model.hidden=[9]"}),
             "got weights of another pipeline (model.hidden was [8], is [9])"));
  CHECK(says(refusal({"continue", "tiny", "--out", "b", "--set", "graph.trainer.stepps=1"}), "did you mean 'steps'?"));
  CHECK(!std::filesystem::exists(c.place / "b"));
}
