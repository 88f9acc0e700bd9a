// Runs that the tests of embedding open, trained in a blink, and the rows that noneq itself makes of them.
#pragma once

#include <numeric>

#include "../app/tiny.hpp"
#include "noneq/runs.hpp"
#include "noneq/storage/hdf5.hpp"

namespace testing {

// A place with the finished runs
//   tiny/         x0 [2] on the Swiss roll
//   conditional/  a model that reads the vector `low` [3] and classes 0 … 2 beside x0 [2]; it has no sampler
//   logarithms/   x0 [2] above 0, of which the model sees the logarithm, and classes 1 … 3; its sampler has settings
inline const scratch& trained_runs() {
  static const scratch place;
  static const bool done = [] {
    copy_run(place / "tiny");
    noneq::storage::hdf5_writer data(place / "data.h5");
    data.write("x", at::linspace(-1, 1, 128).reshape({64, 2}));
    data.write("low", at::linspace(5, 8, 192).reshape({64, 3}));
    data.write("class", at::arange(64, at::kLong).remainder(3));
    data.write("above", at::linspace(0.1, 5, 128).reshape({64, 2}));
    data.write("from_one", at::arange(64, at::kLong).remainder(3) + 1);
    data.close();
    std::string text =
        tiny_with("{plugin: loader.swiss_roll, batch: 32}",
                  "{plugin: loader.hdf5, file: data.h5, read: {x0: x, low: low}, labels: class, batch: 32}");
    const auto put = [&](const std::string& before, const std::string& now) {
      text.replace(text.find(before), before.size(), now);
    };
    put("hidden: [8]}", "hidden: [8], condition: [low]}");
    put("  sampler: {plugin: sampler.ancestral, of: model, count: 16}\n  samples: {plugin: writer.hdf5, in: sampler, "
        "file: "
        "samples.h5}\n",
        "");
    put_text(place / "conditional.yaml", text);
    put_text(place / "logarithms.yaml", R"(name: logarithms
seed: 5
process:
  kernel: gaussian
  schedule: {plugin: cosine, steps: 10}
  mean: v
graph:
  loader: {plugin: loader.hdf5, file: data.h5, dataset: above, labels: from_one, first_class: 1, batch: 32}
  log: {plugin: transform.log, in: loader}
  noiser: {plugin: noiser.marginal, in: log}
  model: {plugin: model.mlp, in: noiser, hidden: [8]}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 60}
  sampler: {plugin: sampler.ddim, of: model, count: 16, steps: 7, eta: 1, labels: [2, 0]}
  samples: {plugin: writer.hdf5, in: sampler, file: samples.h5}
)");
    for (const char* run : {"conditional", "logarithms"}) {
      const outcome o = program({"run", std::string(run) + ".yaml", "--out", run, "--quiet", "--no-report"},
                                {.folder = place.folder()});
      CHECK_MESSAGE(o.code == 0, o.err);
    }
    return true;
  }();
  (void)done;
  return place;
}

// The rows of a dataset in a file of the place above, as float32.
inline std::vector<float> rows_in(const std::string& file, const std::string& dataset) {
  const noneq::storage::hdf5_reader reader(trained_runs() / file);
  const at::Tensor x = reader.rows(dataset, 0, reader.layout(dataset).shape[0]).to(at::kFloat).contiguous();
  return {x.data_ptr<float>(), x.data_ptr<float>() + x.numel()};
}

// Calls f, which throws a failure, and returns its text; "" when it throws none.
template <class F>
std::string failure_in(F&& f, noneq::runs::failure::cause expected = noneq::runs::failure::cause::bad_input) {
  try {
    f();
  } catch (const noneq::runs::failure& e) {
    CHECK(static_cast<int>(e.why) == static_cast<int>(expected));
    return e.what();
  }
  return "";
}

}
