// noneq sample with x^T from a file, classes and guidance: what it does, and what it refuses, each in one line.
#include <nlohmann/json.hpp>

#include "noneq/storage/hdf5.hpp"
#include "tiny.hpp"

using namespace testing;
using noneq::storage::hdf5_reader;
using noneq::storage::hdf5_writer;

namespace {

void sample_refuses(const outcome& o, const std::string& line) {
  CHECK_MESSAGE(o.code == 2, o.err);
  CHECK(o.err == "noneq sample: sampler: " + line + "\n");
}

// The finished run, files of noise, and a run with three classes of which the network knows no 'no class'.
struct runs {
  scratch place;
  runs() {
    copy_run(place / "tiny");
    hdf5_writer noise(place / "noise.h5");
    noise.write("noise", at::linspace(-1, 1, 12).reshape({6, 2}));
    noise.write("wide", at::zeros({6, 3}));
    at::Tensor holed = at::zeros({6, 2});
    holed[4][1] = NAN;
    noise.write("holed", holed);
    noise.write("x", at::linspace(-1, 1, 128).reshape({64, 2}));
    noise.write("class", at::arange(64, at::kLong).remainder(3));
    noise.write("mask", at::ones({6, 2}));
    noise.write("zeros", at::zeros({6, 2}));
    noise.write("in/groups", at::ones({6, 2}));
    noise.close();
    put_text(place / "classes.yaml", tiny_with("{plugin: loader.swiss_roll, batch: 32}",
                                               "{plugin: loader.hdf5, file: noise.h5, dataset: x, labels: class, "
                                               "batch: 32}"));
    const outcome o = here({"run", "classes.yaml", "--out", "classes", "--quiet", "--set", "graph.trainer.steps=2"});
    CHECK_MESSAGE(o.code == 0, o.err);
  }

  outcome here(const std::vector<std::string>& arguments) const {
    return program(arguments, {.folder = place.folder()});
  }

  outcome sample(const std::string& run, std::vector<std::string> more) const {
    more.insert(more.begin(), {"sample", run, "--quiet", "--out", "out.h5", "--force"});
    return here(more);
  }

  at::Tensor samples(const std::string& run, const std::vector<std::string>& more) const {
    const outcome o = sample(run, more);
    CHECK_MESSAGE(o.code == 0, o.err);
    const hdf5_reader file(place / "out.h5");
    return file.rows("samples", 0, file.layout("samples").shape[0]);
  }
};

const runs& all() {
  static const runs made;
  return made;
}

}

TEST_CASE("given noise: as many samples as rows, each a function of its row alone") {
  const at::Tensor whole = all().samples("tiny", {"--sampler", "ddim", "--noise", "noise.h5"});
  CHECK(whole.sizes() == at::IntArrayRef{6, 2});
  const at::Tensor few =
      all().samples("tiny", {"--sampler", "ddim", "--noise", "noise.h5", "--count", "4", "--seed", "8"});
  CHECK(at::allclose(few, whole.slice(0, 0, 4), 1e-5, 1e-6));
}

TEST_CASE("noise that does not fit is refused") {
  const auto with = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"--noise", "noise.h5"});
    return all().sample("tiny", more);
  };
  const std::string file = (all().place / "noise.h5").string();
  const outcome wide = with({"--noise-dataset", "wide"}), many = with({"--count", "7"}),
                holed = with({"--noise-dataset", "holed"});
  for (const outcome& o : {wide, many, holed}) CHECK_MESSAGE(o.code == 2, o.err);
  CHECK(wide.err == "noneq sample: sampler.start: got 'noise' with rows of shape [3], need those of a sample, [2]\n");
  CHECK(many.err == "--count got 7, need at most 6, the rows of noise.h5\n");
  CHECK(says(holed.err, file + ": dataset 'holed' got NaN in row "));
  for (const outcome& o : {with({"--noise-dataset", "nois"}), all().sample("tiny", {"--noise", "absent.h5"})}) {
    CHECK(o.code == 2);
    CHECK(problem_count(o.err) == 1);
  }
}

