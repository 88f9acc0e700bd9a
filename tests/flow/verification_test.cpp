// Metrics that compare samples with the truth of their rows, in streams: stored forecasts without a model, samplers,
// normalised data, and what is refused before anything runs.
#include "doctest.hpp"
#include "flow/passes.hpp"
#include "noneq/core/random.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

namespace {

// Forecasts of five members beside the truth, far from 0 and of two scales, as "forecast" and "truth".
fs::path forecast_file(const fs::path& folder, std::int64_t rows = 200) {
  fs::create_directories(folder);
  const Tensor scale = at::tensor({10.f, 0.1f}).view({2, 1, 1}), shift = at::tensor({280.f, 3.f}).view({2, 1, 1});
  storage::hdf5_writer out(folder / "forecasts.h5");
  out.write("forecast", shift + scale * stream(1).normal({rows, 5, 2, 6, 6}));
  out.write("truth", shift + scale * stream(2).normal({rows, 2, 6, 6}));
  out.write("one", shift + scale * stream(3).normal({rows, 2, 6, 6}));
  out.close();
  return folder / "forecasts.h5";
}

std::string read_from(const std::string& id, const fs::path& file, const std::string& dataset, int batch = 32) {
  return fmt::format("graph.{}={{plugin: loader.hdf5, file: '{}', dataset: {}, batch: {}}}", id, file.string(), dataset,
                     batch);
}

std::string score_of(const std::string& text, const std::string& in = "in: [forecast, data]",
                     const std::string& as = "forecast.x0: samples, data.x0: truth") {
  return fmt::format("graph.score={{plugin: metric.{}, {}, as: {{{}}}}}", text, in, as);
}

std::map<std::string, nlohmann::json> records_in(const fs::path& folder) {
  std::map<std::string, nlohmann::json> all;
  std::istringstream lines(storage::read_file(folder / "metrics.jsonl"));
  for (std::string line; std::getline(lines, line);)
    if (auto r = nlohmann::json::parse(line); true) all[r.at("name")] = r;
  return all;
}

}

TEST_CASE("stored forecasts are verified without a model, and drawn, whatever the batches and threads") {
  scratch_folder data, one, two;
  const fs::path file = forecast_file(data.path);
  const auto nodes = [&](int batch) {
    return std::vector<std::string>{
        read_from("forecast", file, "forecast", batch),
        read_from("data", file, "truth", batch),
        score_of("crps"),
        "graph.ranks={plugin: metric.rank_histogram, in: [forecast, data], as: {forecast.x0: samples, data.x0: truth}}",
        "graph.power={plugin: metric.spectrum, in: [forecast, data], as: {forecast.x0: samples, data.x0: truth}}",
        "graph.where={plugin: writer.hdf5, in: score, as: {crps_map: place}, file: where.h5}",
        "graph.map={plugin: writer.png, in: score, as: {crps_map: samples}, file: map.png}",
        "graph.histogram={plugin: writer.figure, in: ranks, file: ranks.png}",
        "graph.curves={plugin: writer.figure, in: power, file: power.png, unit: K²}"};
  };
  run_pass(nodes(32), one);
  run_pass(nodes(7), two, 1);
  CHECK(storage::read_file(one.path / "metrics.jsonl") == storage::read_file(two.path / "metrics.jsonl"));
  const auto found = records_in(one.path);
  // N(0,1) in each channel's scale.
  for (const auto& [name, scale] : {std::pair{"crps_channel_0", 10.}, {"crps_channel_1", 0.1}}) {
    const double expected = scale / std::sqrt(M_PI);
    CHECK(std::abs(found.at(name).at("value").get<double>() - expected) <
          4 * found.at(name).at("stderr").get<double>());
  }
  CHECK(found.at("rank_p_value").at("value") > 1e-3);
  CHECK(all_rows(one.path / "where.h5", "place").sizes() == at::IntArrayRef({1, 2, 6, 6}));
  for (const char* picture : {"map.png", "ranks.png", "power.png"}) CHECK(fs::file_size(one.path / picture) > 1000);
}

