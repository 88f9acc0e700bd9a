#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/flow/workers.hpp"
#include "noneq/storage/hdf5.hpp"

using namespace noneq;

TEST_CASE("an exception inside the graph surfaces once, with the node and its line") {
  scratch_folder folder;
  std::filesystem::create_directories(folder.path);
  const auto file = folder.path / "broken.h5";
  Tensor x = at::randn({4096, 2});
  x[3000][1] = std::nan("");
  {
    hdf5_writer w(file);
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
  const checkpoint last = load_checkpoint(out.path / "checkpoint");
  CHECK(last.meta.at("finished") == false);
}

TEST_CASE("ordered() uses chunks in order and parallel() rethrows") {
  workers pool(2);
  std::vector<std::int64_t> seen;
  pool.ordered(
      50,
      [](std::int64_t i) {
        return batch{i, 0, {}};
      },
      [&](const batch& b) { seen.push_back(b.step); });
  REQUIRE(seen.size() == 50);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK_THROWS_AS(pool.parallel(10,
                                [](std::int64_t i) {
                                  if (i == 7) throw error("seven");
                                }),
                  error);
}
