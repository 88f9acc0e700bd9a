// What a run tells of its data before it trains, what it refuses then, and what becomes of the data's type, layout and
// place.
#include "noneq/core/random.hpp"
#include "noneq/storage/checkpoint.hpp"
#include "noneq/storage/hdf5.hpp"
#include "tiny.hpp"

using namespace testing;
using noneq::storage::hdf5_reader;
using noneq::storage::hdf5_writer;

namespace {

// A place with data.h5, and a pipeline of few steps that reads it.
struct with_data {
  scratch place;
  explicit with_data(const std::map<std::string, at::Tensor>& datasets, int gzip = 0) {
    std::filesystem::create_directories(place / "data");
    hdf5_writer out(place / "data/data.h5", gzip);
    for (const auto& [name, values] : datasets) out.write(name, values);
    out.close();
    put_text(place / "p.yaml", tiny_with("{plugin: loader.swiss_roll, batch: 32}",
                                         "{plugin: loader.hdf5, file: data/data.h5, batch: 32}"));
  }
  outcome run(std::vector<std::string> changes, const std::string& more = "") const {
    std::vector<std::string> arguments{"run",       "p.yaml", "--out", "run",
                                       "--threads", "2",      "--set", "graph.trainer.steps=3"};
    for (const std::string& change : changes) arguments.insert(arguments.end(), {"--set", "graph." + change});
    if (!more.empty()) arguments.push_back(more);
    return program(arguments, {.folder = place.folder()});
  }
  at::Tensor samples(const std::string& file = "run/samples.h5") const {
    const hdf5_reader in(place / file);
    return in.rows("samples", 0, in.layout("samples").shape[0]);
  }
};

at::Tensor normal(noneq::sizes shape) { return noneq::stream(5).normal(shape); }

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}

TEST_CASE("a run states what its data was taken for, and remarks on what looks unintended") {
  const at::Tensor unit = noneq::stream(1).uniform({40, 8, 8});
  const with_data all({{"x", unit}, {"label", at::arange(40, at::kLong).remainder(4) + 1}});
  const outcome o = all.run({"loader.labels=label", "loader.held_out=0.25",
                             "model={plugin: model.unet, in: noiser, "
                             "channels: 4, multipliers: [1]}",
                             "bound.samples=4"});
  CHECK_MESSAGE(o.code == 0, o.err);
  CHECK(has(o.err, "data: 30 rows to train on, 10 of validation; samples [8, 8] (channels, length); numbers from "));
  CHECK(has(o.err, ", x⁰ = x; 5 classes; all rows were looked at\n"));
  CHECK(has(o.err,
            "data: note: data/data.h5: labels 'label' run from 1 to 4, so 1 of 5 classes has no rows; "
            "first_class: 1 counts from there\n"));
  CHECK(has(o.err,
            "data: note: samples [8, 8] are taken for sequences of 8 places with 8 channels; {plugin: "
            "transform.channels, from: none} behind"));

  const outcome dense = all.run({}, "--force");
  CHECK(has(dense.err, "data: 40 rows to train on; samples [8, 8]; numbers"));
  CHECK(!has(dense.err, "note:"));
  const outcome quiet = all.run({"loader.labels=label"}, "--quiet");
  CHECK(!has(quiet.err, "data:"));
  const outcome endless = program({"run", "tiny.yaml", "--out", "other", "--set", "graph.trainer.steps=1"},
                                  {.folder = finished_run().folder()});
  CHECK(has(endless.err, "data: drawn without end; samples [2]; x⁰ = (x − shift)/scale with 2 of each; no classes\n"));
  std::filesystem::remove_all(finished_run() / "other");
}

TEST_CASE("numbers far from 1 are remarked on, unless a transform brings them there, also one behind a join") {
  const with_data all({{"x", 300 * normal({40, 2})}});
  const std::string remark =
      ", which are trained on as they are, beside noise of variance 1; {plugin: transform.standardise}";
  const auto told = [&](const outcome& o) {
    CHECK_MESSAGE(o.code == 0, o.err);
    return has(o.err, remark);
  };
  CHECK(told(all.run({"loader.order=sequential"})));
  CHECK(told(with_data{{{"x", 1e-3 * normal({40, 2})}}}.run({})));
  CHECK(!told(with_data{{{"x", normal({40, 2})}}}.run({})));
  const std::vector<std::string> two{
      "loader.order=sequential",
      "more={plugin: loader.hdf5, file: data/data.h5, dataset: x, batch: 32, order: sequential}"};
  std::vector<std::string> joined = two, scaled = two;
  joined.push_back("noiser={plugin: noiser.marginal, in: [loader, more], as: {more.x0: low}}");
  scaled.push_back("scaled={plugin: transform.standardise, in: [loader, more], as: {more.x0: low}, fields: [x0, low]}");
  scaled.push_back("noiser.in=scaled");
  CHECK(told(all.run(joined, "--force")));
  CHECK(!told(all.run(scaled, "--force")));
}

