// noneq eval with metrics of rows and of samples, on the run's data and on another file.
#include <nlohmann/json.hpp>

#include "noneq/core/random.hpp"
#include "noneq/storage/hdf5.hpp"
#include "tiny.hpp"

using namespace testing;

namespace {

void write_levels(const std::filesystem::path& file, std::uint64_t seed) {
  noneq::storage::hdf5_writer w(file);
  for (const char* dataset : {"train", "test"})
    w.write(dataset, (noneq::stream(seed).fork(dataset).uniform({120, 2}) * 255).to(at::kByte));
  w.close();
}

}

TEST_CASE("eval measures rows and samples again, and another file") {
  const scratch place;
  write_levels(place / "a.h5", 1);
  write_levels(place / "b.h5", 2);
  std::string text = tiny_with("loader: {plugin: loader.swiss_roll, batch: 32}",
                               "loader: {plugin: loader.hdf5, file: a.h5, dataset: train, test: test, batch: 32}\n"
                               "  scaled: {plugin: transform.range, in: loader}");
  text.replace(text.find("in: loader}\n  model"), 10, "in: scaled");
  text +=
      "  before: {plugin: metric.bits_per_dim, of: model, split: train, samples: 20}\n"
      "  bits: {plugin: metric.bits_per_dim, of: model}\n"
      "  windows: {plugin: metric.parzen, in: sampler}\n"
      "  distance: {plugin: metric.frechet, in: sampler, features: {plugin: pca, components: 2}}\n";
  put_text(place / "p.yaml", text);
  const surroundings here{.folder = place.folder()};
  const outcome run = program({"run", "p.yaml", "--out", "r", "--quiet"}, here);
  REQUIRE_MESSAGE(run.code == 0, run.err);
  const auto records = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{"eval", "r", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const outcome o = program(words, here);
    REQUIRE_MESSAGE(o.code == 0, o.err);
    std::map<std::string, nlohmann::json> found;
    const auto json = nlohmann::json::parse(o.out);
    for (const auto& r : json.at("records")) {
      found[r.at("name")] = r;
      found[r.at("node").get<std::string>() + "." + r.at("name").get<std::string>()] = r;
    }
    return found;
  };
  const auto same = records({}), other = records({"--data", "b.h5"});
  std::ifstream written(place / "r" / "metrics.jsonl");
  for (std::string line; std::getline(written, line);) {
    const auto r = nlohmann::json::parse(line);
    const std::string name = r.at("name");
    if (r.at("node") != "bits" && r.at("node") != "distance") continue;
    CHECK(same.at(name).at("value") == r.at("value"));
    CHECK(other.at(name).at("value") != r.at("value"));
  }
  CHECK(same.at("bits_per_dim").at("on") == "test");
  CHECK(same.at("frechet_pca2").at("on") == "train");
  const auto few = records({"--samples", "7"});
  for (const char* each : {"before.bits_per_dim", "bits.bits_per_dim", "windows.parzen"})
    CHECK(few.at(each).at("n") == 7);

  // One method alone: all the pipeline has of it, or one with its defaults.
  const auto vlb = records({"--method", "vlb"});
  CHECK(vlb.at("before.bits_per_dim").at("on") == "train");
  CHECK(vlb.at("bits.bits_per_dim").at("on") == "test");
  CHECK(vlb.at("bits_per_dim").at("value") == same.at("bits_per_dim").at("value"));
  CHECK(vlb.count("frechet_pca2") == 0);
  CHECK(vlb.count("K") == 0);
  CHECK(records({"--method", "bound"}).count("K") == 1);
  const auto flow = records({"--method", "flow", "--samples", "5"});
  CHECK(flow.at("log_likelihood").at("n") == 5);
  CHECK(flow.at("log_likelihood").at("on") == "test");
  CHECK(flow.count("bits_per_dim") == 0);
  const outcome unknown = program({"eval", "r", "--method", "ode"}, here);
  CHECK(unknown.code == 2);
  CHECK(unknown.err.find("--method") != std::string::npos);
}

TEST_CASE("a method that has no meaning for the data is bad input") {
  const outcome o = program({"eval", "tiny", "--method", "vlb"}, {.folder = finished_run().folder()});
  CHECK(o.code == 2);
  CHECK(says(o.err, "vlb: got data without bins, need whole numbers behind transform.range"));
  CHECK(o.out == "");
}