TEST_CASE("classes and guidance that the model does not know are refused") {
  sample_refuses(all().sample("tiny", {"--count", "2", "--labels", "1"}),
                 "labels got classes, need none: the model was trained without labels");
  sample_refuses(all().sample("classes", {"--count", "2", "--labels", "0,3"}),
                 "labels got 3, need classes from 0 to 2");
  for (const std::string run : {"tiny", "classes"})
    sample_refuses(all().sample(run, {"--count", "2", "--guidance", "2"}),
                   "guidance got 2, need 1: the model was not trained to do without its classes or conditions; train "
                   "one with no_class: true, or with drop");
  const outcome negative = all().sample("classes", {"--count", "2", "--labels=-1"});
  CHECK(negative.code == 2);
  CHECK(says(negative.err, "labels"));
}

TEST_CASE("a parameter that an option and --set state is refused") {
  for (const auto& [option, set] :
       {std::pair{"--count", "count=9"}, {"--steps", "steps=9"}, {"--guidance", "guidance=1"}}) {
    std::vector<std::string> asked{option, "3", "--set", set};
    if (asked[0] != "--count") asked.insert(asked.end(), {"--count", "2"});
    const outcome o = all().sample("tiny", asked);
    CHECK(o.code == 2);
    CHECK(o.err == "--set got '" + std::string(set) + "', which " + option + " states too; give one of them\n");
  }
}

TEST_CASE("guides that cannot guide are refused, and before anything is trained") {
  const auto known = [](const std::string& values) { return "{plugin: known_values, values: " + values + "}"; };
  const auto refused = [](const outcome& o, const std::string& what) {
    CHECK_MESSAGE(o.code == 2, o.err);
    CHECK_MESSAGE(says(o.err, what), o.err);
    CHECK(problem_count(o.err) == 1);
  };
  const std::string both = "[" + known("noise") + ", " + known("zeros") + "]";
  std::filesystem::remove(all().place / "out.h5");  // of another test
  const std::vector<std::string> given{"--given",        "noise=noise.h5", "--given",
                                       "zeros=noise.h5", "--given",        "mask=noise.h5"};
  auto asked = given;
  asked.insert(asked.end(), {"--count", "4", "--set", "guides=" + both});
  refused(all().sample("tiny", asked), "--set guides: sampler.guides: got guides that contradict each other");
  CHECK(!exists(all().place / "out.h5"));

  std::string nodes;
  for (const std::string name : {"noise", "zeros", "mask"})
    nodes += "  " + name + ": {plugin: loader.hdf5, file: noise.h5, dataset: " + name + "}\n";
  nodes +=
      "  guided: {plugin: sampler.ddim, in: [noise, zeros, mask], as: {noise.x0: noise, zeros.x0: zeros, mask.x0: "
      "mask}, of: model, count: 4, guides: " +
      both + "}\n  drawn: {plugin: writer.hdf5, in: guided, file: drawn.h5}\n";
  put_text(all().place / "guided.yaml", tiny_pipeline + nodes);
  refused(all().here({"run", "guided.yaml", "--out", "guided"}),
          "guided.guides: got guides that contradict each other");
  CHECK(!exists(all().place / "guided"));
}

