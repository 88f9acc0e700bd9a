// Transforms that apply a model, in passes over rows and beside a training.
#include "doctest.hpp"
#include "flow/passes.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

namespace {

std::string node_of(const std::string& id, const std::string& plugin, const std::string& in, const fs::path& run,
                    const std::string& more = "") {
  return fmt::format("graph.{}={{plugin: transform.{}, in: {}, of: '{}'{}}}", id, plugin, in, run.string(), more);
}

// Returns a dataset of what a pass writes from the node `from`.
Tensor written(std::vector<std::string> changes, const std::string& from, const std::string& dataset, int threads = 2) {
  scratch_folder folder;
  changes.push_back("graph.out={plugin: writer.hdf5, in: " + from + ", file: out.h5}");
  run_pass(changes, folder, threads);
  return all_rows(folder.path / "out.h5", dataset);
}

struct trained_roll {
  scratch_folder run, data;
  fs::path file;
  explicit trained_roll(std::int64_t rows = 90) : file(data_file(data.path, rows)) { run_small({}, 2, run); }
};

}

TEST_CASE("a pass writes a likelihood beside each row, and their mean is the metric's record") {
  const trained_roll t;
  const std::string coarse = ", absolute: 1.0e-3, relative: 1.0e-3";
  const std::vector<std::string> nodes{rows_of("data", t.file, ", dataset: x"),
                                       node_of("score", "likelihood", "data", t.run.path, coarse)};
  const Tensor found = written(nodes, "score", "log_likelihood");
  CHECK(found.sizes() == at::IntArrayRef({90}));
  CHECK(written(nodes, "score", "log_likelihood", 1).equal(found));
  CHECK(written(nodes, "score", "x0").equal(all_rows(t.file, "x")));
  SUBCASE("as a metric of the stream") {
    scratch_folder out;
    auto changes = nodes;
    changes.back() =
        fmt::format("graph.score={{plugin: metric.likelihood, in: data, of: '{}'{}}}", t.run.path.string(), coarse);
    run_pass(changes, out);
    std::istringstream lines(storage::read_file(out.path / "metrics.jsonl"));
    std::string line;
    REQUIRE(std::getline(lines, line));
    const auto record = nlohmann::json::parse(line);
    REQUIRE(record.at("name") == "log_likelihood");
    CHECK(found.mean().item<double>() == doctest::Approx(record.at("value").get<double>()).epsilon(1e-12));
  }
  SUBCASE("in batches of any size, to the rounding of the network") {
    auto changes = nodes;
    changes.front() =
        fmt::format("graph.data={{plugin: loader.hdf5, file: '{}', batch: 7, dataset: x}}", t.file.string());
    CHECK(at::allclose(written(changes, "score", "log_likelihood"), found, 1e-3, 1e-3));
  }
  SUBCASE("in any units of the stream") {
    auto changes = nodes;
    changes.back() = node_of("score", "likelihood", "scaled", t.run.path, coarse);
    changes.push_back("graph.scaled={plugin: transform.range, values: [-40, 90], in: data}");
    CHECK(at::allclose(written(changes, "score", "log_likelihood"), found, 1e-2, 1e-2));
  }
  SUBCASE("and bounds and features join them") {
    auto changes = nodes;
    changes.push_back(node_of("bounds", "bound", "score", t.run.path));
    changes.push_back(node_of("space", "features", "bounds", t.run.path, ", features: {plugin: pca, components: 2}"));
    scratch_folder folder;
    changes.push_back("graph.out={plugin: writer.hdf5, in: space, file: out.h5}");
    run_pass(changes, folder);
    const fs::path out = folder.path / "out.h5";
    CHECK(all_rows(out, "log_likelihood").equal(found));
    CHECK(all_rows(out, "bound").sizes() == at::IntArrayRef({90}));
    CHECK(all_rows(out, "features").sizes() == at::IntArrayRef({90, 2}));
    CHECK(all_rows(out, "x0").equal(all_rows(t.file, "x")));
  }
}