TEST_CASE("data that cannot be trained on is refused before anything is trained, and leaves nothing") {
  at::Tensor holed = normal({4000, 2}), endless = holed.clone();
  holed[3210][1] = NAN;
  endless[17][0] = -INFINITY;
  const with_data all({{"x", normal({4000, 2})}, {"nan", holed}, {"inf", endless}, {"one", at::ones({1, 2})}}, 4);
  const auto refused = [&](const std::vector<std::string>& changes, const std::string& text) {
    const outcome o = all.run(changes, "--quiet");
    CHECK_MESSAGE(o.code == 2, o.err);
    CHECK_MESSAGE(has(o.err, text), o.err);
    CHECK(problem_count(o.err) == 1);
    CHECK(!std::filesystem::exists(all.place / "run"));
  };
  refused({"loader.dataset=nan"}, "data/data.h5: dataset 'nan' got NaN in row 3210");
  const std::string ranged = "scaled={plugin: transform.range, in: loader}", behind = "noiser.in=scaled";
  refused({"loader.dataset=inf", ranged, behind}, "dataset 'inf' got an infinite number in row 17");
  refused({"loader.test=nan"}, "dataset 'nan' got NaN in row 3210");
  refused({ranged, behind}, "scaled: data/data.h5: dataset 'x' got ");
  const auto negative = (normal({4000, 2}) < 0).any(1).nonzero()[0].item<std::int64_t>();
  refused({ranged, behind}, " in row " + std::to_string(negative) + ", need values from 0 to 255\n");
  refused({"loader.dataset=one", "loader.held_out=0.5"}, "held_out got 0.5 of 1 row, which leaves none to train on");
}

TEST_CASE("a stored chunk that is damaged is found before anything is trained, wherever it lies") {
  const with_data all({{"x", normal({4000, 2})}}, 4);
  std::string bytes = text_of(all.place / "data/data.h5");
  for (std::size_t at = bytes.size() / 2; at < bytes.size() / 2 + 50; ++at) bytes[at] = static_cast<char>(~bytes[at]);
  put_text(all.place / "data/data.h5", bytes);
  const outcome o = all.run({});
  CHECK_MESSAGE(o.code == 2, o.err);
  CHECK_MESSAGE(has(o.err, "data/data.h5: dataset 'x' has a damaged chunk at ["), o.err);
  CHECK(!std::filesystem::exists(all.place / "run"));
}