TEST_CASE("a run's sampler draws given the rows of its stream, or others in their place") {
  std::string nodes;
  for (const std::string name : {"zeros", "mask"})
    nodes += "  " + name + ": {plugin: loader.hdf5, file: noise.h5, dataset: " + name + "}\n";
  put_text(all().place / "known.yaml", tiny_with("  sampler: {plugin: sampler.ancestral, of: model, count: 16",
                                                 nodes + "  sampler: {plugin: sampler.ddim, in: [zeros, mask], as: "
                                                         "{zeros.x0: values, mask.x0: mask}, of: model, guides: "
                                                         "known_values"));
  const outcome o = all().here({"run", "known.yaml", "--out", "known", "--quiet", "--set", "graph.trainer.steps=2"});
  REQUIRE_MESSAGE(o.code == 0, o.err);
  const hdf5_reader drawn(all().place / "known/samples.h5");
  CHECK(drawn.rows("samples", 0, 6).equal(at::zeros({6, 2})));
  CHECK(all().samples("known", {"--count", "8"}).equal(at::zeros({8, 2})));  // the rows begin again
  const at::Tensor others = hdf5_reader(all().place / "noise.h5").rows("noise", 0, 6);
  CHECK(at::allclose(all().samples("known", {"--given", "values=noise.h5:noise"}), others, 1e-5, 1e-6));
  CHECK(all().samples("known", {"--given", "values=noise.h5:in/groups"}).equal(at::ones({6, 2})));
  const auto refused = [](const std::string& given, const std::string& line) {
    const outcome o = all().sample("known", {"--given", given});
    CHECK_MESSAGE(o.code == 2, o.err);
    CHECK_MESSAGE(says(o.err, line), o.err);
    CHECK(problem_count(o.err) == 1);
  };
  refused("values", "--given got 'values', need NAME=FILE, or NAME=FILE:DATASET");
  refused("masc=noise.h5:mask",
          "--given got 'masc', which neither the model nor the sampler or its guides read, did you mean 'mask'?");
  refused("values=noise.h5:wide", "sampler.guides.values: tensor 'values' got rows of shape [3], need [2]");
  refused("values=noise.h5:x", "joins mask (6 rows) with values (64 rows), need as many rows in each");
  refused("values=absent.h5", "absent.h5: does not exist");
}

TEST_CASE("what a sampler loses of what its guides are certain of is told") {
  const std::vector<std::string> guided{"sample",
                                        "tiny",
                                        "--out",
                                        "told.h5",
                                        "--force",
                                        "--count",
                                        "4",
                                        "--sampler",
                                        "ddim",
                                        "--given",
                                        "values=noise.h5:noise",
                                        "--given",
                                        "mask=noise.h5",
                                        "--set",
                                        "guides=known_values"};
  auto clipped = guided;
  for (const char* more : {"--set", "clip=true", "--set", "clip_low=-0.001", "--set", "clip_high=0.001"})
    clipped.emplace_back(more);
  const std::string line = "4 of 4 samples miss what its guides are certain of";
  const outcome kept = all().here(guided), lost = all().here(clipped);
  CHECK_MESSAGE(kept.code == 0, kept.err);
  CHECK_MESSAGE(!says(kept.err, "certain of"), kept.err);
  CHECK_MESSAGE(lost.code == 0, lost.err);
  CHECK_MESSAGE(says(lost.err, line), lost.err);
}

TEST_CASE("classes are taken in turn and change the samples") {
  const at::Tensor in_turn = all().samples("classes", {"--count", "6"});
  CHECK(at::equal(in_turn, all().samples("classes", {"--count", "6", "--labels", "0,1,2"})));
  const at::Tensor ones = all().samples("classes", {"--count", "6", "--labels", "1"});
  CHECK(at::allclose(ones[1], in_turn[1], 1e-5, 1e-6));
  CHECK(!at::allclose(ones[0], in_turn[0], 1e-5, 1e-6));
}

TEST_CASE("samples say where they come from") {
  const auto known = [](const std::vector<std::string>& more) {
    all().samples("tiny", more);
    return hdf5_reader(all().place / "out.h5").attributes("/");
  };
  const auto a = known({"--count", "3", "--sampler", "ddim", "--steps", "4", "--seed", "12", "--set", "eta=0.5"});
  CHECK(a.at("sampler") == "ddim");
  CHECK(a.at("steps") == "4");
  CHECK(a.at("seed") == "12");
  CHECK(a.at("trained_steps") == "60");
  CHECK(a.at("weights") == "ema");
  CHECK(a.at("guidance") == "1");
  CHECK(nlohmann::json::parse(a.at("parameters")).at("eta") == 0.5);
  CHECK(!a.at("noneq").empty());
  CHECK(a.at("checkpoint_crc32").size() == 8);
  const auto raw = known({"--count", "3", "--set", "weights=raw", "--noise", "noise.h5"});
  CHECK(raw.at("weights") == "raw");
  CHECK(raw.at("checkpoint_crc32") != a.at("checkpoint_crc32"));
  CHECK(says(raw.at("rows of noise"), "noise.h5"));
}
