// Tasks in the process of another program give the numbers that noneq itself gives, to the last bit.
#include <atomic>
#include <cfenv>
#include <cmath>
#include <thread>

#include "embedding.hpp"

using namespace testing;
using namespace noneq::runs;

namespace {

void program_makes(const std::vector<std::string>& arguments) {
  const outcome o = program(arguments, {.folder = trained_runs().folder()});
  CHECK_MESSAGE(o.code == 0, o.err);
}

request given(const std::string& name, const std::vector<float>& numbers, shape of) {
  request r;
  r.given.emplace(name, rows(numbers.data(), std::move(of)));
  return r;
}

}

TEST_CASE("samples are those of noneq sample, by any number of threads, in any calls") {
  program_makes({"sample", "tiny", "--count", "40", "--out", "forty.h5", "--quiet", "--force"});
  const std::vector<float> expected = rows_in("forty.h5", "samples");
  for (const int threads : {1, 2, 3}) {
    const task sample = trained_run(trained_runs() / "tiny", threads).prepare("sample");
    request forty;
    forty.count = 40;
    const array<float> drawn = sample.compute<float>(forty);
    CHECK(drawn.of == shape{40, 2});
    CHECK(drawn.numbers == expected);
    request later;  // chunks begin where a call begins
    later.first = 16, later.count = 24;
    CHECK(sample.compute<float>(later).numbers == std::vector<float>(expected.begin() + 32, expected.end()));
  }
}

TEST_CASE("another seed, sampler and members") {
  const trained_run run(trained_runs() / "tiny");
  program_makes({"sample", "tiny", "--count", "8", "--sampler", "ddim", "--steps", "5", "--seed", "9", "--out",
                 "ddim.h5", "--quiet", "--force"});
  request eight;
  eight.count = 8;
  CHECK(run.prepare("sample", "{sampler: ddim, steps: 5, seed: 9}").compute<float>(eight).numbers ==
        rows_in("ddim.h5", "samples"));
  const task members = run.prepare("sample", "{members: 3}");
  CHECK(members.result(8) == shape{8, 3, 2});
  const auto ensemble = members.compute<float>(eight), alone = run.prepare("sample").compute<float>(eight);
  for (int k = 0; k < 8; ++k) CHECK(ensemble.numbers[6 * k] == alone.numbers[2 * k]);  // the first member
}

TEST_CASE("rows are denoised, scored, encoded and predicted as by noneq apply") {
  const trained_run run(trained_runs() / "tiny");
  program_makes({"sample", "tiny", "--count", "20", "--out", "x.h5", "--quiet", "--force"});
  const std::vector<float> x = rows_in("x.h5", "samples");
  const request twenty = given("x0", x, {20, 2});
  const auto apply = [](const std::string& task, std::vector<std::string> more) {
    more.insert(more.begin(),
                {"apply", "tiny", "--to", "x.h5:samples", "--do", task, "--out", task + ".h5", "--force"});
    program_makes(more);
  };
  // A network may round differently in batches of another size, and noneq apply takes all rows at once.
  apply("denoise", {"--noise", "2"});
  CHECK(run.prepare("denoise", "{noise: 2, chunk: 128}").compute<float>(twenty).numbers ==
        rows_in("denoise.h5", "samples"));
  apply("encode", {});
  CHECK(run.prepare("encode", "{chunk: 128}").compute<float>(twenty).numbers == rows_in("encode.h5", "latent"));
  apply("score", {});
  const task score = run.prepare("score", "{chunk: 128}");
  CHECK(score.result(20) == shape{20});
  CHECK(score.compute<float>(twenty).numbers == rows_in("score.h5", "log_likelihood"));
  put_text(trained_runs() / "predict.yaml", R"(name: predicted
graph:
  rows: {plugin: loader.hdf5, file: x.h5, dataset: samples}
  applied: {plugin: transform.predict, in: rows, of: tiny, deviation: 2}
  out: {plugin: writer.hdf5, in: applied, file: predicted.h5, datasets: [x0_hat]}
)");
  program_makes({"run", "predict.yaml", "--out", "predicted", "--quiet", "--force"});
  CHECK(run.prepare("predict", "{noise: 2, chunk: 128}").compute<float>(twenty).numbers ==
        rows_in("predicted/predicted.h5", "x0_hat"));
}

TEST_CASE("numbers that are given are kept, and the others filled") {
  const trained_run run(trained_runs() / "tiny");
  std::vector<float> holed{1.5f, NAN, NAN, -2.f, 3.f, 4.f};
  const auto filled = run.prepare("fill").compute<float>(given("x0", holed, {3, 2})).numbers;
  for (std::size_t i = 0; i < holed.size(); ++i)
    if (std::isnan(holed[i]))
      CHECK(std::isfinite(filled[i]));
    else
      CHECK(filled[i] == doctest::Approx(holed[i]).epsilon(1e-4));
}

TEST_CASE("conditions and classes reach the model") {
  const trained_run run(trained_runs() / "conditional");
  CHECK(run.classes() == 3);
  CHECK(run.conditions() == std::map<std::string, shape>{{"low", {3}}});
  const task sample = run.prepare("sample", "{seed: 4}");
  CHECK(sample.needs() == std::map<std::string, shape>{{"low", {3}}});
  const std::vector<float> low = rows_in("data.h5", "low");
  const std::vector<std::int64_t> labels{0, 1, 2, 0};
  request four = given("low", low, {4, 3});
  const auto in_turn = sample.compute<float>(four).numbers;
  four.given.emplace("label", rows(labels.data(), {4}));
  CHECK(sample.compute<float>(four).numbers == in_turn);  // those labels are all classes in turn
  const std::vector<std::int64_t> others{2, 2, 2, 2};
  request changed = given("low", low, {4, 3});
  changed.given.emplace("label", rows(others.data(), {4}));
  CHECK(sample.compute<float>(changed).numbers != in_turn);
  std::vector<double> wide(low.begin(), low.begin() + 12);  // float64 is taken, too
  request doubles;
  doubles.given.emplace("low", rows(wide.data(), {4, 3}));
  CHECK(sample.compute<float>(doubles).numbers == in_turn);
}

