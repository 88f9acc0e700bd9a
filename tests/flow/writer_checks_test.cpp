// What writers cannot do, and files they must not take the place of, is refused before anything is trained.
#include "noneq/flow/writer_checks.hpp"
#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/storage/hdf5.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

namespace {

const std::string drawn = "graph.drawn={plugin: sampler.ancestral, of: model, count: 4, every: 20}",
                  kept = "graph.kept={plugin: writer.hdf5, in: drawn, file: samples.h5}",
                  measures = "graph.bound={plugin: metric.bound, of: model, samples: 64}";

std::string of_file(const std::string& file) {
  return "graph.other={plugin: writer.hdf5, in: drawn, file: '" + file + "'}";
}

// What is wrong with two writers of a sampler, of which one writes this file.
std::string of_second_file(const std::string& file, const std::string& sampler = drawn) {
  return problems_of({sampler, kept, of_file(file)});
}

std::string of_writer(const std::string& writer) {
  return problems_of({drawn, measures, "graph.w={plugin: writer." + writer + "}"});
}

void says_of(const std::string& text, const std::string& part) {
  CHECK_MESSAGE(text.find(part) != text.npos, "need: " << part << "\ngot: " << text);
}

// Data of this shape in a file, and the change that reads it.
std::string data_at(const fs::path& file, const Tensor& x) {
  fs::create_directories(file.parent_path());
  storage::hdf5_writer w(file);
  w.write("x", x);
  w.close();
  return "graph.loader={plugin: loader.hdf5, file: '" + file.string() + "', dataset: x, batch: 16}";
}

}

TEST_CASE("two writers with one file are refused, however it is spelt, at the end or on the way") {
  for (const char* same : {"samples.h5", "./samples.h5", "a/../samples.h5", ".//samples.h5"})
    says_of(of_second_file(same), "other.file: got '" + std::string(same) +
                                      "', which the writer kept ('samples.h5') writes too; need another");
  says_of(of_second_file("samples.h5/a.h5"), "a file cannot lie within the file of the writer kept");
  for (const char* free : {"Samples.h5", "a/samples.h5", "samples.hdf5"}) CHECK(of_second_file(free) == "");
  // On occasions the sampler's files have the step in their name.
  for (const char* met : {"samples-step-20.h5", "./samples-step-4000.h5"})
    says_of(of_second_file(met), "which the writer kept ('samples.h5') writes too, at the end or on the way");
  for (const char* free : {"samples-step-30.h5", "samples-step-040.h5", "samples-step-0.h5", "samples-step-40.hdf5",
                           "samples-step-.h5", "samples-step-99999999999999999999.h5", "sub/samples-step-40.h5"})
    CHECK_MESSAGE(of_second_file(free) == "", free);
  CHECK(of_second_file("samples-step-40.h5", "graph.drawn={plugin: sampler.ancestral, of: model}") == "");
}

TEST_CASE("names of writers that are none, leave the folder or are the run's own are refused, all at once") {
  for (const char* none : {".", "..", "a/", "a/.."}) says_of(of_second_file(none), "need the name of a file");
  says_of(of_second_file("/tmp/a.h5"), "got '/tmp/a.h5', which is absolute; need a name within the folder of the run");
  for (const char* out : {"../a.h5", "a/../../b.h5", "./../a.h5"})
    says_of(of_second_file(out), "which leaves the folder of the run; need a name within it");
  for (const char* own :
       {"pipeline.yaml", "./metrics.jsonl", "a/../files.jsonl", "checkpoint", "checkpoint/a.h5", "reference/a.h5"})
    says_of(of_second_file(own), "where the run itself keeps");
  const std::string both =
      problems_of({drawn, of_file("../a.h5"), "graph.third={plugin: writer.png, in: drawn, file: /b.png}"});
  says_of(both, "other.file: got '../a.h5'");
  says_of(both, "third.file: got '/b.png'");
}

