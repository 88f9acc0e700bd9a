// Networks that leave the program and come back.
#include <nlohmann/json.hpp>

#include "noneq/core/random.hpp"
#include "noneq/flow/folder_lock.hpp"
#include "noneq/storage/hdf5.hpp"
#include "noneq/storage/safetensors.hpp"
#include "tiny.hpp"

using namespace testing;
using noneq::storage::load_safetensors;

namespace {

const std::string unet_pipeline = R"(name: images
seed: 3
process:
  kernel: gaussian
  schedule: {plugin: linear, steps: 1000}
  mean: epsilon
  variance: fixed_large
graph:
  loader: {plugin: loader.hdf5, file: images.h5, dataset: x, batch: 16}
  images: {plugin: transform.channels, in: loader, from: none}
  noiser: {plugin: noiser.marginal, in: images}
  model: {plugin: model.unet, in: noiser, channels: 8, multipliers: [1, 2], blocks: 1, attention: [4], precision: fp32}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 10, rate: 1.0e-2, ema: [0.5]}
)";

// A place with a finished run of a U-Net in images/, in.safetensors and the run's answer to it.
struct trained {
  scratch place;
  at::Tensor y;

  trained() {
    noneq::storage::hdf5_writer file(place / "images.h5");
    file.write("x", noneq::stream(1).uniform({32, 8, 8}));
    file.close();
    put_text(place / "images.yaml", unet_pipeline);
    run({"run", "images.yaml", "--out", "images", "--quiet"});
    noneq::storage::save_safetensors(
        place / "in.safetensors",
        {{{"x", noneq::stream(2).normal({3, 1, 8, 8})}, {"t", at::tensor({0, 400, 999}, at::kLong)}}, {}});
    y = predicted("images");
    CHECK(y.abs().max().item<double>() > 1e-3);
  }
  outcome attempt(const std::vector<std::string>& arguments) const {
    return program(arguments, {.folder = place.folder()});
  }
  void run(const std::vector<std::string>& arguments) const {
    const outcome o = attempt(arguments);
    REQUIRE_MESSAGE(o.code == 0, o.err);
  }
  at::Tensor predicted(const std::string& of) const {
    run({"predict", of, "--in", "in.safetensors", "--out", "y.safetensors", "--force"});
    return load_safetensors(place / "y.safetensors").tensors.at("y");
  }
};

const trained& one_run() {
  static const trained t;
  return t;
}

}

TEST_CASE("a U-Net exported for diffusers predicts as the run does") {
  const trained& r = one_run();
  for (const char* version : {"0.14.0", "0.30.0"}) {
    r.run({"export", "images", "--format", "diffusers", "--diffusers-version", version, "--out", version});
    CHECK((r.predicted(version) - r.y).abs().max().item<double>() < 1e-6);
    const auto scheduler = nlohmann::json::parse(text_of(r.place / version / "scheduler" / "scheduler_config.json"));
    CHECK(scheduler["prediction_type"] == "epsilon");
    CHECK(scheduler["num_train_timesteps"] == 1000);
  }
}

TEST_CASE("safetensors hold the averaged weights or the raw ones, by name") {
  const trained& r = one_run();
  r.run({"export", "images", "--format", "safetensors", "--out", "ema.safetensors"});
  r.run({"export", "images", "--format", "safetensors", "--weights", "raw", "--out", "raw.safetensors"});
  const auto ema = load_safetensors(r.place / "ema.safetensors").tensors,
             raw = load_safetensors(r.place / "raw.safetensors").tensors;
  CHECK(ema.at("conv_in.weight").sizes() == at::IntArrayRef{8, 1, 3, 3});
  CHECK(ema.size() == raw.size());
  CHECK(!at::equal(ema.at("conv_in.weight"), raw.at("conv_in.weight")));
  const std::vector<std::string> as_folder{"export", "images", "--format", "diffusers", "--out", "folder"};
  std::filesystem::create_directory(r.place / "folder");
  r.run(as_folder);
  const outcome again = r.attempt(as_folder);
  CHECK(again.code == 2);
  CHECK(again.err == "folder: is there already; give --out another folder, or --force to replace files in it\n");
  for (const auto& [name, tensor] :
       load_safetensors(r.place / "folder" / "diffusion_pytorch_model.safetensors").tensors)
    CHECK(at::equal(ema.at(name), tensor));
}

