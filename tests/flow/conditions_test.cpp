// Models that predict data given other tensors of its rows: training, units, ensembles, guidance, and starts from data.
#include "doctest.hpp"
#include "flow/passes.hpp"
#include "plugins/message.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t rows = 4096;

// Rows of low = 3 + 2n and x = 10 (low − 3)/2 + e with n, e ~ N(0, 1), so that x given low is N(5 (low − 3), 1).
fs::path pairs_file(const fs::path& folder) {
  fs::create_directories(folder);
  const Tensor n = stream(5).fork("n").normal({rows, 1}), e = stream(5).fork("e").normal({rows, 1});
  storage::hdf5_writer out(folder / "pairs.h5");
  out.write("x", 10 * n + e);
  out.write("low", 3 + 2 * n);
  out.close();
  return folder / "pairs.h5";
}

// A training of x given low, whose rows come from two loaders and are standardised each by itself.
std::string conditional(const fs::path& file, const std::string& model) {
  return fmt::format(R"(
name: conditional
seed: 3
process: {{kernel: gaussian, schedule: {{plugin: cosine, steps: 50}}, mean: v}}
graph:
  fine: {{plugin: loader.hdf5, file: '{0}', dataset: x, order: sequential, batch: 256}}
  coarse: {{plugin: loader.hdf5, file: '{0}', dataset: low, order: sequential, batch: 256}}
  pairs: {{plugin: transform.standardise, in: [fine, coarse], as: {{coarse.x0: low}}, fields: [x0, low]}}
  noiser: {{plugin: noiser.marginal, in: pairs}}
  model: {{plugin: model.mlp, in: noiser, hidden: [32, 32], condition: low{1}}}
  loss: {{plugin: loss.simple, in: model}}
  trainer: {{plugin: trainer.adam, in: loss, steps: 1500, rate: 5e-3, decay: cosine, ema: [0.99]}}
)",
                     file.string(), model);
}

struct trained_pairs {
  scratch_folder data, run;
  fs::path file = pairs_file(data.path);
  explicit trained_pairs(const std::string& model = "", const std::vector<std::string>& changes = {}) {
    const std::string text = conditional(file, model);
    noneq::flow::run(small_plan(changes, text.c_str()), {run.path, if_there::refuse, 2, true});
  }

  // The samples of a pass over rows of `low`.
  Tensor drawn(const std::string& sampler, const std::vector<std::string>& nodes = {}, std::int64_t batch = 32) const {
    scratch_folder folder;
    std::vector<std::string> changes{
        fmt::format("graph.coarse={{plugin: loader.hdf5, file: '{}', dataset: low, batch: {}}}", file.string(), batch)};
    changes.insert(changes.end(), nodes.begin(), nodes.end());
    const std::string in = nodes.empty() ? "in: coarse, as: {x0: low}" : "";
    changes.push_back(fmt::format("graph.drawn={{plugin: sampler.ddim, of: '{}', {}{}{}}}", run.path.string(), in,
                                  in.empty() ? "" : ", ", sampler));
    changes.push_back("graph.out={plugin: writer.hdf5, in: drawn, file: drawn.h5}");
    run_pass(changes, folder);
    return all_rows(folder.path / "drawn.h5", "samples");
  }
  Tensor expected() const { return 5 * (all_rows(file, "low") - 3); }
};

}

