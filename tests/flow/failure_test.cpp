#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/flow/workers.hpp"
#include "noneq/storage/hdf5.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

TEST_CASE("an exception inside the graph surfaces once, with the node and its line") {
  scratch_folder folder;
  std::filesystem::create_directories(folder.path);
  const auto file = folder.path / "broken.h5";
  Tensor x = at::randn({4096, 2});
  x[3000][1] = std::nan("");
  {
    storage::hdf5_writer w(file);
    w.write("x", x);
    w.close();
  }
  scratch_folder out;
  std::string message;
  try {
    run_small({"graph.loader={plugin: loader.hdf5, file: " + file.string() + ", batch: 64}", "graph.trainer.steps=200"},
              2, out);
  } catch (const error& e) {
    message = e.what();
  }
  CHECK(message.find("loader") != std::string::npos);
  CHECK(message.find("NaN") != std::string::npos);
}

TEST_CASE("a loss that is not finite stops the run and keeps the last checkpoint") {
  scratch_folder out;
  std::string message;
  try {
    run_small({"graph.trainer.rate=1e30", "graph.trainer.checkpoint=1", "graph.trainer.steps=400",
               "process.variance=learned"},
              2, out);
  } catch (const error& e) {
    message = e.what();
  }
  CHECK(message.find("the loss became") != std::string::npos);
  CHECK(message.find("small.yaml:") != std::string::npos);
  const storage::checkpoint last = storage::load_checkpoint(out.path / "checkpoint");
  CHECK(last.meta.at("finished") == false);
}

namespace {

// What a run says whose loss, or its gradient, is no number at step 8, with a checkpoint after every third.
std::string failed_at_step_8(const std::filesystem::path& out, const std::string& how, const std::string& checkpoint) {
  static const std::filesystem::path build = std::getenv("NONEQ_BUILD");
  static registry plugins({build / "plugins", build / "tests" / "plugins"});
  scratch_folder data;
  std::filesystem::create_directories(data.path);
  storage::hdf5_writer w(data.path / "x.h5");
  w.write("x", stream(1).normal({96, 2}));
  w.close();
  config::value document = config::parse_text(small_pipeline, "small.yaml");
  for (const std::string& change : {"graph.loader={plugin: loader.hdf5, file: '" + (data.path / "x.h5").string() +
                                        "', batch: 32, order: sequential}",
                                    "graph.loss={plugin: loss.not_a_number, in: model, step: 8" + how + "}",
                                    "graph.trainer.checkpoint=" + checkpoint})
    config::apply_override(document, change);
  try {
    run(make_plan(document, plugins), {out, if_there::refuse, 2, true});
  } catch (const error& e) {
    return e.what();
  }
  return "";
}

}

TEST_CASE("a loss that is no number names the step, the rows and the last good checkpoint") {
  scratch_folder out, early;
  // The eighth batch of 32 of 96 rows in order is 32 … 63.
  const std::string said = failed_at_step_8(out.path, ", row: 40", "3");
  INFO(said);
  CHECK(has(said, "loss: the loss became nan at step 8, in 1 of 32 samples: rows 40 (t = "));
  CHECK(has(said, "the last good checkpoint is " + (out.path / "checkpoint").string() + ", of step 6"));
  CHECK(said.find('\n') == said.npos);
  const storage::checkpoint last = storage::load_checkpoint(out.path / "checkpoint");
  CHECK(last.meta.at("step") == 6);
  CHECK(has(failed_at_step_8(early.path, ", row: 40", "100"), "there is no checkpoint yet"));
}

TEST_CASE("a gradient that is no number is never trained on, though its loss is one") {
  scratch_folder out;
  const std::string said = failed_at_step_8(out.path, ", gradient: true", "1");
  INFO(said);
  CHECK(has(said, "loss: the gradient of the loss, "));
  CHECK(has(said, "is not finite at step 8, in 32 of 32 samples: rows 32 (t = "));
  CHECK(has(said, ", of step 7"));
  const storage::checkpoint last = storage::load_checkpoint(out.path / "checkpoint");
  CHECK(last.meta.at("step") == 7);
  for (const auto& [name, tensor] : last.tensors)
    if (tensor.is_floating_point()) CHECK_MESSAGE(tensor.isfinite().all().item<bool>(), name);
}

TEST_CASE("what a writer cannot do is known before anything is trained") {
  const scratch_folder out;
  std::string message;
  try {
    run_small({"graph.s={plugin: sampler.ancestral, of: model}",
               "graph.f={plugin: writer.figure, in: s, file: f.png, draw: scatter}",
               "graph.h={plugin: writer.hdf5, in: s, file: s.h5}"},
              2, out);
  } catch (const input_error& e) {
    message = e.what();
  }
  CHECK(message.find("f: draw: scatter got sampler.ancestral without frames, need frames: 3 or more") !=
        std::string::npos);
  CHECK(!std::filesystem::exists(out.path / "checkpoint"));
  CHECK(!std::filesystem::exists(out.path / "s.h5"));
}