TEST_CASE("what cannot be exported is refused") {
  const outcome mlp =
      program({"export", "tiny", "--format", "diffusers", "--out", "x"}, {.folder = finished_run().folder()});
  CHECK(mlp.code == 2);
  CHECK(
      says(mlp.err, "got model.mlp, which cannot be exported as diffusers; need model.unet, or --format safetensors"));
  const outcome place = one_run().attempt({"export", "images", "--format", "torchscript", "--out", "/nowhere/x.pt"});
  CHECK(place.code == 2);
  CHECK(says(place.err, "/nowhere/x.pt: cannot write"));
}

TEST_CASE("what a run recorded is exported for TensorBoard, whatever ended the run") {
  const scratch place;
  const surroundings here{.folder = place.folder()};
  copy_run(place / "r");
  std::filesystem::remove_all(place / "r/checkpoint");  // it crashed before its first one
  const auto events = [&](const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(place / folder))
      if (const std::string name = entry.path().filename().string(); says(name, "tfevents")) names.push_back(name);
    return names;
  };
  const std::vector<std::string> words{"export", "r", "--format", "tensorboard"};
  const outcome first = program(words, here);
  REQUIRE_MESSAGE(first.code == 0, first.err);
  REQUIRE(events("r").size() == 1);
  CHECK(first.out == "r/" + events("r")[0] + "\n");
  CHECK(program(words, here).code == 0);
  CHECK(events("r").size() == 1);  // it replaces its own file
  auto elsewhere = words;
  elsewhere.insert(elsewhere.end(), {"--out", "board/r"});
  CHECK(program(elsewhere, here).code == 0);
  CHECK(events("board/r").size() == 1);
  CHECK(text_of(place / "board/r" / events("board/r")[0]).size() == text_of(place / "r" / events("r")[0]).size());
  const outcome taken = program(elsewhere, here);  // it may be that of another run
  CHECK(taken.code == 2);
  CHECK(taken.err == "board/r: is there already; give --out another folder, or --force to replace files in it\n");
  const std::vector<std::string> kept = events("board/r");
  elsewhere.push_back("--force");
  CHECK(program(elsewhere, here).code == 0);
  CHECK(events("board/r").size() == 1);
  CHECK(events("board/r") != kept);

  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& line) {
    const outcome o = program(arguments, here);
    CHECK(o.code == 2);
    CHECK_MESSAGE(says(o.err, line), o.err);
    CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
  };
  refused({"export", "r", "--format", "safetensors"}, "--out is required");
  refused({"export", "r", "--format", "tensorboard", "--weights", "raw"}, "leave out --weights");
  refused({"export", "nowhere", "--format", "tensorboard"}, "nowhere: got nothing of this name");
  put_text(place / "file", "");
  refused({"export", "r", "--format", "tensorboard", "--out", "file"}, "--out got 'file', a file, need a folder");
  refused({"export", "r", "--format", "tensorboard", "--out", "r/checkpoint"}, "where the run keeps checkpoint");
  copy_run(place / "other");
  const std::vector<std::string> into_other{"export", "r", "--format", "tensorboard", "--out", "other", "--force"};
  refused(into_other, "--out got 'other', which is the folder of the run; need another name");
  {
    const noneq::flow::folder_lock at_work(place / "r");
    refused(words, "r: is in use by process");
  }
  CHECK(events("r").size() == 1);

  put_text(place / "r/metrics.h5", "damaged");
  const outcome damaged = program(words, here);
  CHECK(damaged.code == 0);
  CHECK_MESSAGE(says(damaged.err, "r/metrics.h5"), damaged.err);
  CHECK_MESSAGE(says(damaged.err, "; TensorBoard gets no histograms\n"), damaged.err);
  CHECK(std::count(damaged.err.begin(), damaged.err.end(), '\n') == 1);
  REQUIRE(program({"data", "make", "swiss_roll", "--count", "4", "--out", "x.h5"}, here).code == 0);
  put_text(place / "p.yaml",
           "name: p\ngraph:\n  data: {plugin: loader.hdf5, file: x.h5}\n  out: {plugin: writer.hdf5, in: data, file: "
           "y.h5}\n");
  refused({"run", "p.yaml", "--tensorboard"}, "--tensorboard got a pipeline whose sinks all write files in units");
  CHECK(!std::filesystem::exists(place / "runs/p"));
}