TEST_CASE("rows that are encoded and decoded come back in data units") {
  const trained_roll t;
  const std::vector<std::string> nodes{
      rows_of("data", t.file, ", dataset: x"), "graph.scaled={plugin: transform.range, values: [-40, 90], in: data}",
      node_of("there", "encode", "scaled", t.run.path), node_of("back", "decode", "there", t.run.path)};
  const Tensor x = all_rows(t.file, "x");
  // Between whole steps of so short a schedule the network's x̂⁰ has bends, at which steps err by more than in a smooth
  // ODE.
  const auto error = [&](const Tensor& back) { return (back - x).square().mean().sqrt().item<double>(); };
  CHECK(error(written(nodes, "back", "samples")) < 0.05);
  // Latents are kept in a file, and are a start for samplers.
  scratch_folder kept;
  std::vector<std::string> first(nodes.begin(), nodes.end() - 1);
  first.push_back("graph.out={plugin: writer.hdf5, in: there, file: latents.h5}");
  run_pass(first, kept);
  const std::string latents = rows_of("data", kept.path / "latents.h5", ", dataset: latent");
  CHECK(error(written({latents, node_of("back", "decode", "data, as: {x0: latent}", t.run.path)}, "back", "samples")) <
        0.05);
  auto drawn = std::vector<std::string>(nodes.begin(), nodes.end() - 1);
  drawn.push_back(fmt::format("graph.drawn={{plugin: sampler.heun, in: there, start: latent, steps: 12, of: '{}'}}",
                              t.run.path.string()));
  const Tensor samples = written(drawn, "drawn", "samples");
  CHECK((samples - x).square().mean().item<double>() < 0.25 * x.var().item<double>());
}

TEST_CASE("beside a training the model is applied as it is at its events") {
  const trained_roll t;
  scratch_folder folder;
  run_small({rows_of("data", t.file, ", dataset: x"),
             "graph.bounds={plugin: transform.bound, in: data, of: model, every: 12}",
             "graph.out={plugin: writer.hdf5, in: bounds, file: out.h5}"},
            2, folder);
  const Tensor before = all_rows(folder.path / "out-step-12.h5", "bound"),
               after = all_rows(folder.path / "out.h5", "bound");
  CHECK(!before.equal(after));
  // The finished run is that of the folder, whose nodes draw the same noise.
  CHECK(written({"seed=3", rows_of("data", t.file, ", dataset: x"), node_of("bounds", "bound", "data", folder.path)},
                "bounds", "bound")
            .equal(after));
}

TEST_CASE("a model is given its conditions in its units") {
  // x = 10 n + e given low = 3 + 2n, so that x given low is N(5 (low − 3), 1).
  scratch_folder data, run;
  fs::create_directories(data.path);
  const Tensor n = stream(5).fork("n").normal({2048, 1}), e = stream(5).fork("e").normal({2048, 1});
  storage::hdf5_writer w(data.path / "pairs.h5");
  w.write("x", 10 * n + e);
  w.write("low", 3 + 2 * n);
  w.close();
  const auto loader = [&](const std::string& dataset) {
    return fmt::format("{{plugin: loader.hdf5, file: '{}', dataset: {}, order: sequential, batch: 256}}",
                       (data.path / "pairs.h5").string(), dataset);
  };
  const std::string text = fmt::format(R"(
name: conditional
seed: 3
process: {{kernel: gaussian, schedule: {{plugin: cosine, steps: 50}}, mean: v}}
graph:
  fine: {}
  coarse: {}
  scaled: {{plugin: transform.standardise, in: [fine, coarse], as: {{coarse.x0: low}}, fields: [x0, low]}}
  noiser: {{plugin: noiser.marginal, in: scaled}}
  model: {{plugin: model.mlp, in: noiser, hidden: [32, 32], condition: low}}
  loss: {{plugin: loss.simple, in: model}}
  trainer: {{plugin: trainer.adam, in: loss, steps: 1000, rate: 5e-3, decay: cosine}}
)",
                                       loader("x"), loader("low"));
  noneq::flow::run(small_plan({}, text.c_str()), {run.path, if_there::refuse, 2, true});
  // At t = T nothing is left of x, so that the prediction is the mean of x given low.
  const std::vector<std::string> nodes{
      "graph.fine=" + loader("x"), "graph.coarse=" + loader("low"),
      node_of("guess", "predict", "[fine, coarse], as: {coarse.x0: low}", run.path, ", t: 50")};
  const Tensor off = written(nodes, "guess", "x0_hat") - 10 * n;
  CHECK(off.square().mean().sqrt().item<double>() < 1);
}

