// Graphs that are no chain: tees, joins, passes without a trainer, models of finished runs.
#include "doctest.hpp"
#include "flow/passes.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

TEST_CASE("a writer on the training takes the batches of its steps, ahead of the gate and behind it") {
  scratch_folder folder;
  const auto teed = run_small({"graph.noised={plugin: writer.hdf5, in: noiser, every: 8, file: noised.h5}",
                               "graph.answers={plugin: writer.hdf5, in: model, every: 12, file: answers.h5}",
                               "graph.losses={plugin: writer.hdf5, in: loss, every: 24, file: losses.h5}"},
                              2, folder);
  CHECK(differences(teed.saved, run_small({}).saved) == "");
  for (const int step : {8, 16, 24}) {
    const storage::hdf5_reader in(folder.path / fmt::format("noised-step-{}.h5", step));
    CHECK(in.layout("xt").shape == sizes{96, 2});
    CHECK(in.layout("t").shape == sizes{96});
  }
  CHECK_FALSE(fs::exists(folder.path / "noised.h5"));
  // The tensors of a step fit together, in the order of the rows: x^t = √ᾱ x⁰ + √(1−ᾱ) ε.
  const plan p = small_plan();
  const fs::path file = folder.path / "answers-step-12.h5";
  const Tensor x0 = all_rows(file, "x0"), t = all_rows(file, "t"), noise = all_rows(file, "noise");
  const coefficients c = coefficients_at(p.process.tables, t, x0);
  CHECK(at::allclose(all_rows(file, "xt"), c.sqrt_alpha_bar * x0 + c.sqrt_one_minus_alpha_bar * noise, 1e-5, 1e-5));
  CHECK(all_rows(file, "output").sizes() == at::IntArrayRef({96, 4}));
  CHECK(all_rows(folder.path / "losses-step-24.h5", "loss").sizes() == at::IntArrayRef({96}));
}

TEST_CASE("a tee is written once, whatever the threads and however often the run is interrupted") {
  const std::vector<std::string> tee{"graph.noised={plugin: writer.hdf5, in: noiser, every: 8, file: noised.h5}"};
  scratch_folder whole, parts;
  run_small(tee, 1, whole);
  auto shorter = tee;
  shorter.push_back("graph.trainer.steps=12");
  run_small(shorter, 2, parts);
  run_small(tee, 2, parts, if_there::resume);
  for (const int step : {8, 16, 24}) {
    const std::string name = fmt::format("noised-step-{}.h5", step);
    CHECK(at::equal(all_rows(whole.path / name, "xt"), all_rows(parts.path / name, "xt")));
  }
}

TEST_CASE("the course of the loss is the outcome of the trainer") {
  scratch_folder folder;
  run_small({"graph.course={plugin: writer.hdf5, in: trainer, file: course.h5}"}, 2, folder);
  CHECK(at::equal(all_rows(folder.path / "course.h5", "step"), at::tensor({6, 12, 18, 24}, at::kLong)));
}

TEST_CASE("a graph without a trainer makes one pass over its rows, in order") {
  scratch_folder data, folder, one;
  const fs::path file = data_file(data.path, 100);
  const std::vector<std::string> changes{rows_of("data", file, ", dataset: x"),
                                         "graph.out={plugin: writer.hdf5, in: data, file: copy.h5}"};
  run_pass(changes, folder);
  CHECK(at::equal(all_rows(folder.path / "copy.h5", "x0"), all_rows(file, "x")));
  CHECK(at::equal(all_rows(folder.path / "copy.h5", "row"), at::arange(100, at::kLong)));
  run_pass(changes, one, 1);
  CHECK(storage::read_file(one.path / "copy.h5") == storage::read_file(folder.path / "copy.h5"));
}

TEST_CASE("inputs are joined row by row under their new names") {
  scratch_folder data, folder;
  const fs::path file = data_file(data.path, 70);
  run_pass({rows_of("a", file, ", dataset: x"), rows_of("b", file, ", dataset: s"),
            "graph.out={plugin: writer.hdf5, in: [a, b], as: {b.x0: sum}, file: both.h5}"},
           folder);
  const fs::path both = folder.path / "both.h5";
  CHECK(at::equal(all_rows(both, "x0").sum(1, true), all_rows(both, "sum")));
  CHECK(all_rows(both, "x0").size(0) == 70);
}

