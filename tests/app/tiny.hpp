// A pipeline that trains in a blink, and one finished run of it that all tests may read.
#pragma once

#include "doctest.hpp"
#include "program.hpp"

namespace testing {

inline const std::string tiny_pipeline = R"(name: tiny
seed: 3
process:
  kernel: gaussian
  schedule: {plugin: log_snr, steps: 10, first_beta: 0.01}
  mean: v
graph:
  loader: {plugin: loader.swiss_roll, batch: 32}
  noiser: {plugin: noiser.marginal, in: loader}
  model: {plugin: model.mlp, in: noiser, hidden: [8]}
  loss: {plugin: loss.bound, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 60, ema: [0.9], checkpoint: 20, log: 10}
  bound: {plugin: metric.bound, of: model, samples: 64}
  sampler: {plugin: sampler.ancestral, of: model, count: 16}
  samples: {plugin: writer.hdf5, in: sampler, file: samples.h5}
)";

// The pipeline with a part of its text replaced.
inline std::string tiny_with(const std::string& old_text, const std::string& new_text) {
  std::string text = tiny_pipeline;
  const auto at = text.find(old_text);
  if (at == text.npos) throw std::runtime_error("the tiny pipeline has no '" + old_text + "'");
  return text.replace(at, old_text.size(), new_text);
}

// A place with tiny.yaml and a finished run of it in tiny/.
inline const scratch& finished_run() {
  static const scratch place;
  static const bool done = [] {
    put_text(place / "tiny.yaml", tiny_pipeline);
    const outcome o =
        program({"run", "tiny.yaml", "--out", "tiny", "--threads", "2", "--quiet"}, {.folder = place.folder()});
    CHECK_MESSAGE(o.code == 0, o.err);
    CHECK(o.err == "");
    CHECK(o.out == "");
    return true;
  }();
  (void)done;
  return place;
}

// A copy of the finished run that a test may damage.
inline void copy_run(const std::filesystem::path& to) {
  std::filesystem::copy(finished_run() / "tiny", to, std::filesystem::copy_options::recursive);
}

// The file that the run's checkpoint.json names.
inline std::filesystem::path tensors_of(const std::filesystem::path& run) {
  const std::string text = text_of(run / "checkpoint/checkpoint.json");
  const auto at = text.find("tensors-");
  if (at == text.npos) throw std::runtime_error("no tensors in " + run.string());
  return run / "checkpoint" / text.substr(at, text.find('"', at) - at);
}

// Removes the checkpoints before the last.
inline void remove_earlier_checkpoints(const std::filesystem::path& run) {
  std::error_code none_there;
  for (const auto& file : std::filesystem::directory_iterator(run / "checkpoint", none_there))
    if (file.path().filename().string().starts_with("checkpoint-")) std::filesystem::remove(file.path());
}

// `noneq check` of a pipeline called p.yaml.
inline outcome check(const std::string& yaml, surroundings around = {}) {
  const scratch place;
  put_text(place / "p.yaml", yaml);
  around.folder = place.folder();
  return program({"check", "p.yaml"}, around);
}

}