TEST_CASE("a writer that reaches the data by a link, or a place where no file can be, is refused") {
  const scratch_folder place;
  const fs::path run = place.path / "run";
  fs::create_directories(run);
  const std::string data = data_at(place.path / "data.h5", at::rand({32, 2}));
  const auto tried = [&](const std::string& file, const std::string& sampler = drawn) {
    config::problems found;
    const plan p = small_plan({data, sampler, of_file(file)});
    check_file_places(p, run, found);
    check_files_can_be_made(p, run, found);
    try {
      found.raise();
    } catch (const error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  fs::create_symlink("../data.h5", run / "soft.h5");
  fs::create_symlink("..", run / "up");
  fs::create_hard_link(place.path / "data.h5", run / "hard.h5");
  fs::create_symlink(place.path / "data.h5", run / "late-step-40.h5");
  for (const char* reaching : {"soft.h5", "hard.h5", "up/data.h5", "late.h5"})
    says_of(tried(reaching), "other.file: got '" + std::string(reaching) + "', which loader.file has to read or keep");
  CHECK(tried("late.h5", "graph.drawn={plugin: sampler.ancestral, of: model}") == "");
  CHECK(tried("new/er/a.h5") == "");
  fs::create_directory(run / "taken.h5");
  storage::hdf5_writer(run / "file").close();
  says_of(tried("taken.h5"), "taken.h5 is a folder");
  says_of(tried("file/a.h5"), "file is no folder");
}

TEST_CASE("what is written over by a verb's --out is known by its place") {
  const scratch_folder place;
  const fs::path run = place.path / "run";
  const plan p = small_plan({data_at(place.path / "data.h5", at::rand({32, 2}))});
  fs::create_directories(run / "checkpoint");
  storage::hdf5_writer(run / "pipeline.yaml").close();
  fs::create_symlink(run, place.path / "link");
  for (const char* own : {"run/pipeline.yaml", "run/../run/pipeline.yaml", "link/pipeline.yaml", "run/metrics.jsonl",
                          "link/checkpoint/a.h5", "run", "data.h5", "run/../data.h5"})
    CHECK_THROWS_AS(refuse_files_of_run(place.path / own, p, run), error);
  for (const char* free : {"run/more.h5", "pipeline.yaml", "data2.h5"}) refuse_files_of_run(place.path / free, p, run);
}

TEST_CASE("what a writer is given is known without data") {
  says_of(of_writer("hdf5, in: drawn, file: a.h5, datasets: [samples, labl]"),
          "w.datasets: got 'labl', need one of label, samples, did you mean 'label'?");
  says_of(of_writer("hdf5, in: drawn, file: a.h5, datasets: [frames]"), "w.datasets: got 'frames', need one of");
  says_of(of_writer("hdf5, in: bound, file: a.h5, datasets: [samples]"), "need one of kl, kl_stderr, of_rows, t");
  says_of(of_writer("png, in: drawn, file: a.png, beside: nearest"),
          "w.beside: got 'nearest', need one of label, samples");
  says_of(of_writer("png, in: drawn, file: a.png, beside: label"), "w.beside: got 'label', int64 [n]");
  says_of(of_writer("figure, in: drawn, file: a.png"), "without frames, need frames: 3 or more there");
  says_of(of_writer("figure, in: drawn, file: a.png, draw: curves"), "which finds nothing for each step t");
  says_of(of_writer("figure, in: bound, file: a.png, draw: scatter"), "need in: a sampler that has frames");
  says_of(of_writer("png, in: trainer, file: a.png"), "need the tensor 'samples'");
  CHECK(of_writer("figure, in: bound, file: a.png") == "");
  CHECK(of_writer("figure, in: trainer, file: a.png") == "");
  CHECK(of_writer("hdf5, in: bound, file: a.h5, datasets: [kl, of_rows]") == "");
  says_of(problems_of({drawn, "graph.close={plugin: metric.nearest, in: drawn, samples: 4}",
                       "graph.w={plugin: writer.png, in: close, file: a.png, beside: distance}"}),
          "w.beside: got 'distance', float64 [pairs]");
  says_of(problems_of({drawn, "graph.close={plugin: metric.frechet, in: drawn}",
                       "graph.w={plugin: writer.hdf5, in: close, file: a.h5}"}),
          "w: got metric.frechet, which makes no arrays, need a node that makes some");
}

TEST_CASE("a run knows from its data what a writer cannot draw, before its folder is made") {
  const scratch_folder place;
  const auto refused = [&](const Tensor& x, const std::string& writer) {
    const fs::path out = place.path / "out";
    try {
      run(small_plan({data_at(place.path / "data.h5", x), "graph.trainer.steps=1",
                      "graph.drawn={plugin: sampler.ancestral, of: model, count: 4, frames: 3}",
                      "graph.w={plugin: writer." + writer + ", in: drawn, file: a.png}"}),
          {out, if_there::refuse, 2, true});
    } catch (const input_error& e) {
      CHECK(!fs::exists(out));
      CHECK(std::distance(fs::directory_iterator(place.path), {}) == 1);  // the data, and nothing of a rehearsal
      return std::string(e.what());
    }
    return std::string();
  };
  says_of(refused(at::rand({64, 3}), "figure, draw: scatter"),
          "w: draw: scatter got samples of shape [3], need points");
  says_of(refused(at::rand({64, 4, 4}), "figure, draw: raster"), "got samples of shape [4, 4], need sequences");
  says_of(refused(at::rand({64, 4, 4}), "figure"), "got samples of shape [4, 4], need sequences");
  says_of(refused(at::rand({64, 2, 2, 2, 2}), "png"), "got samples of shape [2, 2, 2, 2], need images");
  says_of(refused(at::rand({64, 2, 64, 64}), "png, count: 65536"), "need at most 30000 each way");
}
