// Bad requests: each a failure with one line, after which the run works on.
#include <cmath>

#include "embedding.hpp"
#include "noneq.h"

using namespace testing;
using namespace noneq::runs;

namespace {

const trained_run& tiny() {
  static const trained_run run(trained_runs() / "tiny");
  return run;
}

std::string refused(const std::string& task, const std::string& settings) {
  return failure_in([&] { tiny().prepare(task, settings); });
}

std::string refused(const task& t, const request& r) {
  return failure_in([&] { t.compute<float>(r); });
}

}

TEST_CASE("a folder that is no run") {
  const scratch empty;
  CHECK(failure_in([&] { trained_run{empty.folder()}; }) ==
        empty.folder().string() + ": is not the folder of a run; it has no pipeline.yaml");
  CHECK(failure_in([] { trained_run{""}; }) == "folder: got '', need the folder of a run");
  CHECK(says(failure_in([] { trained_run{"/nowhere/at/all"}; }), "is not the folder of a run"));
  CHECK(failure_in([] { trained_run(trained_runs() / "tiny", -1); }) == "threads: got -1, need 0, or up to 1024");
  const scratch damaged;
  copy_run(damaged / "run");
  std::filesystem::resize_file(tensors_of(damaged / "run"), 100);
  CHECK(says(failure_in([&] { trained_run{damaged / "run"}; }), "tensors-"));
}

TEST_CASE("tasks and settings that there are not") {
  CHECK(refused("sampel", "{}") ==
        "there is no task 'sampel', did you mean 'sample'? (there are: sample, denoise, fill, score, encode, predict)");
  CHECK(says(refused("sample", "{stepz: 3}"), "settings:1:2: sampler.stepz"));
  CHECK(says(refused("sample", "{stepz: 3}"), "did you mean 'steps'?"));
  CHECK(says(refused("sample", "{steps: many}"), "settings:1:9: sampler.steps: got 'many', need an integer"));
  CHECK(says(refused("sample", "{sampler: ancestrall}"), "did you mean 'ancestral'?"));
  CHECK(refused("sample", "{steps: 11}") ==
        "settings:1:1: sampler.steps: got 11 steps, need at most the schedule's T = 10");
  CHECK(says(refused("sample", "[1]"), "need a map"));
  CHECK(says(refused("sample", "{steps: [1"), "settings:1:"));
  CHECK(says(refused("sample", "{chunk: 0}"), "settings:1:9: chunk: got 0, need rows from 1 to 1e6"));
  CHECK(says(refused("denoise", "{}"), "need noise"));
  CHECK(says(refused("denoise", "{noise: 1, t: 2}"), "got both noise and t, need one"));
  CHECK(says(refused("denoise", "{noise: -1}"), "settings:1:"));
  CHECK(says(refused("predict", "{}"), "need noise"));
  CHECK(says(refused("denoise", "{noise: 1e9}"), "need a deviation from"));
  CHECK(refused("score", "{plugin: transform.encode}") ==
        "settings:1:2: plugin: has no meaning in the task score, need none");
  CHECK(says(refused("sample", "{of: elsewhere, count: 5}"), "settings:1:2: of: has no meaning in the task sample"));
  CHECK(says(refused("sample", "{of: elsewhere, count: 5}"), "settings:1:17: count: has no meaning"));
  CHECK(says(refused("fill", "{guides: []}"), "settings:1:2: guides: has no meaning in the task fill"));
  CHECK(says(refused("sample", "{sampler: {a: b}}"), "settings:1:11: sampler: got a map"));
}

