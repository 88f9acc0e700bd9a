// noneq apply: a trained run and the rows of a file, without a pipeline file.
#include "noneq/core/random.hpp"
#include "noneq/storage/hdf5.hpp"
#include "tiny.hpp"

using namespace testing;

namespace {

// Rows x of two numbers, low beside them, a copy of x with gaps, and a training of x given low.
void prepare(const scratch& place) {
  constexpr std::int64_t rows = 48;
  const at::Tensor low = noneq::stream(3).normal({rows, 2}), x = 5 * low + noneq::stream(4).normal({rows, 2});
  at::Tensor gaps = x.clone();
  gaps.select(1, 1).slice(0, 0, rows, 2).fill_(NAN);
  noneq::storage::hdf5_writer out(place / "rows.h5");
  out.write("x", x);
  out.write("low", low);
  out.write("gaps", gaps);
  out.close();
  const std::string pipeline = R"(
name: p
process: {kernel: gaussian, schedule: {plugin: cosine, steps: 20}, mean: v}
graph:
  rows: {plugin: loader.hdf5, file: rows.h5, read: {x: x, low: low}, batch: 16}
  scaled: {plugin: transform.standardise, in: rows, fields: [x0, low]}
  noiser: {plugin: noiser.marginal, in: scaled}
  model: {plugin: model.mlp, in: noiser, hidden: [16]CONDITION}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 30}
)";
  const auto with = [&](const std::string& condition) {
    std::string text = pipeline;
    return text.replace(text.find("CONDITION"), 9, condition);
  };
  put_text(place / "given.yaml", with(", condition: low"));
  put_text(place / "alone.yaml", with(""));
}

at::Tensor read(const scratch& place, const std::string& file, const std::string& dataset) {
  const noneq::storage::hdf5_reader in(place / file);
  return in.rows(dataset, 0, in.layout(dataset).shape[0]);
}

}

TEST_CASE("a run is applied to the rows of a file: generated, filled, denoised") {
  const scratch place;
  prepare(place);
  const surroundings here{.folder = place.folder()};
  const auto call = [&](const std::vector<std::string>& words) { return program(words, here); };
  REQUIRE(call({"run", "given.yaml", "--out", "given", "--quiet"}).code == 0);
  REQUIRE(call({"run", "alone.yaml", "--out", "alone", "--quiet"}).code == 0);

  const std::vector<std::string> generate{"apply", "given", "--to",      "rows.h5:low", "--do",    "generate",
                                          "--out", "g.h5",  "--members", "3",           "--steps", "4"};
  const outcome made = call(generate);
  REQUIRE_MESSAGE(made.code == 0, made.err);
  CHECK(read(place, "g.h5", "samples").sizes() == at::IntArrayRef({48, 3, 2}));
  const std::string bytes = text_of(place / "g.h5");
  const outcome again = call(generate);
  CHECK_MESSAGE(again.code == 0, again.err);
  CHECK(text_of(place / "g.h5") == bytes);

  const outcome filled = call({"apply", "alone", "--to", "rows.h5:gaps", "--do", "fill", "--out", "f.h5"});
  REQUIRE_MESSAGE(filled.code == 0, filled.err);
  const at::Tensor gaps = read(place, "rows.h5", "gaps"), f = read(place, "f.h5", "gaps"), seen = gaps.isfinite();
  CHECK(f.isfinite().all().item<bool>());
  CHECK(at::allclose(f.masked_select(seen), gaps.masked_select(seen), 1e-3, 1e-2));

  const outcome clean =
      call({"apply", "given", "--to", "rows.h5:x", "--do", "denoise", "--noise", "1", "--out", "d.h5"});
  REQUIRE_MESSAGE(clean.code == 0, clean.err);  // low lies beside x, under its own name
  CHECK(read(place, "d.h5", "x").sizes() == at::IntArrayRef({48, 2}));
}