TEST_CASE("samples of data far from 0 are in float64, and tell so") {
  const at::Tensor x = normal({2000, 2}).to(at::kDouble);
  const with_data all({{"x", 4649776.22 + 0.1 * x}, {"time", (1'700'000'000 + 300 * x).to(at::kLong)}, {"near", x}});
  const std::string scaled = "scaled={plugin: transform.standardise, in: loader}", behind = "noiser.in=scaled";
  for (const char* name : {"x", "time"}) {
    const outcome o = all.run({scaled, behind, std::string("loader.dataset=") + name}, "--force");
    CHECK_MESSAGE(o.code == 0, o.err);
    CHECK(has(o.err, ", samples in float64; "));
    const at::Tensor drawn = all.samples();
    CHECK((drawn.scalar_type() == at::kDouble));
    CHECK(std::get<0>(at::_unique(drawn.flatten())).numel() == drawn.numel());
    const hdf5_reader data(all.place / "data/data.h5");
    const at::Tensor stored = data.rows(name, 0, 2000).to(at::kDouble);
    CHECK(((drawn.mean() - stored.mean()).abs() < 3 * stored.std()).item<bool>());
    CHECK(has(hdf5_reader(all.place / "run/samples.h5").attributes("/").at("precision"), "float64"));
    // Drawn later from the checkpoint alone: the same type, and the same numbers.
    const outcome again = program({"sample", "run", "--out", "again.h5", "--force", "--count", "16", "--quiet"},
                                  {.folder = all.place.folder()});
    CHECK_MESSAGE(again.code == 0, again.err);
    CHECK(all.samples("again.h5").equal(drawn));
  }
  CHECK(all.run({scaled, behind, "loader.dataset=near"}, "--force").code == 0);
  CHECK((all.samples().scalar_type() == at::kFloat));
  CHECK(hdf5_reader(all.place / "run/samples.h5").attributes("/").count("precision") == 0);
}

TEST_CASE("samples lie in their file as the data does in its own") {
  const with_data all({{"last", at::abs(normal({20, 4, 5, 3}))}, {"add", at::abs(normal({20, 4, 5}))}});
  for (const auto& [name, shape] : {std::pair{"last", noneq::sizes{16, 4, 5, 3}}, {"add", {16, 4, 5}}}) {
    const std::string n = name;
    const std::string from = n == "add" ? "none" : n;
    const outcome o =
        all.run({"loader.dataset=" + n, "images={plugin: transform.channels, in: loader, from: " + from + "}",
                 "noiser.in=images", "sampler.frames=3", "picture={plugin: writer.png, in: sampler, file: a.png}"},
                "--force");
    CHECK_MESSAGE(o.code == 0, o.err);
    CHECK(all.samples().sizes().vec() == shape);
    const hdf5_reader in(all.place / "run/samples.h5");
    noneq::sizes frames = shape;
    frames.insert(frames.begin() + 1, 3);
    CHECK(in.layout("frames").shape == frames);
    CHECK(in.rows("frames", 0, 16).select(1, 2).equal(all.samples()));  // the last frame is the sample
    CHECK(std::filesystem::exists(all.place / "run/a.png"));
    const outcome again = program({"sample", "run", "--out", "again.h5", "--force", "--count", "16", "--quiet"},
                                  {.folder = all.place.folder()});
    CHECK_MESSAGE(again.code == 0, again.err);
    CHECK(all.samples("again.h5").equal(all.samples()));
  }
}

TEST_CASE("a run is used from another folder, and with its data moved, by the names it was begun with") {
  const with_data all({{"x", normal({300, 2})}, {"y", at::ones({3, 2})}});
  const outcome o = all.run(
      {"loader.held_out=0.5", "y={plugin: loader.hdf5, file: data/data.h5, dataset: y, batch: 16}", "sampler.in=y",
       "sampler.as={x0: observation}", "sampler.guides={plugin: gaussian_observation, deviation: 1.0}"});
  CHECK_MESSAGE(o.code == 0, o.err);
  const scratch elsewhere;
  const std::string run = (all.place / "run").string();
  const outcome measured = program({"eval", run, "--json"}, {.folder = elsewhere.folder()});
  CHECK_MESSAGE(measured.code == 0, measured.err);
  CHECK(has(measured.out, "bound"));
  const outcome drawn =
      program({"sample", run, "--out", "a.h5", "--count", "16", "--quiet"}, {.folder = elsewhere.folder()});
  CHECK_MESSAGE(drawn.code == 0, drawn.err);
  const hdf5_reader there(elsewhere / "a.h5");
  CHECK(there.rows("samples", 0, 16).equal(all.samples()));

  // A file in the folder one calls from comes first.
  std::filesystem::create_directories(elsewhere / "data");
  put_text(elsewhere / "data/data.h5", "not this");
  CHECK(program({"sample", run, "--out", "b.h5", "--count", "16", "--quiet"}, {.folder = elsewhere.folder()}).code ==
        2);
  std::filesystem::remove_all(elsewhere / "data");
  std::filesystem::remove_all(all.place / "data");
  const outcome gone = program({"eval", run, "--json"}, {.folder = elsewhere.folder()});
  CHECK(gone.code == 2);
  CHECK_MESSAGE(has(gone.err, "data/data.h5: does not exist"), gone.err);
}

TEST_CASE("a checkpoint from before data had a place, a type and an identity is read as it was") {
  const scratch place;
  copy_run(place / "tiny");
  const auto draw = [&](const std::string& to) {
    const outcome o = program({"sample", "tiny", "--out", to, "--count", "16", "--quiet"}, {.folder = place.folder()});
    CHECK_MESSAGE(o.code == 0, o.err);
    return hdf5_reader(place / to).rows("samples", 0, 16);
  };
  const at::Tensor now = draw("now.h5");
  auto old = noneq::storage::load_checkpoint(place / "tiny/checkpoint");
  for (const char* key : {"data", "begun_in", "stored_order", "samples"}) {
    CHECK(old.meta.contains(key));
    old.meta.erase(key);
  }
  for (const char* part : {"normalisation.shift", "normalisation.scale"})
    old.tensors.at(part) = old.tensors.at(part).to(at::kFloat);
  noneq::storage::save_checkpoint(place / "tiny/checkpoint", old);
  CHECK(draw("old.h5").equal(now));
}