TEST_CASE("tensors that a task cannot take") {
  const task denoise = tiny().prepare("denoise", "{noise: 1}"), sample = tiny().prepare("sample");
  const std::vector<float> x(6, 0.5f);
  const std::vector<std::int64_t> whole(6, 1);
  request r;
  CHECK(refused(denoise, r) == "x0: is missing; need it with rows of the shape [2]");
  r.given.emplace("x0", rows(x.data(), {2, 3}));
  CHECK(refused(denoise, r) == "x0: got the shape [2, 3], need [2, 2]");
  r.given.clear();
  r.given.emplace("x0", rows(whole.data(), {3, 2}));
  CHECK(refused(denoise, r) == "x0: got int64, need float32 or float64");
  r.given.clear();
  r.given.emplace("xO", rows(x.data(), {3, 2}));
  CHECK(says(refused(denoise, r), "xO: is no tensor of this task, did you mean 'x0'?; it takes x0"));
  r.given.clear();
  r.given.emplace("x0", rows(static_cast<const float*>(nullptr), {3, 2}));
  CHECK(refused(denoise, r) == "x0: got a null pointer, need its numbers");
  r.given.clear();
  r.given.emplace("x0", rows(x.data(), {0, 2}));
  CHECK(refused(denoise, r) == "x0: got the shape [0, 2], need lengths of at least 1");
  r.given.clear();
  const std::vector<float> holed{1, 2, NAN, 4};
  r.given.emplace("x0", rows(holed.data(), {2, 2}));
  CHECK(refused(denoise, r) == "x0: got numbers that are not finite in row 1, need finite ones");
  request none;
  CHECK(refused(sample, none) == "count: got 0, need a number from 1 to 1099511627776, as no rows are given");
  none.count = 3, none.first = -1;
  CHECK(refused(sample, none) == "first: got -1, need a number from 0 to 1099511627776");
  none.first = 0, none.count = std::int64_t{1} << 39;
  CHECK(says(refused(sample, none), "the result of shape [549755813888, 2] needs"));
  none.count = 3;
  std::vector<float> small(5);
  CHECK(failure_in([&] { sample.compute(none, small.data(), small.size()); }) ==
        "result: got memory for 5 numbers, need 6, those of the shape [3, 2]");
  CHECK(sample.compute<float>(none).of == shape{3, 2});
}

TEST_CASE("several tensors of a request are judged together") {
  const trained_run run(trained_runs() / "conditional");
  const task denoise = run.prepare("denoise", "{noise: 0.1}");
  const std::vector<float> x(6, 0.5f);
  const std::vector<std::int64_t> labels{0, 3};
  request r;
  r.given.emplace("x0", rows(x.data(), {3, 2}));
  r.given.emplace("label", rows(labels.data(), {2}));
  const std::string all = refused(denoise, r);
  CHECK(says(all, "label: got the class 3 in row 1, need 0 to 2\n"));
  CHECK(says(all, "low: is missing; need it with rows of the shape [3]"));
}

TEST_CASE("classes that are missing, of another numbering, or given twice") {
  const trained_run run(trained_runs() / "logarithms");
  const std::vector<float> x(4, 0.5f);
  const std::vector<std::int64_t> labels{0, 3};
  request r;
  r.given.emplace("x0", rows(x.data(), {2, 2}));
  const task encode = run.prepare("encode");
  CHECK(encode.needs().count("label") == 1);
  CHECK(says(refused(encode, r), "label: is missing"));
  r.given.emplace("label", rows(labels.data(), {2}));
  CHECK(refused(encode, r) == "label: got the class 0 in row 0, need 1 to 3");
  const std::vector<std::int64_t> right{1, 3};
  request draws;
  draws.given.emplace("label", rows(right.data(), {2}));
  CHECK(says(refused(run.prepare("sample"), draws), "label: got classes beside the labels of the sampler"));
}

TEST_CASE("numbers that the transforms of the model cannot take") {
  const std::vector<float> below{0.5f, 0.5f, -1.f, 0.5f};
  const std::vector<std::int64_t> labels{1, 3};
  request r;
  r.given.emplace("x0", rows(below.data(), {2, 2}));
  r.given.emplace("label", rows(labels.data(), {2}));
  const task encode = trained_run(trained_runs() / "logarithms").prepare("encode");
  CHECK(says(failure_in([&] { encode.compute<float>(r); }, failure::cause::failed), "not finite in row 1"));
}