TEST_CASE("data streams through a finished run: one sample a row, whatever the batches") {
  scratch_folder trained, data, folder, other;
  run_small({}, 2, trained);
  const fs::path file = data_file(data.path, 50);
  const std::string sampler =
      fmt::format("graph.drawn={{plugin: sampler.ancestral, in: data, of: '{}'}}", trained.path.string());
  std::vector<std::string> changes{rows_of("data", file, ", dataset: x"), sampler,
                                   "graph.out={plugin: writer.hdf5, in: drawn, file: drawn.h5}"};
  run_pass(changes, folder);
  const Tensor x = all_rows(folder.path / "drawn.h5", "samples");
  CHECK(x.sizes() == at::IntArrayRef({50, 2}));
  CHECK(at::equal(all_rows(folder.path / "drawn.h5", "row"), at::arange(50, at::kLong)));
  changes.push_back("graph.data.batch=7");
  run_pass(changes, other, 1);
  CHECK(at::allclose(all_rows(other.path / "drawn.h5", "samples"), x, 1e-4, 1e-4));
}

TEST_CASE("a sampler starts from the noise that a stream brings, in turn when it is to draw more") {
  scratch_folder trained, data, folder;
  run_small({}, 2, trained);
  const fs::path file = data_file(data.path, 20);
  run_pass(
      {rows_of("noise", file, ", dataset: x"),
       fmt::format("graph.drawn={{plugin: sampler.ddim, in: noise, as: {{x0: xT}}, start: xT, count: 45, of: '{}'}}",
                   trained.path.string()),
       "graph.out={plugin: writer.hdf5, in: drawn, file: drawn.h5}"},
      folder);
  const Tensor x = all_rows(folder.path / "drawn.h5", "samples");  // DDIM is a function of x^T
  CHECK(x.size(0) == 45);
  CHECK(at::allclose(x.slice(0, 0, 20), x.slice(0, 20, 40), 1e-5, 1e-5));
  CHECK(at::allclose(x.slice(0, 0, 5), x.slice(0, 40, 45), 1e-5, 1e-5));
}

TEST_CASE("two runs of one plan in one process share nothing, a learned schedule neither") {
  const plan p = small_plan({"process.schedule={plugin: learned, steps: 12}"});
  scratch_folder a, b;
  run(p, {a.path, if_there::refuse, 1, true});
  run(p, {b.path, if_there::refuse, 1, true});
  CHECK(differences(storage::load_checkpoint(a.path / "checkpoint"), storage::load_checkpoint(b.path / "checkpoint")) ==
        "");
}

TEST_CASE("nodes stand in the file in any order") {
  const char* const text = R"(
name: small
seed: 3
process: {kernel: gaussian, schedule: {plugin: log_snr, steps: 12, first_beta: 1.0e-3}, mean: v, variance: learned_range}
graph:
  answers: {plugin: writer.hdf5, in: model, every: 12, file: answers.h5}
  trainer: {plugin: trainer.adam, in: loss, steps: 24, ema: [0.9], log: 6, shards: 2}
  model: {plugin: model.mlp, in: noiser, hidden: [16, 16]}
  loss: {plugin: loss.bound, in: model}
  noiser: {plugin: noiser.marginal, in: loader}
  loader: {plugin: loader.swiss_roll, batch: 96}
)";
  scratch_folder folder;
  run(small_plan({}, text), {folder.path, if_there::refuse, 2, true});
  CHECK(differences(storage::load_checkpoint(folder.path / "checkpoint"), run_small({}).saved) == "");
  CHECK(fs::exists(folder.path / "answers-step-24.h5"));
}