TEST_CASE("a stream that normalises data is verified in data units") {
  scratch_folder data, plain, scaled;
  const fs::path file = forecast_file(data.path);
  const std::vector<std::string> nodes{read_from("forecast", file, "forecast"), read_from("data", file, "truth")};
  auto a = nodes, b = nodes;
  a.push_back(score_of("rmse"));
  b.push_back("graph.f={plugin: transform.standardise, in: forecast}");
  b.push_back("graph.d={plugin: transform.standardise, in: data, per: channel}");
  b.push_back("graph.e={plugin: transform.range, in: d, values: [-7, 9]}");
  b.push_back(score_of("rmse", "in: [f, e]", "f.x0: samples, e.x0: truth"));
  run_pass(a, plain);
  run_pass(b, scaled);
  const auto in_units = records_in(plain.path), restored = records_in(scaled.path);
  for (const char* name : {"rmse", "rmse_channel_0", "rmse_channel_1"})
    CHECK(restored.at(name).at("value").get<double>() ==
          doctest::Approx(in_units.at(name).at("value").get<double>()).epsilon(2e-3));
  CHECK(in_units.at("rmse_channel_0").at("value").get<double>() == doctest::Approx(10 * std::sqrt(1.2)).epsilon(0.05));
}

TEST_CASE("samples of a model are compared with the rows that they stand for") {
  scratch_folder data, folder;
  const fs::path file = data_file(data.path, 64);
  const std::vector<std::string> nodes{
      rows_of("data", file, ", dataset: x"), "graph.scaled={plugin: transform.standardise, in: data}",
      "graph.fine={plugin: sampler.ddim, in: scaled, as: {x0: y}, of: model, steps: 4, guides: {plugin: "
      "gaussian_observation, observation: y, deviation: 0.001}}",
      "graph.score={plugin: metric.rmse, in: [fine, scaled], as: {scaled.x0: truth}}"};
  run_small(nodes, 2, folder);
  const auto found = records_in(folder.path);
  CHECK(found.at("rmse").at("value").get<double>() < 0.1);  // it knows them to 0.001
  CHECK(found.at("rmse").at("n") == 64);
  CHECK(!found.at("rmse").contains("on"));
}

TEST_CASE("what cannot be verified is refused before anything runs") {
  scratch_folder data;
  const fs::path file = forecast_file(data.path, 20);
  const std::string forecast = read_from("forecast", file, "forecast"), truth = read_from("data", file, "truth");
  const auto of = [&](std::vector<std::string> nodes) { return problems_of_pass(nodes); };
  const std::string lacks = of({forecast, "graph.score={plugin: metric.crps, in: forecast, as: {x0: samples}}"});
  CHECK_MESSAGE(has(lacks, "score.in: got 'forecast', which gives label, row, samples, need the tensor 'truth'"),
                lacks);
  const std::string few = of({read_from("forecast", file, "one"), truth, score_of("crps")});
  CHECK_MESSAGE(has(few, "score: got 1 member a row, need at least 2 for crps"), few);
  const std::string other = of({read_from("forecast", file, "forecast"),
                                rows_of("data", data_file(data.path, 20), ", dataset: x"), score_of("crps")});
  CHECK_MESSAGE(has(other, "got a truth with rows of shape [2], of data, beside samples of shape [5, 2, 6, 6]"), other);
  const std::string channel = of({forecast, truth, score_of("reliability, thresholds: [1], channel: 2")});
  CHECK_MESSAGE(has(channel, "score.channel: got 2 for samples of shape [2, 6, 6], need -1 for all, or 0 to 1"),
                channel);
  const std::string bare = of({forecast, truth, score_of("reliability")});
  CHECK_MESSAGE(has(bare, "thresholds"), bare);
  const std::string sampler = "graph.fine={plugin: sampler.ddim, of: model, steps: 4, in: other}";
  const std::string rows = rows_of("other", data_file(data.path / "b", 20), ", dataset: x");
  const std::string one =
      problems_of({rows, sampler, "graph.score={plugin: metric.crps, in: [fine, other], as: {other.x0: truth}}"});
  CHECK_MESSAGE(has(one, "score: got 1 member a row, need at least 2 for crps; give the sampler members"), one);
  const std::string inside = problems_of({"graph.score={plugin: metric.rmse, in: loader, as: {x0: samples}}"});
  CHECK_MESSAGE(has(inside, "need the tensor 'truth'"), inside);
  const std::string training = problems_of({"graph.stats={plugin: transform.members, in: loader, as: {x0: samples}}",
                                            "graph.w={plugin: writer.hdf5, in: stats, every: 4, file: a.h5}"});
  CHECK_MESSAGE(has(training, "stats.in: got 'loader' of the training, need a sampler, or loaders beside"), training);
  const std::string none = problems_of({"graph.sampler={plugin: sampler.ddim, of: model, count: 4}",
                                        "graph.stats={plugin: transform.members, in: sampler, keep: [mean]}",
                                        "graph.w={plugin: writer.hdf5, in: stats, file: a.h5}"});
  CHECK_MESSAGE(has(none, "stats: got 0 members a row, need at least 1; give the sampler members: 8"), none);
}

