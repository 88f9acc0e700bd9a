// Metrics that follow a sampler: they see the samples that writers see, at the sampler's occasions.
#include <set>

#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/hdf5.hpp"

using namespace noneq;
using namespace testing;

namespace {

struct data_folder : scratch_folder {
  std::filesystem::path file = path / "data.h5";
  data_folder() {
    std::filesystem::create_directories(path);
    storage::hdf5_writer w(file);
    w.write("train", stream(1).normal({300, 2}));
    w.write("test", stream(2).normal({200, 2}));
    w.close();
  }
  std::vector<std::string> with(std::vector<std::string> more) const {
    std::vector<std::string> all{
        "graph.loader={plugin: loader.hdf5, file: '" + file.string() + "', dataset: train, test: test, batch: 96}",
        "graph.sampler={plugin: sampler.ancestral, of: model, count: 100, chunk: 16}"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

const std::vector<std::string> followers{
    "graph.distance={plugin: metric.frechet, in: sampler, features: {plugin: pca, components: 2}}",
    "graph.kernel={plugin: metric.kernel_distance, in: sampler, features: {plugin: pca, components: 2}}",
    "graph.near={plugin: metric.nearest, in: sampler, samples: 50, pairs: 4}",
    "graph.pairs={plugin: writer.hdf5, in: near, file: pairs.h5}",
    "graph.out={plugin: writer.hdf5, in: sampler, file: samples.h5}"};

std::vector<nlohmann::json> records(const scratch_folder& folder, const std::string& name) {
  std::vector<nlohmann::json> all;
  std::istringstream lines(storage::read_file(folder.path / "metrics.jsonl"));
  for (std::string line; std::getline(lines, line);)
    if (auto r = nlohmann::json::parse(line); r.at("name") == name) all.push_back(std::move(r));
  return all;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}

TEST_CASE("several metrics and writers share one drawing of samples, whatever the threads") {
  const data_folder data;
  scratch_folder alone, one, two;
  run_small(data.with({followers.back()}), 2, alone);
  run_small(data.with(followers), 1, one);
  run_small(data.with(followers), 2, two);
  const auto samples = [](const scratch_folder& f) {
    return storage::hdf5_reader(f.path / "samples.h5").rows("samples", 0, 100);
  };
  CHECK(samples(one).equal(samples(alone)));
  CHECK(samples(two).equal(samples(alone)));
  for (const char* name : {"frechet_pca2", "kernel_distance_pca2", "nearest", "nearest_held_out", "memorised"}) {
    const auto a = records(one, name), b = records(two, name);
    REQUIRE(a.size() == 1);
    CHECK(a == b);
  }
  CHECK(records(one, "frechet_pca2")[0].at("n") == 100);
  CHECK(records(one, "frechet_pca2")[0].at("on") == "train");
  CHECK(records(one, "frechet_pca2")[0].at("stderr").is_null());
  const storage::hdf5_reader pairs(one.path / "pairs.h5");
  CHECK(pairs.layout("nearest").shape == sizes{4, 2});
  CHECK(pairs.datasets() == std::vector<std::string>{"distance", "nearest", "row", "samples"});
}

TEST_CASE("they measure whenever their sampler draws, and the bound says on which part") {
  const data_folder data;
  scratch_folder out;
  run_small(data.with({followers[0], "graph.sampler.every=8",
                       "graph.bound={plugin: metric.bound, of: model, samples: 64, every: 12, split: train}"}),
            2, out);
  std::vector<std::int64_t> steps;
  for (const auto& r : records(out, "frechet_pca2")) steps.push_back(r.at("step"));
  CHECK(steps == std::vector<std::int64_t>{8, 16, 24});
  CHECK(records(out, "K").size() == 2);
  CHECK(records(out, "K")[0].at("on") == "train");
  // What was computed of the data is in the folder of the run: made once, read on the later occasions.
  std::set<std::string> kinds;
  for (const auto& entry : std::filesystem::directory_iterator(out.path / "reference")) {
    const storage::hdf5_reader kept(entry.path());
    CHECK(says(kept.attributes("/").at("key"), ", first class "));  // of the data's identity
    for (const std::string& dataset : kept.datasets()) kinds.insert(dataset);
  }
  CHECK(kinds.count("mean") == 1);
  CHECK(kinds.count("covariance") == 1);
}

TEST_CASE("validation data is measured during training, with averaged weights and with raw ones") {
  const data_folder data;
  const auto K = [&](const std::string& weights, const std::string& rate) {
    scratch_folder out;
    run_small(
        data.with({"graph.loader.validation=test", "graph.loader.test=train", "graph.trainer.ema=[" + rate + "]",
                   "graph.bound={plugin: metric.bound, of: model, samples: 64, every: 8, split: validation, weights: " +
                       weights + "}"}),
        2, out);
    std::vector<double> values;
    for (const auto& r : records(out, "K")) {
      CHECK(r.at("on") == "validation");
      CHECK(r.at("step") == 8 * (values.size() + 1));
      values.push_back(r.at("value"));
    }
    return values;
  };
  const auto raw = K("raw", "0.9"), averaged = K("ema", "0.9");
  REQUIRE(raw.size() == 3);
  REQUIRE(averaged.size() == 3);
  for (std::size_t k = 0; k < 3; ++k) CHECK(raw[k] != averaged[k]);
  CHECK(K("ema", "1e-12") == raw);  // an average that forgets at once
}

TEST_CASE("what cannot be measured so is refused before anything runs") {
  const data_folder data;
  const auto of = [&](const std::string& node) { return problems_of(data.with({"graph.m=" + node})); };
  CHECK(says(of("{plugin: metric.frechet, of: model}"), "m.in: is missing; need the name of a sampler node"));
  CHECK(says(of("{plugin: metric.frechet, in: sampler, of: model}"),
             "m.of: metric.frechet measures samples, need in: a sampler instead"));
  CHECK(says(of("{plugin: metric.frechet, in: model}"), "m.in: got 'model', which gives "));
  CHECK(says(of("{plugin: metric.frechet, in: model}"), "need the tensor 'samples', as sampler gives it"));
  CHECK(says(of("{plugin: metric.bound, in: sampler, of: model}"),
             "m.in: got 'sampler', which gives frames, label, samples, "
             "need the tensor 'x0'"));
  CHECK(says(of("{plugin: metric.frechet, in: sampler, every: 5}"),
             "m.every: it measures whenever its sampler draws, need every: there"));
  CHECK(says(of("{plugin: metric.kernel_distance, in: sampler, blocks: 60}"), "need at least 120 samples"));
  CHECK(says(problems_of(data.with({followers[0], "graph.w={plugin: writer.png, in: distance, file: a.png}"})),
             "w.in: got 'distance', which gives no tensors, need the tensor 'samples', as sampler gives it"));
  CHECK(problems_of(data.with({followers[2], "graph.w={plugin: writer.png, in: near, file: a.png}"})) == "");

  const auto at_start = [&](const std::string& node) -> std::string {
    scratch_folder out;
    try {
      run_small(data.with({"graph.m=" + node}), 2, out);
    } catch (const input_error& e) {
      CHECK(!std::filesystem::exists(out.path));
      return e.what();
    }
    return "";
  };
  CHECK(says(at_start("{plugin: metric.bits_per_dim, of: model}"), "got data without bins"));
  CHECK(says(at_start("{plugin: metric.bound, of: model, split: validation}"), "but the data has test and train only"));
  CHECK(says(at_start("{plugin: metric.likelihood, of: model, dequantisation: variational}"),
             "m.dequantisation: got variational for data without bins, need uniform"));
  CHECK(says(at_start("{plugin: metric.frechet, in: sampler}"), "m.features.components: got 64, need at most 2"));
  const std::string endless = [] {
    scratch_folder out;
    try {
      run_small(
          {"graph.sampler={plugin: sampler.ancestral, of: model}", "graph.near={plugin: metric.nearest, in: sampler}"},
          2, out);
    } catch (const input_error& e) {
      return std::string(e.what());
    }
    return std::string();
  }();
  CHECK(says(endless, "near: got data that is drawn without end, need a file"));
}
