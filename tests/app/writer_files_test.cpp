// What writers cannot do, and files they must not take the place of, is refused before anything is trained.
#include "noneq/storage/hdf5.hpp"
#include "tiny.hpp"

using namespace testing;
namespace fs = std::filesystem;

namespace {

// The tiny pipeline with these lines at the end of its graph.
std::string with(const std::string& lines) { return tiny_pipeline + lines; }

std::string second_writer(const std::string& file) {
  return with("  other: {plugin: writer.hdf5, in: sampler, file: '" + file + "'}\n");
}

void refused_with(const outcome& o, const std::string& part) {
  INFO(part);
  CHECK_MESSAGE(o.code == 2, o.err);
  CHECK_MESSAGE(says(o.err, part), o.err);
}

// A pipeline on 64 rows of data of this shape, kept in place/data.h5.
std::string on_data(const scratch& place, const at::Tensor& x, const std::string& lines) {
  ::noneq::hdf5_writer w(place / "data.h5");
  w.write("x", x);
  w.close();
  std::string text = tiny_with("loader.swiss_roll, batch: 32", "loader.hdf5, file: data.h5, dataset: x, batch: 32");
  return text + lines;
}

}

TEST_CASE("check refuses two writers with one file, however it is spelt, at the end or on the way") {
  for (const char* same : {"samples.h5", "./samples.h5", "a/../samples.h5", ".//samples.h5"})
    refused_with(check(second_writer(same)), "p.yaml:16:10: other.file: got '" + std::string(same) +
                                                 "', which the writer samples ('samples.h5') writes too");
  CHECK(check(second_writer("Samples.h5")).code == 0);
  CHECK(check(second_writer("a/samples.h5")).code == 0);
  refused_with(check(second_writer("samples.h5/a.h5")), "a file cannot lie within the file of the writer samples");
  // On occasions the sampler's files have the step in their name.
  const auto often = [](const std::string& file) {
    std::string text = second_writer(file);
    return text.replace(text.find("count: 16"), 9, "count: 16, every: 20");
  };
  refused_with(check(often("samples-step-40.h5")),
               "which the writer samples ('samples.h5') writes too, at the end or on");
  for (const char* free : {"samples-step-30.h5", "samples-step-040.h5", "samples-step-0.h5", "samples-step-40.hdf5",
                           "samples-step-.h5", "sub/samples-step-40.h5"})
    CHECK_MESSAGE(check(often(free)).code == 0, free);
  CHECK(check(second_writer("samples-step-40.h5")).code == 0);
}

TEST_CASE("check refuses names of writers that are none, leave the folder or are the run's own") {
  for (const char* none : {".", "..", "a/", "a/.."})
    refused_with(check(second_writer(none)), "need the name of a file");
  refused_with(check(second_writer("/tmp/a.h5")), "got '/tmp/a.h5', which is absolute; need a name within the folder");
  for (const char* out : {"../a.h5", "a/../../b.h5", "./../a.h5"})
    refused_with(check(second_writer(out)), "which leaves the folder of the run; need a name within it");
  for (const char* own :
       {"pipeline.yaml", "./metrics.jsonl", "a/../files.jsonl", "checkpoint", "checkpoint/a.h5", "reference/a.h5"})
    refused_with(check(second_writer(own)), "where the run itself keeps");
  // Of all writers at once.
  const outcome o = check(second_writer("../a.h5") + "  third: {plugin: writer.png, in: sampler, file: /b.png}\n");
  CHECK(says(o.err, "other.file"));
  CHECK(says(o.err, "third.file"));
}