TEST_CASE("rows of two loaders are joined in training only in their own order") {
  scratch_folder data, folder;
  const fs::path file = data_file(data.path, 96);
  std::vector<std::string> changes{rows_of("loader", file, ", dataset: x"), rows_of("more", file, ", dataset: s"),
                                   "graph.noiser={plugin: noiser.marginal, in: [loader, more], as: {more.x0: sum}}",
                                   "graph.seen={plugin: writer.hdf5, in: noiser, every: 8, file: seen.h5}"};
  const std::string problems = problems_of(changes);
  for (const std::string loader : {"loader", "more"}) {
    const std::string wanted = loader + ".order: got shuffled, need sequential, because noiser joins its rows";
    CHECK(has(problems, wanted));
    CHECK(problems.find(loader + ".order") == problems.rfind(loader + ".order"));  // once, not for all nodes behind
  }
  changes.insert(changes.end(), {"graph.loader.order=sequential", "graph.more.order=sequential"});
  std::vector<std::string> unequal = changes;
  unequal.push_back("graph.more.batch=7");
  CHECK(has(problems_of(unequal), "--set graph.more.batch: more.batch: got 7, need 32, the batch of 'loader', with "));
  run_small(changes, 2, folder);
  const fs::path seen = folder.path / "seen-step-8.h5";
  CHECK(at::allclose(all_rows(seen, "x0").sum(1, true), all_rows(seen, "sum")));
}

TEST_CASE("loaders that are joined and cannot be opened are refused together, each in its own name") {
  scratch_folder folder;
  const std::vector<std::string> changes{
      rows_of("loader", folder.path / "a.h5", ", dataset: x, order: sequential"),
      rows_of("more", folder.path / "b.h5", ", dataset: s, order: sequential"),
      "graph.noiser={plugin: noiser.marginal, in: [loader, more], as: {more.x0: sum}}"};
  std::string problems;
  try {
    run_small(changes, 2, folder);
  } catch (const input_error& e) {
    problems = e.what();
  }
  CHECK_MESSAGE(has(problems, fmt::format("loader: {}: does not exist", (folder.path / "a.h5").string())), problems);
  CHECK_MESSAGE(has(problems, fmt::format("more: {}: does not exist", (folder.path / "b.h5").string())), problems);
}

TEST_CASE("a run goes on only with the contents that every loader of its training had") {
  for (const std::string joined : {"noiser", "loss"}) {
    scratch_folder data, folder;
    const fs::path first = data_file(data.path / "a", 96), other = data_file(data.path / "b", 96);
    const auto changes = [&](std::int64_t steps) {
      return std::vector<std::string>{
          rows_of("loader", first, ", dataset: x, order: sequential"),
          rows_of("more", other, ", dataset: s, order: sequential"),
          fmt::format("graph.{}.in=[{}, more]", joined, joined == "noiser" ? "loader" : "model"),
          fmt::format("graph.{}.as={{more.x0: sum}}", joined), fmt::format("graph.trainer.steps={}", steps)};
    };
    run_small(changes(4), 2, folder);
    run_small(changes(6), 2, folder, if_there::resume);
    fs::remove(other);
    storage::hdf5_writer out(other);
    out.write("x", at::zeros({96, 2}));
    out.write("s", at::zeros({96, 1}));
    out.close();
    std::string found;
    try {
      run_small(changes(8), 2, folder, if_there::resume);
    } catch (const input_error& e) {
      found = e.what();
    }
    CHECK_MESSAGE(has(found, "more: got data with contents "), found);
    CHECK(std::count(found.begin(), found.end(), '\n') == 0);
  }
}

TEST_CASE("a finished run with streams of its own can be opened, measured and taken as a model") {
  scratch_folder data, trained, folder;
  const fs::path file = data_file(data.path, 40);
  run_small({rows_of("extra", file, ", dataset: x"), "graph.scaled={plugin: transform.standardise, in: extra}",
             "graph.fill={plugin: sampler.ddim, in: scaled, of: model}",
             "graph.filled={plugin: writer.hdf5, in: fill, file: filled.h5}"},
            2, trained);
  run_pass({rows_of("data", file, ", dataset: x"),
            fmt::format("graph.bound={{plugin: metric.bound, in: data, of: '{}'}}", trained.path.string())},
           folder);
  CHECK(has(storage::read_file(folder.path / "metrics.jsonl"), "\"name\":\"vlb\""));
  CHECK_THROWS_WITH_AS(
      run_pass({rows_of("data", file, ", dataset: x"),
                fmt::format("graph.bound={{plugin: metric.bound, in: data, of: '{}'}}", trained.path.string())},
               trained),
      fmt::format("{}: holds the model that bound takes, need another folder by --out", trained.path.string()).c_str(),
      input_error);
}
