// Graphs that are no chain: tees, joins, passes without a trainer, models of finished runs.
#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/storage/hdf5.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

namespace {

// A file with `rows` rows of two numbers each, "x", and their sum, "s".
fs::path data_file(const fs::path& folder, std::int64_t rows, const std::string& name = "rows.h5") {
  fs::create_directories(folder);
  const Tensor x = stream(5).normal({rows, 2});
  storage::hdf5_writer out(folder / name);
  out.write("x", x);
  out.write("s", x.sum(1, true));
  out.close();
  return folder / name;
}

std::string rows_of(const std::string& id, const fs::path& file, const std::string& more = "") {
  return fmt::format("graph.{}={{plugin: loader.hdf5, file: '{}', batch: 32{}}}", id, file.string(), more);
}

const char* const pass = "name: pass\nseed: 4\ngraph: {}\n";

std::string problems_of_pass(const std::vector<std::string>& changes) {
  try {
    const plan p = small_plan(changes, pass);
    scratch_folder folder;
    run(p, {folder.path, if_there::refuse, 2, true});
  } catch (const error& e) {
    return e.what();
  }
  return "";
}

void run_pass(const std::vector<std::string>& changes, const scratch_folder& folder, int threads = 2) {
  run(small_plan(changes, pass), {folder.path, if_there::refuse, threads, true});
}

Tensor all_rows(const fs::path& file, const std::string& dataset) {
  const storage::hdf5_reader in(file);
  return in.rows(dataset, 0, in.layout(dataset).shape[0]);
}

}

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