TEST_CASE("a run refuses writers that reach its data by links, and leaves everything as it was") {
  const scratch place;
  const auto run = [&](const std::string& file, const std::string& more = "") {
    put_text(place / "p.yaml", on_data(place, at::rand({64, 2}),
                                       "  other: {plugin: writer.hdf5, in: sampler, file: " + file + "}\n" + more));
    return program({"run", "p.yaml", "--out", "out", "--quiet"}, {.folder = place.folder()});
  };
  fs::create_directory(place / "out");
  const auto names_in_folder = [&] {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(place / "out")) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  };
  fs::create_symlink("../data.h5", place / "out/soft.h5");
  fs::create_symlink("..", place / "out/up");
  on_data(place, at::rand({64, 2}), "");
  fs::create_hard_link(place / "data.h5", place / "out/hard.h5");
  const auto before = names_in_folder();
  refused_with(run("soft.h5"), "other.file: got 'soft.h5', which loader.file has to read or keep");
  refused_with(run("up/data.h5"), "got 'up/data.h5', which loader.file has to read or keep");
  fs::remove(place / "out/hard.h5");
  put_text(place / "p.yaml",
           on_data(place, at::rand({64, 2}), "  o: {plugin: writer.hdf5, in: sampler, file: hard.h5}\n"));
  fs::create_hard_link(place / "data.h5", place / "out/hard.h5");
  refused_with(program({"run", "p.yaml", "--out", "out", "--quiet"}, {.folder = place.folder()}),
               "o.file: got 'hard.h5', which loader.file has to read or keep");
  CHECK(names_in_folder() == before);
  // A folder in the way, and a file in place of a folder.
  fs::create_directory(place / "out/taken.h5");
  put_text(place / "out/file", "x");
  refused_with(run("taken.h5"), "taken.h5 is a folder");
  refused_with(run("file/a.h5"), "file is no folder");
  CHECK(!fs::exists(place / "out/pipeline.yaml"));
}

TEST_CASE("check knows the data's place in the folder a run usually has") {
  const scratch place;
  fs::create_directories(place / "runs/tiny");
  const std::string yaml =
      on_data(place, at::rand({64, 2}), "  w: {plugin: writer.hdf5, in: sampler, file: mine.h5}\n");
  fs::rename(place / "data.h5", place / "runs/tiny/mine.h5");
  put_text(place / "p.yaml", std::string(yaml).replace(yaml.find("data.h5"), 7, "runs/tiny/mine.h5"));
  refused_with(program({"check", "p.yaml"}, {.folder = place.folder()}),
               "w.file: got 'mine.h5', which loader.file has to read");
}

TEST_CASE("sample, predict and export never write over the run, its data or their own input") {
  const scratch place;
  copy_run(place / "run");
  const auto tried = [&](std::vector<std::string> words) { return program(words, {.folder = place.folder()}); };
  const auto text = text_of(place / "run/pipeline.yaml");
  fs::create_symlink("run/pipeline.yaml", place / "link.h5");
  for (const char* own : {"run/pipeline.yaml", "./run/../run/pipeline.yaml", "link.h5", "run/metrics.jsonl"}) {
    refused_with(tried({"sample", "run", "--count", "2", "--out", own}), "where the run ");
    refused_with(tried({"export", "run", "--format", "safetensors", "--out", own}), "where the run keeps");
  }
  refused_with(tried({"sample", "run", "--count", "2", "--out", "run/checkpoint/a.h5"}),
               "where the run keeps checkpoint");
  refused_with(tried({"sample", "run", "--count", "2", "--out", "run/samples.h5"}), "which a writer of the run wrote");
  refused_with(tried({"sample", "run", "--count", "2", "--out", ""}), "--out got '', need the name of a file");
  CHECK(text_of(place / "run/pipeline.yaml") == text);
  CHECK(tried({"sample", "run", "--count", "2", "--out", "run/more.h5", "--quiet"}).code == 0);
  CHECK(fs::exists(place / "run/more.h5"));
  refused_with(tried({"sample", "run", "--count", "2", "--noise", "run/more.h5", "--out", "./run/more.h5"}),
               "the file of --noise; need another name");
  put_text(place / "in.safetensors", "x");
  refused_with(tried({"predict", "run", "--in", "in.safetensors", "--out", "./in.safetensors"}), "the file of --in");
}

TEST_CASE("check knows what a writer is given") {
  const auto one = [](const std::string& line) { return check(with("  w: {plugin: writer." + line + "}\n")); };
  refused_with(one("hdf5, in: sampler, file: a.h5, datasets: [samples, frame]"),
               "w.datasets: got 'frame', need one of label, samples");
  refused_with(one("hdf5, in: sampler, file: a.h5, datasets: [frames]"), "w.datasets: got 'frames', need one of");
  refused_with(one("hdf5, in: bound, file: a.h5, datasets: [samples]"), "need one of kl, kl_stderr, of_rows, t");
  refused_with(one("png, in: sampler, file: a.png, beside: nearest"),
               "w.beside: got 'nearest', need one of label, samples");
  refused_with(one("png, in: sampler, file: a.png, beside: label"), "w.beside: got 'label', int64 [n]");
  refused_with(one("figure, in: sampler, file: a.png"), "without frames, need frames: 3 or more there");
  refused_with(one("figure, in: sampler, file: a.png, draw: curves"), "which finds nothing for each step t");
  refused_with(one("figure, in: bound, file: a.png, draw: scatter"), "need in: a sampler that has frames");
  refused_with(one("png, in: loss, file: a.png"), "reads the tensor 'samples', which nothing before it writes");
  CHECK(one("figure, in: bound, file: a.png").code == 0);
  CHECK(one("figure, in: loss, file: a.png").code == 0);
  CHECK(one("hdf5, in: bound, file: a.h5, datasets: [kl, of_rows]").code == 0);
  refused_with(check(with("  close: {plugin: metric.nearest, in: sampler, samples: 4}\n"
                          "  w: {plugin: writer.png, in: close, file: a.png, beside: distance}\n")),
               "w.beside: got 'distance', float64 [pairs]");
  refused_with(check(with("  close: {plugin: metric.frechet, in: sampler}\n"
                          "  w: {plugin: writer.hdf5, in: close, file: a.h5}\n")),
               "w: gets nothing to write: metric.frechet makes no arrays");
}

