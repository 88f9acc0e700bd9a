// Graphs that cannot run, each refused with its place and remedy.
#include "doctest.hpp"
#include "flow/passes.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

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

TEST_CASE("what stands where only the training works, or behind the end of a stream, is refused") {
  const auto with = [](const std::string& node) { return problems_of({"graph.n={" + node + "}"}); };
  CHECK(
      has(with("plugin: sampler.ddim, in: model, of: model"), "n.in: stands behind 'model', a model, which works in"));
  CHECK(has(with("plugin: metric.bound, in: loss, of: model"), "n.in: stands behind 'model', a model, which works in"));
  CHECK(has(with("plugin: sampler.ddim, of: model, start: z"), "n.in: is missing; need rows with the tensor 'z'"));
  CHECK(has(with("plugin: sampler.ddim, in: noiser, of: model, start: z"),
            "n.start: got 'z', need a tensor that 'noiser' gives: "));
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

TEST_CASE(
    "a pass through a finished run is refused before it begins, where its steps or its rows do not fit the model") {
  scratch_folder trained, data;
  run_small({}, 2, trained);
  const std::string of = fmt::format("of: '{}'", trained.path.string());
  const std::string x = rows_of("data", data_file(data.path, 10), ", dataset: x"),
                    s = rows_of("data", data.path / "rows.h5", ", dataset: s");
  const std::string writer = "graph.out={plugin: writer.hdf5, in: drawn, file: drawn.h5}";
  CHECK(has(problems_of_pass({x, "graph.drawn={plugin: sampler.ddim, in: data, steps: 13, " + of + "}", writer}),
            "drawn.steps: got 13 steps, need at most the schedule's T = 12"));
  CHECK(has(problems_of_pass({s, "graph.bound={plugin: metric.bound, in: data, " + of + "}"}),
            "bound.in: got rows of shape [1], need those of the model, [2]"));
}

TEST_CASE("a problem with a parameter is reported where the parameter stands, and a misspelt key once") {
  const auto problems = [](std::string text, const std::string& old_text, const std::string& new_text) {
    text.replace(text.find(old_text), old_text.size(), new_text);
    try {
      small_plan({}, text.c_str());
    } catch (const error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  const auto of_small = [&](const std::string& old_text, const std::string& new_text) {
    return problems(small_pipeline, old_text, new_text);
  };
  const std::string joined = of_small("noiser: {plugin: noiser.marginal, in: loader}",
                                      "more: {plugin: loader.swiss_roll, batch: 7}\n"
                                      "  noiser: {plugin: noiser.marginal, in: [loader, more], as: {more.x0: low}}");
  CHECK(joined ==
        "small.yaml:11:44: more.batch: got 7, need 96, the batch of 'loader', with whose rows noiser joins "
        "its own");
  CHECK(of_small("process:", "proces:") == "small.yaml:4:1: unknown key 'proces', did you mean 'process'?");
  CHECK(of_small("graph:", "grahp:") == "small.yaml:9:1: unknown key 'grahp', did you mean 'graph'?");
  CHECK(of_small("kernel: gaussian", "kernle: gaussian") ==
        "small.yaml:5:3: process: unknown key 'kernle', did you mean 'kernel'?");
  CHECK(has(of_small("plugin: model.mlp", "plugni: model.mlp"), "got the key 'plugni', need the key 'plugin'"));
  CHECK(of_small("steps: 12", "stesp: 12") ==
        "small.yaml:6:31: process.schedule.stesp: schedule.log_snr has no parameter 'stesp', did you mean 'steps'?");
  CHECK(has(of_small("hidden: [16, 16]", "hidden: 16, 17"),
            "model.17: model.mlp has no parameter '17'; it has no value: is it one of a list, which needs brackets"));
  CHECK(has(
      of_small("hidden: [16, 16]", "hidden: [16, 16], condition: [noies]"),
      "small.yaml:12:72: model.condition: got 'noies', need a tensor that 'noiser' gives: noise, t, weight, x0, xt, "
      "did you mean 'noise'?"));
  CHECK(has(of_small("shards: 2", "rate:2.0e-3"), "has no parameter 'rate:2.0e-3'; need a space behind the ':'"));
  CHECK(of_small("in: noiser, hidden", "inn: noiser, hidden") ==
        "small.yaml:12:30: model.inn: model.mlp has no parameter 'inn', did you mean 'in'?");
}