TEST_CASE("samples given a condition have the conditional mean and variance") {
  const trained_pairs t;
  const Tensor error = t.drawn("eta: 1, steps: 50") - t.expected();
  CHECK(std::abs(error.mean().item<double>()) < 0.15);
  CHECK(error.std().item<double>() > 0.7);
  CHECK(error.std().item<double>() < 1.4);

  SUBCASE("in any units of the stream") {
    const Tensor raw = t.drawn("steps: 10");
    const Tensor scaled = t.drawn("steps: 10, in: scaled, as: {x0: low}",
                                  {"graph.scaled={plugin: transform.range, values: [-8, 14], in: coarse}"});
    CHECK(at::allclose(raw, scaled, 1e-3, 1e-3));
  }
  SUBCASE("as ensembles whose members depend on the seed, the row and their number alone") {
    const Tensor one = t.drawn("eta: 1, steps: 10"), many = t.drawn("eta: 1, steps: 10, members: 3"),
                 other = t.drawn("eta: 1, steps: 10, members: 3", {}, 7);
    CHECK(many.sizes() == at::IntArrayRef({rows, 3, 1}));
    CHECK(at::allclose(many.select(1, 0), one, 1e-4, 1e-4));
    CHECK(at::allclose(many, other, 1e-4, 1e-4));
    const Tensor centred = (many - t.expected().unsqueeze(1)).squeeze(2);
    for (const auto& [a, b] : {std::pair{0, 1}, std::pair{1, 2}, std::pair{0, 2}}) {
      const Tensor product = centred.select(1, a) * centred.select(1, b);
      CHECK(std::abs(product.mean().item<double>()) < 5 * product.std().item<double>() / std::sqrt(rows));
    }
  }
  SUBCASE("which start from data: at t = 1 little of it changes, at t = T nothing of it is left") {
    const std::vector<std::string> both{
        fmt::format("graph.fine={{plugin: loader.hdf5, file: '{}', dataset: x, batch: 32}}", t.file.string())};
    const std::string in = "in: [fine, coarse], as: {coarse.x0: low, fine.x0: seen}, steps: 10, ";
    const Tensor x = all_rows(t.file, "x");
    const Tensor near = t.drawn(in + "start: {from: seen, t: 1}", both),
                 far = t.drawn(in + "start: {from: seen, t: 50}", both);
    CHECK((near - x).square().mean().sqrt().item<double>() < 0.6);
    const Tensor left = (far - t.expected()) * (x - t.expected());
    CHECK(std::abs(left.mean().item<double>()) < 5 * left.std().item<double>() / std::sqrt(rows));
    // The first step of cosine with T = 50 has noise of √(1/ᾱ − 1) = 0.042 in the model's units, 0.42 in those of data.
    CHECK(at::allclose(t.drawn(in + "start: {from: seen, deviation: 0.42}", both), x, 0.1, 0.6));
    CHECK(has(message_of([&] { t.drawn(in + "start: {from: seen, deviation: 0.01}", both); }),
              "start: got 0.01, need a deviation from 0.4"));
  }
}

TEST_CASE("guidance works on a condition that training left out at times") {
  const trained_pairs t(", drop: 0.3");
  const Tensor e = t.expected(), with = t.drawn("steps: 10, guidance: 1"), without = t.drawn("steps: 10, guidance: 0");
  // Without the condition samples have the deviation of all data, √101, and do not follow it.
  const auto correlation = [&](const Tensor& x) {
    return ((x - x.mean()) * (e - e.mean())).mean().item<double>() / (x.std() * e.std()).item<double>();
  };
  CHECK(correlation(with) > 0.98);
  CHECK(std::abs(correlation(without)) < 0.1);
  CHECK(without.std().item<double>() == doctest::Approx(std::sqrt(101.)).epsilon(0.15));
}

TEST_CASE("a run with conditions is resumed with the same bits") {
  const trained_pairs whole("", {"graph.trainer.steps=60"});
  const trained_pairs part("", {"graph.trainer.steps=60", "graph.trainer.checkpoint=30"});
  const std::string text = conditional(part.file, "");
  noneq::flow::run(small_plan({"graph.trainer.steps=90"}, text.c_str()), {part.run.path, if_there::resume, 2, true});
  const trained_pairs longer("", {"graph.trainer.steps=90"});
  const auto saved = [](const trained_pairs& t) { return storage::load_checkpoint(t.run.path / "checkpoint"); };
  CHECK(differences(saved(whole), saved(part)) != "");
  CHECK(saved(whole).tensors.count("state.pairs.low.shift") == 1);
}

TEST_CASE("conditions that nothing gives are refused before anything runs") {
  CHECK(has(problems_of({"graph.model.condition=low"}),
            "model.condition: got 'low', need a tensor that 'noiser' gives: "));
  CHECK(has(problems_of({"graph.model.condition=[label]"}), "model.condition: got 'label', need another tensor"));
  CHECK(has(problems_of({"graph.model.condition=[low, low]"}), "model.condition: got 'low' twice"));
  CHECK(has(problems_of({"graph.model.drop=0.1"}), "model.drop: got shares without condition"));
  CHECK(has(problems_of({"graph.model.condition=low", "graph.model.drop=1"}),
            "model.drop: got 1.0, need a value in [0, 1)"));
  CHECK(has(problems_of({"graph.s={plugin: sampler.ddim, of: model, members: 4}"}),
            "s.members: got 4 without in:, need rows to draw an ensemble for"));
  CHECK(has(problems_of({"graph.s={plugin: sampler.ddim, of: model, start: {from: x0}}"}),
            "s.start: got neither t nor deviation, need one"));
  CHECK(has(problems_of({"graph.s={plugin: sampler.ddim, of: model, start: {form: x0, t: 3}}"}),
            "s.start: got the key 'form', need from and one of t and deviation, did you mean 'from'?"));
}
