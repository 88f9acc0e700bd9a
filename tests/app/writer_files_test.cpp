// What the verbs refuse of files that they would write, before anything is trained or drawn.
#include "noneq/storage/hdf5.hpp"
#include "noneq/storage/safetensors.hpp"
#include "tiny.hpp"

using namespace testing;
namespace fs = std::filesystem;

namespace {

// The tiny pipeline with these lines at the end of its graph.
std::string with(const std::string& lines) { return tiny_pipeline + lines; }

void refused_with(const outcome& o, const std::string& part) {
  INFO(part);
  CHECK_MESSAGE(o.code == 2, o.err);
  CHECK_MESSAGE(says(o.err, part), o.err);
}

}

TEST_CASE("sample, predict and export never write over the run, its data or their own input") {
  const scratch place;
  copy_run(place / "run");
  const auto tried = [&](std::vector<std::string> words) { return program(words, {.folder = place.folder()}); };
  const auto text = text_of(place / "run/pipeline.yaml");
  fs::create_symlink("run/pipeline.yaml", place / "link.h5");
  refused_with(tried({"sample", "run", "--count", "2", "--out", "link.h5"}), "where the run keeps pipeline.yaml");
  refused_with(tried({"export", "run", "--format", "safetensors", "--out", "./run/../run/metrics.jsonl"}),
               "got a name of JSON, need one of safetensors");
  fs::create_symlink("run/metrics.jsonl", place / "link.safetensors");
  refused_with(tried({"export", "run", "--format", "safetensors", "--out", "./run/../link.safetensors"}),
               "where the run keeps metrics.jsonl");
  refused_with(tried({"sample", "run", "--count", "2", "--out", "run/samples.h5"}), "which a writer of the run wrote");
  refused_with(tried({"sample", "run", "--count", "2", "--out", ""}), "--out: got '', need the name of a file");
  CHECK(text_of(place / "run/pipeline.yaml") == text);
  CHECK(tried({"sample", "run", "--count", "2", "--out", "run/more.h5", "--quiet"}).code == 0);
  CHECK(fs::exists(place / "run/more.h5"));
  refused_with(tried({"sample", "run", "--count", "2", "--noise", "run/more.h5", "--out", "./run/more.h5"}),
               "the file of --noise; need another name");
  put_text(place / "in.safetensors", "x");
  refused_with(tried({"predict", "run", "--in", "in.safetensors", "--out", "./in.safetensors"}), "the file of --in");
}

TEST_CASE("what is there already is replaced only with --force") {
  const scratch place;
  copy_run(place / "run");
  noneq::storage::save_safetensors(place / "in.safetensors",
                                   {{{"x", at::zeros({3, 2})}, {"t", at::arange(3, at::kLong)}}, {}});
  put_text(place / "rows.csv", "1,2\n3,4\n");
  for (const auto& [words, file] :
       {std::pair{std::vector<std::string>{"data", "make", "swiss_roll", "--count", "2"}, "a.h5"},
        std::pair{std::vector<std::string>{"data", "import", "rows.csv"}, "b.h5"},
        std::pair{std::vector<std::string>{"sample", "run", "--count", "2", "--quiet"}, "c.h5"},
        std::pair{std::vector<std::string>{"sample", "run", "--count", "2", "--quiet"}, "c.png"},
        std::pair{std::vector<std::string>{"predict", "run", "--in", "in.safetensors"}, "d.safetensors"},
        std::pair{std::vector<std::string>{"export", "run", "--format", "safetensors"}, "e.safetensors"}}) {
    CAPTURE(file);
    const auto write = [&, &words = words, &file = file](bool force) {
      std::vector<std::string> all = words;
      all.insert(all.end(), {"--out", file});
      if (force) all.emplace_back("--force");
      return program(all, {.folder = place.folder()});
    };
    put_text(place / file, "mine");
    const outcome refused = write(false);
    CHECK(refused.code == 2);
    CHECK(refused.err == std::string(file) + ": is there already; give --out another name, or --force to replace it\n");
    CHECK(text_of(place / file) == "mine");
    CHECK_MESSAGE(write(true).code == 0, write(true).err);
    CHECK(text_of(place / file) != "mine");
  }
  // --out has a default name here.
  put_text(place / "samples.h5", "mine");
  refused_with(program({"sample", "run", "--count", "2"}, {.folder = place.folder()}), "samples.h5: is there already");
  // Problems that --force does not lift are reported first.
  refused_with(
      program({"sample", "run", "--count", "2", "--out", "run/samples.h5", "--force"}, {.folder = place.folder()}),
      "which a writer of the run wrote; need another name");
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
}

TEST_CASE("sub-folders of writers are made, at the end and on the way") {
  const scratch place;
  std::string text = with(
      "  other: {plugin: writer.hdf5, in: sampler, file: deep/er/a.h5}\n"
      "  bounds: {plugin: writer.hdf5, in: bound, file: b/kl.h5}\n"
      "  losses: {plugin: writer.hdf5, in: trainer, file: c/loss.h5}\n");
  text.replace(text.find("count: 16"), 9, "count: 16, every: 40");
  put_text(place / "p.yaml", text);
  const outcome o = program({"run", "p.yaml", "--out", "out", "--quiet"}, {.folder = place.folder()});
  CHECK_MESSAGE(o.code == 0, o.err);
  for (const char* file : {"deep/er/a.h5", "deep/er/a-step-40.h5", "b/kl.h5"}) CHECK(fs::exists(place / "out" / file));
  const noneq::storage::hdf5_reader losses(place / "out/c/loss.h5");
  CHECK(losses.rows("step", 0, 6).equal(at::arange(10, 61, 10, at::kLong)));
  CHECK(losses.rows("loss", 0, 6).isfinite().all().item<bool>());
}

TEST_CASE("no verb replaces a file of a run, with --force neither") {
  const scratch place;
  copy_run(place / "run");
  for (const char* file : {"run/samples.h5", "run/metrics.jsonl", "run/checkpoint/new.h5", "run"}) {
    const outcome o =
        program({"data", "make", "swiss_roll", "--count", "4", "--force", "--out", file}, {.folder = place.folder()});
    CHECK_MESSAGE(o.code == 2, file << ": " << o.err);
  }
  CHECK(
      program({"data", "make", "swiss_roll", "--count", "4", "--out", "run/own.h5"}, {.folder = place.folder()}).code ==
      0);
}