TEST_CASE("conditions of a file take the place of those that the run's own sampler stands in") {
  const scratch place;
  prepare(place);
  const surroundings here{.folder = place.folder()};
  const auto call = [&](const std::vector<std::string>& words) {
    const outcome o = program(words, here);
    REQUIRE_MESSAGE(o.code == 0, o.err);
  };
  call({"run", "given.yaml", "--out", "own", "--quiet", "--set",
        "graph.drawn={plugin: sampler.ddim, in: rows, of: model, count: 8, steps: 3}"});
  call({"sample", "own", "--given", "low=rows.h5:low", "--out", "s.h5"});
  CHECK(read(place, "s.h5", "samples").sizes() == at::IntArrayRef({48, 2}));
  call({"run", "given.yaml", "--out", "two", "--quiet", "--set", "graph.model.condition=[low, more]", "--set",
        "graph.rows.read={x: x, low: low, more: x}"});
  call({"apply", "two", "--to", "rows.h5:low", "--given", "more=rows.h5:x", "--do", "generate", "--out", "g.h5"});
  noneq::storage::hdf5_writer out(place / "both.h5");
  out.write("low", read(place, "rows.h5", "low"));
  out.write("more", read(place, "rows.h5", "x"));
  out.close();
  call({"apply", "two", "--to", "both.h5:low", "--do", "generate", "--out", "b.h5"});
  CHECK(read(place, "b.h5", "samples").equal(read(place, "g.h5", "samples")));
}

TEST_CASE("a model with classes takes those of the rows") {
  const scratch place;
  noneq::storage::hdf5_writer out(place / "rows.h5");
  out.write("x", noneq::stream(3).normal({48, 2}));
  out.write("y", at::arange(48, at::kLong).remainder(3));
  out.close();
  put_text(place / "p.yaml", tiny_with("{plugin: loader.swiss_roll, batch: 32}",
                                       "{plugin: loader.hdf5, file: rows.h5, labels: y, batch: 16}"));
  const auto call = [&](const std::vector<std::string>& words) { return program(words, {.folder = place.folder()}); };
  REQUIRE(call({"run", "p.yaml", "--out", "p", "--quiet", "--set", "graph.bound="}).code == 0);
  const std::vector<std::string> score{"apply", "p", "--to", "rows.h5:x", "--do", "score", "--out", "s.h5", "--quiet"};
  const auto with = [&](const std::string& given) {
    std::vector<std::string> words = score;
    words.insert(words.end(), {"--given", given});
    return call(words);
  };
  const outcome without = call(score);
  CHECK(without.code == 2);
  CHECK(without.err == "the model knows 3 classes; need --given label=FILE:DATASET, those of the rows\n");
  CHECK(with("label=other.h5:y").code == 2);
  CHECK(!std::filesystem::exists(place / "s.h5.noneq"));
  const outcome made = with("label=rows.h5:y");
  REQUIRE_MESSAGE(made.code == 0, made.err);
  CHECK(read(place, "s.h5", "log_likelihood").size(0) == 48);
}

TEST_CASE("what apply lacks is named in one line, and nothing is written") {
  const scratch place;
  prepare(place);
  const surroundings here{.folder = place.folder()};
  const auto refuses = [&](const std::vector<std::string>& words, const std::string& what) {
    const outcome o = program(words, here);
    CHECK(o.code == 2);
    CHECK_MESSAGE(says(o.err, what), o.err);
    CHECK_FALSE(std::filesystem::exists(place / "o.h5"));
    CHECK_FALSE(std::filesystem::exists(place / "o.h5.noneq"));
  };
  REQUIRE(program({"run", "given.yaml", "--out", "given", "--quiet"}, here).code == 0);
  REQUIRE(program({"run", "alone.yaml", "--out", "alone", "--quiet"}, here).code == 0);
  refuses({"apply", "given", "--to", "rows.h5", "--do", "generate", "--out", "o.h5"},
          "--to got 'rows.h5', need FILE:DATASET");
  refuses({"apply", "given", "--to", "rows.h5:x", "--do", "denoise", "--out", "o.h5"}, "need --noise");
  refuses({"apply", "alone", "--to", "rows.h5:x", "--do", "generate", "--out", "o.h5"},
          "the model reads no conditions");
  refuses({"apply", "alone", "--to", "rows.h5:none", "--do", "fill", "--out", "o.h5"}, "none");
  refuses({"apply", "alone", "--to", "rows.h5:x", "--do", "fill", "--out", "rows.h5"}, "rows.h5");
  refuses({"apply", "alone", "--to", "rows.h5:x", "--do", "fill", "--noise", "3", "--out", "o.h5"},
          "--noise is given, which --do fill does not read; leave it out");
  refuses({"apply", "alone", "--to", "rows.h5:x", "--do", "score", "--members", "3", "--out", "o.h5"},
          "--members is given, which --do score does not read");
  refuses({"apply", "alone", "--to", "rows.h5:x", "--do", "encode", "--steps", "3", "--out", "o.h5"},
          "--steps is given, which --do encode does not read");
  std::filesystem::copy_file(place / "rows.h5", place / "others.h5");
  refuses({"apply", "alone", "--to", "others.h5:x", "--do", "fill", "--out", "rows.h5", "--force"},
          "--out got 'rows.h5', which ");
}