TEST_CASE("statistics of members are written by their names, and no others") {
  scratch_folder data, folder, other;
  const fs::path file = forecast_file(data.path, 30);
  const auto nodes = [&](const std::string& keep) {
    return std::vector<std::string>{
        read_from("forecast", file, "forecast", 8), "graph.scaled={plugin: transform.standardise, in: forecast}",
        "graph.stats={plugin: transform.members, in: scaled, as: {x0: samples}, keep: " + keep + "}",
        "graph.out={plugin: writer.hdf5, in: stats, file: stats.h5}",
        "graph.picture={plugin: writer.png, in: stats, as: {mean: samples}, count: 4, file: mean.png}"};
  };
  run_pass(nodes("[mean, quantiles]"), folder);
  const storage::hdf5_reader out(folder.path / "stats.h5");
  CHECK(out.datasets() == std::vector<std::string>{"mean", "quantiles", "row"});
  const Tensor x = all_rows(file, "forecast");
  CHECK(at::allclose(all_rows(folder.path / "stats.h5", "mean"), x.mean(1), 1e-4, 1e-3));
  CHECK(out.layout("quantiles").shape == sizes{30, 3, 2, 6, 6});
  CHECK(fs::exists(folder.path / "mean.png"));
  auto more = nodes("[std]");
  more.back() = "graph.out.datasets=[mean]";
  CHECK(has(problems_of_pass(more), "out.datasets: got 'mean', need one of label, std"));
}

TEST_CASE("known numbers stand in the samples as they were, for each member, and the others stay") {
  scratch_folder data, folder;
  fs::create_directories(data.path);
  const fs::path file = data.path / "gaps.h5";
  const Tensor drawn = noneq::stream(2).normal({20, 3, 5}), known = noneq::stream(3).normal({20, 5});
  known.slice(1, 0, 2).fill_(NAN);
  {
    storage::hdf5_writer out(file);
    out.write("drawn", drawn);
    out.write("known", known);
    out.write("other", known.slice(1, 1).contiguous());
    out.close();
  }
  const auto nodes = [&](const std::string& dataset) {
    return std::vector<std::string>{
        read_from("drawn", file, "drawn", 8), read_from("known", file, dataset + ", missing: nan", 8),
        "graph.kept={plugin: transform.restore, in: [drawn, known], as: {drawn.x0: samples, known.x0: values}}",
        "graph.rest={plugin: metric.rmse, in: [kept, known], as: {known.x0: truth}}",
        "graph.out={plugin: writer.hdf5, in: kept, file: kept.h5, datasets: [samples]}"};
  };
  run_pass(nodes("known"), folder);
  const Tensor kept = all_rows(folder.path / "kept.h5", "samples");
  CHECK(kept.slice(2, 0, 2).equal(drawn.slice(2, 0, 2)));
  CHECK(kept.slice(2, 2).equal(known.slice(1, 2).unsqueeze(1).expand({20, 3, 3})));
  const std::string wrong = problems_of_pass(nodes("other"));
  CHECK_MESSAGE(has(wrong, "kept: got rows of values [4] beside samples [3, 5], need the shape of one sample a row"),
                wrong);
}