TEST_CASE("the run's own sampler keeps its settings, and classes are those of the data") {
  const trained_run run(trained_runs() / "logarithms");
  CHECK(run.classes() == 3);
  CHECK(run.first_class() == 1);
  program_makes({"sample", "logarithms", "--count", "8", "--sampler", "ddim", "--out", "own.h5", "--quiet", "--force"});
  const std::vector<float> own = rows_in("own.h5", "samples");
  request eight;
  eight.count = 8;
  CHECK(run.prepare("sample").compute<float>(eight).numbers == own);
  CHECK(run.prepare("sample", "{sampler: ddim}").compute<float>(eight).numbers == own);
  // Labels of the sampler count classes from 0, those of rows as the data does.
  const std::vector<std::int64_t> labels{3, 1, 3, 1, 3, 1, 3, 1};
  eight.given.emplace("label", rows(labels.data(), {8}));
  CHECK(run.prepare("sample", "{labels: []}").compute<float>(eight).numbers == own);
}

TEST_CASE("rows of a model that sees their logarithm are denoised as by noneq apply") {
  const trained_run run(trained_runs() / "logarithms");
  const std::vector<float> x = rows_in("data.h5", "above");
  program_makes(
      {"apply", "logarithms", "--to", "data.h5:above", "--do", "denoise", "--t", "4", "--out", "logs.h5", "--force"});
  CHECK(run.prepare("denoise", "{t: 4, chunk: 128}").compute<float>(given("x0", x, {64, 2})).numbers ==
        rows_in("logs.h5", "above"));
}

TEST_CASE("samples begin at the x^T of the caller") {
  const trained_run run(trained_runs() / "tiny");
  noneq::storage::hdf5_writer file(trained_runs() / "noise.h5");
  file.write("noise", at::linspace(-1, 1, 12).reshape({6, 2}));
  file.close();
  program_makes({"sample", "tiny", "--noise", "noise.h5", "--out", "begun.h5", "--quiet", "--force"});
  CHECK(run.prepare("sample", "{given: [noise], start: noise}")
            .compute<float>(given("noise", rows_in("noise.h5", "noise"), {6, 2}))
            .numbers == rows_in("begun.h5", "samples"));
}

TEST_CASE("a run is found after the program went to another folder") {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(trained_runs().folder());
  const trained_run run("tiny");
  std::filesystem::current_path(before);
  request two;
  two.count = 2;
  CHECK(run.prepare("sample").compute<float>(two).of == shape{2, 2});
}

TEST_CASE("many threads share a run and a task") {
  const trained_run run(trained_runs() / "tiny", 2);
  const task sample = run.prepare("sample");
  request one;
  one.count = 16;
  const auto expected = sample.compute<float>(one).numbers;
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> all;
    for (int k = 0; k < 6; ++k)
      all.emplace_back([&, k] {
        for (int again = 0; again < 5; ++again) {
          const task mine = k % 2 ? sample : run.prepare("sample");
          if (mine.compute<float>(one).numbers != expected) ++wrong;
        }
      });
  }
  CHECK(wrong == 0);
}

TEST_CASE("the calling thread and libtorch's generator stay as they were") {
  at::manual_seed(5);
  const at::Tensor expected = at::rand({4});
  at::manual_seed(5);
  std::fesetround(FE_UPWARD);
  const volatile float tiny = 1e-40f;  // a denormal number
  request two;
  two.count = 2;
  trained_run(trained_runs() / "tiny").prepare("sample").compute<float>(two);
  CHECK(std::fegetround() == FE_UPWARD);
  std::fesetround(FE_TONEAREST);
  CHECK(tiny * 0.5f > 0.f);
  CHECK(at::equal(at::rand({4}), expected));
  CHECK(at::GradMode::is_enabled());
}

TEST_CASE("keep_going is called for each call of the network, and ends the work") {
  const task sample = trained_run(trained_runs() / "tiny", 1).prepare("sample");
  int calls = 0;
  request r;
  r.count = 16;
  r.keep_going = [&] { return ++calls, true; };
  sample.compute<float>(r);
  CHECK(calls == 10);  // T of the schedule, one chunk
  r.keep_going = [&] { return --calls > 5; };
  CHECK(failure_in([&] { sample.compute<float>(r); }, failure::cause::stopped) == "keep_going ended the work");
  CHECK(calls == 5);
  const task on_two = trained_run(trained_runs() / "tiny", 2).prepare("sample");
  request large;
  large.count = 64;
  calls = 0;
  large.keep_going = [&] { return ++calls < 6; };  // false once ends both threads
  CHECK(failure_in([&] { on_two.compute<float>(large); }, failure::cause::stopped) == "keep_going ended the work");
  CHECK(calls == 6);
  large.keep_going = []() -> bool { throw std::runtime_error("of the caller"); };
  CHECK(failure_in([&] { on_two.compute<float>(large); }, failure::cause::failed) == "of the caller");
  r.keep_going = {};
  CHECK(sample.compute<float>(r).of == shape{16, 2});  // the task works on
}