TEST_CASE("what a model cannot be applied to is refused before anything runs, with its place") {
  const trained_roll t(8);
  const std::string x = rows_of("data", t.file, ", dataset: x"), s = rows_of("data", t.file, ", dataset: s"),
                    out = "graph.out={plugin: writer.hdf5, in: n, file: out.h5}";
  const auto fault = [&](const std::string& rows, const std::string& node) {
    return problems_of_pass({rows, node, out});
  };
  CHECK(has(fault(x, "graph.n={plugin: transform.encode, in: data, of: nowhere}"),
            "n.of: there is no node 'nowhere', and no folder of a run"));
  CHECK(has(fault(x, "graph.n={plugin: transform.encode, in: data}"),
            "n.of: is missing; need the name of a model node, or the folder of a finished run"));
  CHECK(has(fault(s, node_of("n", "likelihood", "data", t.run.path)),
            "n.in: got rows of shape [1], need those of the model, [2]"));
  CHECK(has(fault(x, node_of("n", "decode", "data", t.run.path)),
            "n.in: got 'data', which gives label, row, x0, need the tensor 'latent', which nothing before it "
            "writes; as: {NAME: latent} renames one"));
  CHECK(has(fault(s, node_of("n", "decode", "data, as: {x0: latent}", t.run.path)),
            "n.in: got rows of 'latent' of shape [1], need those of the model, [2]"));
  CHECK(has(fault(x, node_of("n", "predict", "data", t.run.path, ", t: 13")),
            "n.t: got 13, need at most 12, the steps of the schedule"));
  CHECK(has(
      problems_of_pass({x, node_of("m", "encode", "data", t.run.path), node_of("n", "encode", "m", t.run.path), out}),
      "n.in: got rows with 'latent', which transform.encode adds to them, need another name"));
  CHECK(has(problems_of_pass(
                {x, node_of("m", "encode", "data", t.run.path), "graph.n={plugin: transform.standardise, in: m}", out}),
            "n.in: stands behind 'm', which applies a model to rows"));
  CHECK(has(problems_of_pass({fmt::format("graph.m={{plugin: sampler.ddim, of: '{}', count: 4}}", t.run.path.string()),
                              node_of("n", "encode", "m, as: {samples: x0}", t.run.path), out}),
            "n.in: stands behind the sampler 'm', need in: data"));
  CHECK(has(problems_of({node_of("n", "encode", "loader", t.run.path), "graph.noiser.in=n"}),
            "n: stands between the loader and the trainer"));
}

TEST_CASE("a model of bits has no flow") {
  scratch_folder bits, data;
  run_small({"process={kernel: binomial, schedule: {plugin: reciprocal, steps: 6}, mean: x0}",
             "graph.loader={plugin: loader.heartbeat, batch: 32}", "graph.trainer.steps=2"},
            2, bits);
  fs::create_directories(data.path);
  storage::hdf5_writer w(data.path / "bits.h5");
  w.write("x", (stream(2).uniform({8, 20}) > 0.5).to(at::kFloat));
  w.close();
  const std::string rows = rows_of("data", data.path / "bits.h5", ", dataset: x");
  CHECK(has(problems_of_pass({rows, node_of("n", "encode", "data", bits.path),
                              "graph.out={plugin: writer.hdf5, in: n, file: out.h5}"}),
            "n: transform.encode works in gaussian space, but the kernel binomial is"));
  // Its bound is measured, row by row.
  const Tensor bound = written({rows, node_of("n", "bound", "data", bits.path)}, "n", "bound");
  CHECK(bound.isfinite().all().item<bool>());
  CHECK((bound < 0).all().item<bool>());
}