TEST_CASE("a run knows from its data what a writer cannot draw, before its folder is made") {
  const scratch place;
  const auto run = [&](const at::Tensor& x, const std::string& line) {
    put_text(place / "p.yaml", on_data(place, x,
                                       "  drawn: {plugin: sampler.ancestral, of: model, count: 4, frames: 3}\n"
                                       "  w: {plugin: writer." +
                                           line + ", in: drawn, file: a.png}\n"));
    return program({"run", "p.yaml", "--out", "out", "--quiet"}, {.folder = place.folder()});
  };
  refused_with(run(at::rand({64, 3}), "figure, draw: scatter"),
               "w: draw: scatter got samples of shape [3], need points");
  refused_with(run(at::rand({64, 4, 4}), "figure, draw: raster"), "got samples of shape [4, 4], need sequences");
  refused_with(run(at::rand({64, 4, 4}), "figure"), "got samples of shape [4, 4], need sequences");
  refused_with(run(at::rand({64, 2, 2, 2, 2}), "png"), "got samples of shape [2, 2, 2, 2], need images");
  CHECK(!fs::exists(place / "out"));
  for (const auto& entry : fs::directory_iterator(place.folder()))
    CHECK_MESSAGE(!says(entry.path().string(), "noneq-tmp"), entry.path().string());
}

TEST_CASE("a missing program or folder for temporary files is found before training, for every figure") {
  const scratch place;
  put_text(place / "p.yaml", with("  curve: {plugin: writer.figure, in: bound, file: a.png}\n"));
  const auto both = [&](const std::map<std::string, std::string>& variables, const std::string& part) {
    const surroundings here{.folder = place.folder(), .variables = variables};
    refused_with(program({"check", "p.yaml"}, here), part);
    refused_with(program({"run", "p.yaml", "--out", "out", "--quiet"}, here), part);
    CHECK(!fs::exists(place / "out"));
  };
  both({{"PATH", (place / "empty").string()}}, "curve: found no program gnuplot, need it to draw figures");
  const std::string missing = (place / "no/such").string();
  both({{"TMPDIR", missing}}, "curve: TMPDIR got '" + missing + "', need a folder for temporary files");
  put_text(place / "file", "");
  both({{"TMPDIR", (place / "file").string()}}, "need a folder for temporary files");
}

TEST_CASE("sub-folders of writers are made, at the end and on the way") {
  const scratch place;
  std::string text = with(
      "  other: {plugin: writer.hdf5, in: sampler, file: deep/er/a.h5}\n"
      "  bounds: {plugin: writer.hdf5, in: bound, file: b/kl.h5}\n"
      "  losses: {plugin: writer.hdf5, in: loss, file: c/loss.h5}\n");
  text.replace(text.find("count: 16"), 9, "count: 16, every: 40");
  put_text(place / "p.yaml", text);
  const outcome o = program({"run", "p.yaml", "--out", "out", "--quiet"}, {.folder = place.folder()});
  CHECK_MESSAGE(o.code == 0, o.err);
  for (const char* file : {"deep/er/a.h5", "deep/er/a-step-40.h5", "b/kl.h5"}) CHECK(fs::exists(place / "out" / file));
  const ::noneq::hdf5_reader losses(place / "out/c/loss.h5");
  CHECK(losses.rows("step", 0, 6).equal(at::arange(10, 61, 10, at::kLong)));
  CHECK(losses.rows("loss", 0, 6).isfinite().all().item<bool>());
}