TEST_CASE("joins that cannot be made are refused with both places before anything is written") {
  scratch_folder data;
  const fs::path file = data_file(data.path, 70), shorter = data_file(data.path, 69, "shorter.h5");
  const std::vector<std::string> two{rows_of("a", file, ", dataset: x"), rows_of("b", shorter, ", dataset: x")};
  auto with = two;
  with.push_back("graph.out={plugin: writer.hdf5, in: [a, b], file: both.h5}");
  CHECK(has(problems_of_pass(with),
            "out.in: got the tensor 'x0' from both a and b, need another name: as: {b.x0: other}"));
  with.back() = "graph.out={plugin: writer.hdf5, in: [a, b], as: {b.x0: y}, file: both.h5}";
  const std::string unequal = problems_of_pass(with);
  CHECK(has(unequal, "out.in: joins 'a', which has 70 rows ("));
  CHECK(has(unequal, "), with 'b', which has 69 rows ("));
  with.back() = "graph.out={plugin: writer.hdf5, in: [a, b], as: {b.z: y}, file: both.h5}";
  CHECK(has(problems_of_pass(with), "out.as: got 'z', but b gives label, row, x0"));
  with.back() = "graph.out={plugin: writer.hdf5, in: [a, b], as: {c.x0: y}, file: both.h5}";
  CHECK(has(problems_of_pass(with), "out.as: got 'c.x0', but 'c' is no input of this node"));
  with.back() = "graph.out={plugin: writer.hdf5, in: [a, b], as: {x0: y}, file: both.h5}";
  CHECK(has(problems_of_pass(with), "out.as: got 'x0' for 2 inputs, need <node>.x0"));
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

TEST_CASE("of: a folder that is no run is refused at its place") {
  scratch_folder data;
  const fs::path file = data_file(data.path, 10);
  const auto of = [&](const std::string& folder) {
    return problems_of_pass({rows_of("data", file, ", dataset: x"),
                             fmt::format("graph.drawn={{plugin: sampler.ddim, in: data, of: '{}'}}", folder),
                             "graph.out={plugin: writer.hdf5, in: drawn, file: drawn.h5}"});
  };
  CHECK(has(of(data.path.string()), "which is no folder of a finished run; it has no pipeline.yaml"));
  CHECK(has(of("modl"), "drawn.of: there is no node 'modl', and no folder of a run"));
  CHECK(has(of("data"), "drawn.of: got 'data', which is a loader, need a model, or the folder of a finished run"));
}

TEST_CASE("edges that cannot be are refused, each with its place and remedy") {
  const auto node = [](const std::string& text) { return problems_of({"graph.n={" + text + "}"}); };
  CHECK(has(node("plugin: writer.hdf5, in: noiser, file: a.h5"),
            "n.every: is missing; need the steps between batches of the training that it takes"));
  CHECK(has(node("plugin: writer.hdf5, in: loss, file: a.h5"), "or, for the course of the loss, in: trainer"));
  CHECK(has(node("plugin: metric.frechet, in: model"), "n.in: got 'model', which gives"));
  CHECK(has(node("plugin: writer.hdf5, in: [noiser, noiser], every: 3, file: a.h5"), "n.in: got 'noiser' twice"));
  CHECK(has(node("plugin: writer.hdf5, in: [], every: 3, file: a.h5"), "n.in: got an empty list"));
  CHECK(has(problems_of({"graph.loader.in=trainer"}), "loader.in: a loader has no input"));
  CHECK(has(problems_of({"graph.loss.in=noiser"}),
            "loss.in: got 'noiser', which gives noise, t, weight, x0, xt, need the tensor 'output', as model gives"));
  CHECK(has(problems_of({"graph.noiser.in=loss"}), "the graph has a cycle"));
  CHECK(has(problems_of({"graph.w={plugin: writer.hdf5, in: v, file: w.h5}",
                         "graph.v={plugin: writer.hdf5, in: noiser, every: 2, file: v.h5}"}),
            "w.in: got 'v', which is a writer and gives nothing"));
}

TEST_CASE("every: one message that is right for where the sink stands") {
  scratch_folder data;
  const std::string both = "as: {other.x0: y}, file: a.h5";
  const std::string here = "--set graph.n: n";
  CHECK(problems_of({rows_of("other", data_file(data.path, 96), ", dataset: s"),
                     "graph.n={plugin: writer.hdf5, in: [noiser, other], " + both + "}"}) == "");
  const auto one = [&](const std::string& node, const std::string& line) {
    const std::string found =
        problems_of({rows_of("other", data_file(data.path, 96), ", dataset: s"), "graph.n={" + node + "}"});
    CHECK_MESSAGE(found == here + line, found);
  };
  one("plugin: writer.hdf5, every: 4, in: [noiser, other], " + both,
      ".every: it works at the end only, because 'other' is no part of the training; need none");
  one("plugin: writer.hdf5, every: 4, in: other, file: a.h5",
      ".every: it works at the end only, because 'other' is no part of the training; need none");
  for (const std::string every : {"", "every: 4, "})
    one("plugin: writer.hdf5, " + every + "in: [model, other], " + both,
        ".in: joins 'model', a model, which works in the training only, with 'other', which is no part of it; need "
        "nodes of the training alone");
  one("plugin: metric.frechet, in: other, as: {x0: samples}", ".in: got 'other', need a sampler");
  const auto behind = [](const std::string& node) {
    return problems_of({"graph.drawn={plugin: sampler.ddim, of: model}",
                        "graph.bound={plugin: metric.bound, of: model}", "graph.n={" + node + "}"});
  };
  CHECK(
      has(behind("plugin: writer.hdf5, every: 4, in: drawn, file: a.h5"), "whenever 'drawn' does, need every: there"));
  CHECK(
      has(behind("plugin: writer.hdf5, every: 4, in: bound, file: a.h5"), "whenever 'bound' does, need every: there"));
  CHECK(has(behind("plugin: writer.hdf5, every: 4, in: trainer, file: a.h5"),
            "n.every: the course of the loss is written at the end only, need none"));
  CHECK(has(behind("plugin: writer.hdf5, in: [model, drawn], file: a.h5"),
            "n.in: joins 'model', a model, which works in the training only, with 'drawn', which is no part of it"));
  for (const std::string sink : {"trainer", "bound"})
    CHECK(has(behind("plugin: writer.hdf5, in: [" + sink + ", noiser], file: a.h5"),
              "n.in: joins '" + sink + "', which is a "));
}

TEST_CASE("parameters that choose rows are refused where the stream has chosen them") {
  scratch_folder data, folder;
  const std::string rows = rows_of("other", data_file(data.path, 96), ", dataset: x");
  const auto of = [&](const std::string& node) {
    return problems_of({rows, "graph.n={" + node + "}", "graph.w={plugin: writer.hdf5, in: n, file: a.h5}"});
  };
  for (const auto& [parameter, why] :
       {std::pair{"samples: 1000", "gives as many rows as it has"}, std::pair{"split: auto", "gives rows of its own"},
        std::pair{"chunk: 5", "gives batches of its own"}}) {
    const std::string name = std::string(parameter).substr(0, std::string(parameter).find(':'));
    CHECK(of("plugin: metric.bound, of: model, in: other, " + std::string(parameter)) ==
          "--set graph.n: n." + name + ": has no meaning behind 'other', which " + why + "; leave it out");
    CHECK(of("plugin: metric.bound, of: model, " + std::string(parameter)).find("no meaning") == std::string::npos);
  }
  CHECK(has(of("plugin: sampler.ddim, of: model, in: other, as: {x0: z}, start: z, chunk: 3"),
            "n.chunk: has no meaning behind 'other'"));
  // The pipeline that the run writes can be read again.
  const std::vector<std::string> changes{rows, "graph.n={plugin: metric.bound, of: model, in: other}"};
  const config::value resolved = small_plan(changes).resolved();
  CHECK(!resolved.find("graph")->find("n")->contains("samples"));
  CHECK(make_plan(resolved, test_plugins()).resolved() == resolved);
  CHECK(has(
      [&] {
        try {
          run_small({rows, "graph.n={plugin: metric.ceiling, of: model, in: other}"}, 2, folder);
        } catch (const error& e) {
          return std::string(e.what());
        }
        return std::string();
      }(),
      "n.in: metric.ceiling measures no rows of data, need none"));
}

TEST_CASE("an input or a model that cannot be read is one problem") {
  const auto of = [](const std::string& node) { return problems_of({"graph.n={" + node + "}"}); };
  for (const std::string in : {"[]", "{a: b}", "[[noiser]]"}) {
    for (const std::string node : {"plugin: writer.hdf5, file: a.h5", "plugin: metric.frechet"}) {
      const std::string found = of(node + ", as: {x0: y}, in: " + in);
      CAPTURE(found);
      CHECK(has(found, "n.in: got "));
      CHECK(std::count(found.begin(), found.end(), '\n') == 0);
    }
  }
  for (const std::string model : {"[model]", "{a: model}", "''"}) {
    const std::string found = of("plugin: metric.bound, of: " + model);
    CAPTURE(found);
    CHECK(has(found, "n.of: got "));
    CHECK(std::count(found.begin(), found.end(), '\n') == 0);
  }
  CHECK(has(of("plugin: sampler.ddim, of: model, as: {x0: y}"), "n.as: names tensors of no input, need in:"));
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

TEST_CASE("what stands where only the training works, or behind the end of a stream, is refused") {
  const auto with = [](const std::string& node) { return problems_of({"graph.n={" + node + "}"}); };
  CHECK(
      has(with("plugin: sampler.ddim, in: model, of: model"), "n.in: stands behind 'model', a model, which works in"));
  CHECK(has(with("plugin: metric.bound, in: loss, of: model"), "n.in: stands behind 'model', a model, which works in"));
  CHECK(has(with("plugin: sampler.ddim, of: model, start: z"),
            "n.in: is missing; need in: the node that gives the tensor 'z'"));
  CHECK(has(with("plugin: sampler.ddim, in: noiser, of: model, start: z"), "need the tensor 'z'"));
  CHECK(has(with("plugin: transform.clip, in: trainer, low: 0"),
            "n.in: got 'trainer', which is a trainer and gives arrays at its end, need a writer to take them"));
  CHECK(has(problems_of({"graph.drawn={plugin: sampler.ddim, of: model}",
                         "graph.n={plugin: transform.clip, in: drawn, as: {samples: x0}, low: 0}",
                         "graph.w={plugin: writer.hdf5, in: n, file: a.h5}"}),
            "n.in: stands behind 'drawn', a sampler, need in: a loader or another transform"));
  CHECK(has(with("plugin: writer.hdf5, in: noiser, as: {noise: x0}, every: 2, file: a.h5"),
            "n.as: gives two tensors of noiser the name 'x0', need different names"));
  CHECK(!has(with("plugin: writer.hdf5, in: noiser, as: {noise: x0, x0: noise}, every: 2, file: a.h5"), "n.as"));
}

TEST_CASE("rows of two loaders are joined in training only in their own order") {
  scratch_folder data, folder;
  const fs::path file = data_file(data.path, 96);
  std::vector<std::string> changes{rows_of("loader", file, ", dataset: x"), rows_of("more", file, ", dataset: s"),
                                   "graph.noiser={plugin: noiser.marginal, in: [loader, more], as: {more.x0: sum}}",
                                   "graph.seen={plugin: writer.hdf5, in: noiser, every: 8, file: seen.h5}"};
  CHECK(has(problems_of(changes), "more.order: got shuffled, need sequential, because noiser joins its rows"));
  changes.insert(changes.end(), {"graph.loader.order=sequential", "graph.more.order=sequential"});
  run_small(changes, 2, folder);
  const fs::path seen = folder.path / "seen-step-8.h5";
  CHECK(at::allclose(all_rows(seen, "x0").sum(1, true), all_rows(seen, "sum")));
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
