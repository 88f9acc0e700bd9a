#include <sstream>

#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/diffusion/bound.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/hdf5.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

static std::map<std::string, measured> measured_in(const scratch_folder& folder) {
  std::map<std::string, measured> all;
  std::istringstream lines(storage::read_file(folder.path / "metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const auto r = nlohmann::json::parse(line);
    const auto number = [&](const char* key) { return r[key].is_null() ? std::nan("") : r[key].get<double>(); };
    all[r["name"]] = {r["name"], number("value"), r["unit"], number("stderr")};
  }
  return all;
}

TEST_CASE("with N(0, I) data and the forward kernel as reverse kernel, K is L_null under any schedule") {
  scratch_folder data, out;
  std::filesystem::create_directories(data.path);
  const auto file = data.path / "normal.h5";
  {
    storage::hdf5_writer w(file);
    w.write("x", stream(1).normal({20000, 3}));
    w.close();
  }
  for (const std::string schedule : {"{plugin: linear, steps: 50, last: 0.2}", "{plugin: cosine, steps: 50}"}) {
    CAPTURE(schedule);
    // A network that says 0 makes both perturbations the forward kernel, and this rate keeps it there.
    run_small({"process={kernel: gaussian, schedule: " + schedule + ", mean: perturbation, variance: perturbation}",
               "graph.loader={plugin: loader.hdf5, file: " + file.string() + ", batch: 8}", "graph.trainer.steps=1",
               "graph.trainer.rate=1e-30", "graph.bound={plugin: metric.bound, of: model, samples: 20000}"},
              2, out, if_there::replace);
    auto m = measured_in(out);
    CHECK(std::abs(m["K_minus_null"].value) < 4 * m["K_minus_null"].standard_error);
    CHECK(m["K_minus_null"].standard_error < 0.05);
    CHECK(m["L_null"].value == doctest::Approx(-bits(1.5 * std::log(2 * M_PI * M_E))).epsilon(0.01));
  }
}

TEST_CASE("metrics of a model find the same whatever the threads, and with blocks of any size nearly so") {
  const std::vector<std::string> metrics{
      "graph.loader.batch=16",
      "graph.bound={plugin: metric.bound, of: model, samples: 230, chunk: 17, every: 12}",
      "graph.balance={plugin: metric.entropy_production, of: model, samples: 90, chunk: 7}",
      "graph.flow={plugin: metric.likelihood, of: model, samples: 20, chunk: 3, absolute: 1.0e-3, relative: 1.0e-3}",
      "graph.ceiling={plugin: metric.ceiling, of: model, samples: 110, chunk: 9}",
      "graph.schedule={plugin: metric.schedule, of: model}",
      "graph.arrays={plugin: writer.hdf5, in: balance, file: balance.h5}"};
  const auto run_with = [&](int threads, const std::vector<std::string>& more, const scratch_folder& out) {
    auto all = metrics;
    all.insert(all.end(), more.begin(), more.end());
    run_small(all, threads, out);
    std::vector<std::string> records;
    std::istringstream lines(storage::read_file(out.path / "metrics.jsonl"));
    for (std::string line; std::getline(lines, line);)
      if (const auto r = nlohmann::json::parse(line); r.at("node") != "trainer" && r.at("node") != "loss")
        records.push_back(line);
    return records;
  };
  scratch_folder one, three, other;
  const auto records = run_with(1, {}, one);
  CHECK(records.size() > 20);
  CHECK(run_with(3, {}, three) == records);
  const auto kl_in = [](const scratch_folder& f) {
    return storage::hdf5_reader(f.path / "balance.h5").rows("kl", 0, 11);
  };
  CHECK(kl_in(three).equal(kl_in(one)));
  run_with(2, {"graph.balance.chunk=90"}, other);
  CHECK(at::allclose(kl_in(other), kl_in(one), 1e-4, 1e-6));
}

TEST_CASE("a subset of steps estimates the same bound") {
  scratch_folder out;
  run_small({"process.schedule.steps=60", "graph.all={plugin: metric.bound, of: model, samples: 2000}"}, 2, out);
  const measured all = measured_in(out)["K"];
  run_small({"process.schedule.steps=60", "graph.all={plugin: metric.bound, of: model, samples: 2000, times: 10}"}, 2,
            out, if_there::replace);
  const measured some = measured_in(out)["K"];
  CHECK(std::abs(all.value - some.value) < 4 * std::hypot(all.standard_error, some.standard_error));
}

TEST_CASE("no model is above the attainable, nor the attainable above the ceiling") {
  scratch_folder out;
  run_small({"graph.trainer.steps=300", "graph.bound={plugin: metric.bound, of: model, samples: 2000}",
             "graph.ceiling={plugin: metric.ceiling, of: model, samples: 400}"},
            2, out);
  auto m = measured_in(out);
  CHECK(m["attainable_minus_K"].value > -4 * m["attainable_minus_K"].standard_error);
  CHECK(m["attainable"].value - m["ceiling"].value <
        4 * std::hypot(m["attainable"].standard_error, m["ceiling"].standard_error));
  CHECK(m["ceiling"].value ==
        doctest::Approx(-1.196).epsilon(0.2));  // this data and β₁, at any schedule that ends in noise
}

TEST_CASE("the balance of entropies of a run says the same as its bound, and is drawn") {
  scratch_folder out;
  run_small({"graph.bound={plugin: metric.bound, of: model, samples: 1000}",
             "graph.balance={plugin: metric.entropy_production, of: model, samples: 1000}",
             "graph.drawn={plugin: writer.figure, in: balance, draw: curves, file: entropies.png}"},
            2, out);
  auto m = measured_in(out);
  CHECK(std::abs(m["entropy_K"].value - m["K"].value) <
        4 * std::hypot(m["entropy_K"].standard_error, m["K"].standard_error));
  CHECK(storage::read_file(out.path / "entropies.png").starts_with("\x89PNG"));
}
