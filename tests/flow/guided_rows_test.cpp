// Guides that read the rows of the stream in which their sampler stands.
#include "doctest.hpp"
#include "flow/passes.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

namespace {

// Returns the samples of a graph whose sampler knows all numbers of its rows, up to noise of deviation 0.01.
Tensor drawn_given(const fs::path& trained, const std::vector<std::string>& nodes, const std::string& in) {
  scratch_folder folder;
  std::vector<std::string> changes = nodes;
  changes.push_back(
      fmt::format("graph.drawn={{plugin: sampler.ddim, steps: 4, {}, of: '{}', guides: {{plugin: "
                  "gaussian_observation, observation: seen, deviation: 0.01}}}}",
                  in, trained.string()));
  changes.push_back("graph.out={plugin: writer.hdf5, in: drawn, file: drawn.h5}");
  run_pass(changes, folder);
  return all_rows(folder.path / "drawn.h5", "samples");
}

}

TEST_CASE("guides get values in data units, wherever the stream normalises or joins them") {
  scratch_folder trained, data;
  run_small({}, 2, trained);
  const fs::path file = data_file(data.path, 12);
  const std::vector<std::string> plain{rows_of("data", file, ", dataset: x")};
  const Tensor expected = drawn_given(trained.path, plain, "in: data, as: {x0: seen}");
  CHECK(at::allclose(expected, all_rows(file, "x"), 0.1, 0.1));
  std::vector<std::string> scaled = plain;
  scaled.push_back("graph.scaled={plugin: transform.range, values: [-40, 90], in: data}");
  CHECK(at::allclose(drawn_given(trained.path, scaled, "in: scaled, as: {x0: seen}"), expected, 1e-3, 1e-3));
  scaled.push_back(rows_of("sums", file, ", dataset: s"));
  scaled.push_back("graph.joined={plugin: transform.clip, low: -100, in: [sums, scaled], as: {scaled.x0: seen}}");
  CHECK(at::allclose(drawn_given(trained.path, scaled, "in: joined"), expected, 1e-3, 1e-3));
}

TEST_CASE("a finished run is resumed with a guided sampler, whose data has a transform that learns") {
  scratch_folder data, folder;
  const fs::path file = data_file(data.path, 40);
  run_small({"graph.trainer.steps=12"}, 2, folder);
  const std::vector<std::string> more{
      rows_of("seen", file, ", dataset: x"), "graph.scaled={plugin: transform.standardise, in: seen}",
      "graph.drawn={plugin: sampler.ddim, of: model, in: scaled, as: {x0: y}, steps: 4, guides: {plugin: "
      "gaussian_observation, observation: y, deviation: 0.01}}",
      "graph.out={plugin: writer.hdf5, in: drawn, file: drawn.h5}"};
  const finished_run resumed = run_small(more, 2, folder, if_there::resume);
  CHECK(resumed.saved.meta.at("step") == 24);
  CHECK(at::allclose(all_rows(folder.path / "drawn.h5", "samples"), all_rows(file, "x"), 0.2, 0.2));
  // It goes on from there, with the state that the transform has now.
  CHECK_NOTHROW(run_small(
      [&] {
        auto longer = more;
        longer.push_back("graph.trainer.steps=30");
        return longer;
      }(),
      2, folder, if_there::resume));
}

TEST_CASE("a stream that lacks what a guide reads is refused before anything runs") {
  const std::string guides = "guides: [{plugin: known_values}, {plugin: known_values, values: other}]";
  CHECK(has(problems_of({"graph.s={plugin: sampler.ddim, of: model, " + guides + "}"}),
            "s.in: is missing; need rows with the tensors 'mask', 'other', 'values'"));
  CHECK(has(
      problems_of({"graph.s={plugin: sampler.ddim, of: model, in: loader, as: {x0: values}, guides: known_values}"}),
      "need the tensor 'mask', which nothing before it writes"));
}