TEST_CASE("the C interface returns codes, and never throws") {
  noneq_error e{};
  noneq_run* run = nullptr;
  noneq_task* task = nullptr;
  const std::string folder = (trained_runs() / "tiny").string();
  const auto message = [&] { return std::string(e.message); };
  CHECK(noneq_interface() == NONEQ_INTERFACE);
  CHECK(noneq_open(NONEQ_INTERFACE + 1, folder.c_str(), 0, &run, &e) == NONEQ_BAD_INPUT);
  CHECK(says(message(), "was built with version 2 of noneq.h, the library with 1"));
  CHECK(noneq_open(NONEQ_INTERFACE, nullptr, 0, &run, &e) == NONEQ_BAD_INPUT);
  CHECK(message() == "folder: got a null pointer");
  CHECK(noneq_open(NONEQ_INTERFACE, folder.c_str(), 0, nullptr, &e) == NONEQ_BAD_INPUT);
  CHECK(noneq_open(NONEQ_INTERFACE, "/nowhere", 0, &run, nullptr) == NONEQ_BAD_INPUT);
  CHECK(run == nullptr);
  CHECK(noneq_prepare(nullptr, "sample", nullptr, &task, &e) == NONEQ_BAD_INPUT);
  CHECK(message() == "run: got a null pointer");

  REQUIRE_MESSAGE(noneq_open(NONEQ_INTERFACE, folder.c_str(), 0, &run, &e) == NONEQ_DONE, message());
  noneq_description d;
  CHECK(noneq_describe(run, &d, &e) == NONEQ_DONE);
  CHECK(d.sample.rank == 1);
  CHECK(d.sample.length[0] == 2);
  CHECK(d.steps == 10);
  CHECK(d.trained_steps == 60);
  CHECK(noneq_prepare(run, "denoise", "{noize: 1}", &task, &e) == NONEQ_BAD_INPUT);
  CHECK(task == nullptr);
  REQUIRE_MESSAGE(noneq_prepare(run, "denoise", "{noise: 1}", &task, &e) == NONEQ_DONE, message());
  noneq_close(run);  // the task keeps what it needs

  std::int64_t tensors = 0;
  const char* name = nullptr;
  noneq_shape row;
  CHECK(noneq_needed(task, &tensors, &e) == NONEQ_DONE);
  CHECK(tensors == 1);
  CHECK(noneq_need(task, 0, &name, &row, &e) == NONEQ_DONE);
  CHECK(std::string(name) == "x0");
  CHECK(noneq_need(task, 1, &name, &row, &e) == NONEQ_BAD_INPUT);
  CHECK(noneq_result(task, 0, &row, &e) == NONEQ_BAD_INPUT);
  CHECK(message() == "rows: got 0, need at least 1");

  const std::vector<float> x(6, 0.5f);
  std::vector<double> result(6);
  noneq_rows given{"x0", NONEQ_FLOAT32, x.data(), {2, {3, 2}}};
  noneq_request r{&given, 1, 0, 0, nullptr, nullptr};
  CHECK(noneq_compute(task, nullptr, NONEQ_FLOAT64, result.data(), 6, &e) == NONEQ_BAD_INPUT);
  CHECK(noneq_compute(nullptr, &r, NONEQ_FLOAT64, result.data(), 6, &e) == NONEQ_BAD_INPUT);
  CHECK(noneq_compute(task, &r, NONEQ_FLOAT64, nullptr, 6, &e) == NONEQ_BAD_INPUT);
  CHECK(noneq_compute(task, &r, 7, result.data(), 6, &e) == NONEQ_BAD_INPUT);
  CHECK(noneq_compute(task, &r, NONEQ_FLOAT64, result.data(), -6, &e) == NONEQ_BAD_INPUT);
  given.shape.rank = 9;
  CHECK(noneq_compute(task, &r, NONEQ_FLOAT64, result.data(), 6, &e) == NONEQ_BAD_INPUT);
  CHECK(message() == "x0: got 9 dimensions, need at most 8");
  given.shape.rank = 2;
  given.type = 99;
  CHECK(noneq_compute(task, &r, NONEQ_FLOAT64, result.data(), 6, &e) == NONEQ_BAD_INPUT);
  CHECK(message() == "x0: got the type 99 of numbers, need NONEQ_FLOAT32, NONEQ_FLOAT64 or NONEQ_INT64");
  given.type = NONEQ_FLOAT32;
  r.given = nullptr;
  CHECK(noneq_compute(task, &r, NONEQ_FLOAT64, result.data(), 6, &e) == NONEQ_BAD_INPUT);
  r.given = &given;
  CHECK_MESSAGE(noneq_compute(task, &r, NONEQ_FLOAT64, result.data(), 6, &e) == NONEQ_DONE, message());
  CHECK(std::isfinite(result[5]));
  noneq_release(task);
  noneq_release(nullptr);
  noneq_close(nullptr);
}
