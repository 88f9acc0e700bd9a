// What the verbs print and write when all is well, and what they refuse.
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "noneq/storage/checkpoint.hpp"
#include "noneq/storage/hdf5.hpp"
#include "noneq/storage/safetensors.hpp"
#include "tiny.hpp"

using namespace testing;
using nlohmann::json;

namespace {

outcome in_run(const std::vector<std::string>& arguments) {
  return program(arguments, {.folder = finished_run().folder()});
}

json parsed(const outcome& o) {
  CHECK_MESSAGE(o.code == 0, o.err);
  CHECK(o.err == "");
  const json j = json::parse(o.out, nullptr, false);
  CHECK(!j.is_discarded());
  return j;
}

void refuses(const outcome& o, const std::string& line) {
  CHECK_MESSAGE(o.code == 2, o.err);
  CHECK(without_excerpts(o.err) == line + "\n");
  CHECK(o.out == "");
}

}

TEST_CASE("eval gives every key, the same numbers each time, and the data may be another file") {
  const json first = parsed(in_run({"eval", "tiny", "--json"}));
  for (const char* key : {"K_bits", "K_stderr", "K_minus_null_bits", "attainable_bits", "ceiling_bits", "beta_1",
                          "vlb_bits_per_dim", "L_T", "L_0", "per", "records"})
    CHECK(first.contains(key));
  CHECK(first.size() == 11);
  CHECK(first["records"][0]["node"] == "bound");
  CHECK(first["records"][0]["value"] == first["K_bits"]);
  CHECK(first["K_bits"].is_number());
  CHECK(first["K_stderr"].get<double>() > 0);
  CHECK(first["beta_1"].get<double>() == 0.01);
  CHECK(first["per"] == "sample");
  CHECK(parsed(in_run({"eval", "tiny", "--json", "--threads", "1"})) == first);
  CHECK(parsed(in_run({"eval", "tiny", "--json", "--samples", "32"})) != first);
  const outcome lines = in_run({"eval", "tiny"});
  CHECK(lines.code == 0);
  CHECK(says(lines.out, "bound: K = "));
  refuses(in_run({"eval", "tiny", "--data", "x.h5"}), "this loader reads no file, so --data has no meaning for it");
}

TEST_CASE("sample writes as many as asked for, as the seed says") {
  const scratch place;
  const auto sample = [&](const std::string& file, std::vector<std::string> more) {
    more.insert(more.begin(), {"sample", "tiny", "--quiet", "--count", "5", "--out", (place / file).string()});
    const outcome o = in_run(more);
    CHECK_MESSAGE(o.code == 0, o.err);
    CHECK(o.out + o.err == "");
    return noneq::storage::hdf5_reader(place / file).rows("samples", 0, 5);
  };
  const at::Tensor a = sample("a.h5", {}), b = sample("b.h5", {"--threads", "1"}), c = sample("c.h5", {"--seed", "9"});
  CHECK(a.sizes() == at::IntArrayRef{5, 2});
  CHECK(at::equal(a, b));
  CHECK(!at::equal(a, c));
  CHECK(noneq::storage::hdf5_reader(place / "a.h5").layout("samples").shape[0] == 5);
  sample("d.h5", {"--sampler", "ddim", "--steps", "3"});
  CHECK(in_run({"sample", "tiny", "--quiet", "--count", "2", "--out", (place / "e.png").string()}).code == 0);
  CHECK(text_of(place / "e.png").starts_with("\x89PNG"));
  refuses(in_run({"sample", "tiny", "--count", "2", "--steps", "11"}),
          "noneq sample: sampler.steps: got 11 steps, need at most the schedule's T = 10");
  for (const char* count : {"-3", "0", "2.5", "many"})
    CHECK(says(in_run({"sample", "tiny", "--count", count}).err,
               "--count: got '" + std::string(count) + "', need an integer of at least 1 "));
  for (const char* count : {"9223372036854775807", "99999999999999999999", "1000000000001"})
    CHECK(says(in_run({"sample", "tiny", "--count", count}).err, "--count: got '" + std::string(count) + "', need an"));
  refuses(in_run({"sample", "tiny", "--count", "2", "--sampler", "ancestrl"}),
          "noneq sample: sampler: no sampler plugin is called 'ancestrl', did you mean 'ancestral'? (there are: "
          "ancestral, ddim, dpm_solver, euler, heun, probability_flow, unipc)");
  refuses(in_run({"sample", "tiny", "--count", "2", "--out", "/nowhere/x.h5"}),
          "/nowhere/x.h5: cannot write: No such file or directory; check the path");
}

TEST_CASE("predict gives the network's output, and refuses tensors that do not fit") {
  const scratch place;
  const std::string in = (place / "in.safetensors").string(), out = (place / "out.safetensors").string();
  const auto predict = [&](const std::map<std::string, at::Tensor>& tensors) {
    noneq::storage::save_safetensors(in, {tensors, {}});
    return in_run({"predict", "tiny", "--in", in, "--out", out, "--force"});
  };
  const at::Tensor x = at::zeros({3, 2}), t = at::arange(3, at::kLong);
  const outcome good = predict({{"x", x}, {"t", t}});
  CHECK_MESSAGE(good.code == 0, good.err);
  CHECK(noneq::storage::load_safetensors(out).tensors.at("y").sizes() == at::IntArrayRef{3, 2});
  refuses(predict({{"t", t}}),
          in + ": x: is missing; need x, t, class_labels if the model has classes, and its conditions");
  refuses(predict({{"x", at::zeros({3, 3})}, {"t", t}}), in + ": x: got shape [3, 3], need [n, 2]");
  refuses(predict({{"x", at::zeros({})}, {"t", t}}), in + ": x: got shape [], need [n, 2]");
  refuses(predict({{"x", x}, {"t", at::arange(2, at::kLong)}}), in + ": t: got shape [2], need [3]");
  refuses(predict({{"x", x}, {"t", t + 8}}), in + ": t: got 10, need a value in [0, 9]");
  refuses(predict({{"x", x}, {"t", t.to(at::kFloat)}}), in + ": t: got numbers of type float32, need integers");
  refuses(predict({{"x", x / 0}, {"t", t}}),
          in + ": x: got 6 of 6 numbers that are not finite in float32, need finite ones");
  refuses(predict({{"x", x.to(at::kDouble) + 1e300}, {"t", t}}),
          in + ": x: got 6 of 6 numbers that are not finite in float32, need finite ones");
  std::filesystem::remove(out);
  copy_run(place / "ruined");
  noneq::storage::checkpoint huge = noneq::storage::load_checkpoint(place / "ruined" / "checkpoint");
  for (auto& [name, tensor] : huge.tensors)
    if (tensor.is_floating_point()) tensor = at::full_like(tensor, 1e38);
  noneq::storage::save_checkpoint(place / "ruined" / "checkpoint", huge);
  noneq::storage::save_safetensors(in, {{{"x", x + 1}, {"t", t}}, {}});
  const std::string ruined = (place / "ruined").string();
  const outcome lost = in_run({"predict", ruined, "--in", in, "--out", out});
  CHECK(lost.code == 1);
  CHECK_MESSAGE(says(lost.err, "ruined: the network returned 6 of 6 numbers that are not finite; nothing was written"),
                lost.err);
  CHECK(!std::filesystem::exists(out));
  put_text(in, "not tensors");
  const outcome other = in_run({"predict", "tiny", "--in", in, "--out", out});
  CHECK(other.code == 2);
  CHECK(says(other.err, in + ": "));
}

TEST_CASE("the table of a run is that of the schedule it has learned, which a metric says too") {
  const scratch place;
  put_text(place / "p.yaml", tiny_with("plugin: log_snr", "plugin: learned_snr"));
  const surroundings here{.folder = place.folder()};
  const outcome run = program({"run", "p.yaml", "--out", "r", "--quiet", "--set", "graph.trainer.schedule_rate=0.1",
                               "--set", "graph.learned={plugin: metric.schedule, of: model}"},
                              here);
  CHECK_MESSAGE(run.code == 0, run.err);
  const json before = parsed(program({"table", "p.yaml", "--json"}, here)),
             after = parsed(program({"table", "r", "--json"}, here));
  CHECK(after["beta"][0].get<double>() == doctest::Approx(0.01).epsilon(1e-12));
  CHECK(std::abs(std::log(after["alpha_bar"][9].get<double>() / before["alpha_bar"][9].get<double>())) > 0.1);
  CHECK(std::abs(std::log(after["snr"][5].get<double>() / before["snr"][5].get<double>())) > 0.01);
  CHECK(says(text_of(place / "r/metrics.jsonl"),
             "\"name\":\"last_alpha_bar\",\"value\":" + after["alpha_bar"][9].dump()));
  refuses(program({"table", "r", "--seed", "2"}, here),
          "got the folder of a run, whose process is as it was trained; leave out --set and --seed");
}

TEST_CASE("table, draw, list, describe and schema can be read by machines") {
  const scratch place;
  put_text(place / "p.yaml",
           tiny_with("{plugin: log_snr, steps: 10, first_beta: 0.01}", "{plugin: linear, steps: 1000}"));
  const std::string p = (place / "p.yaml").string();
  const json table = parsed(program({"table", p, "--json"}));
  CHECK(table["alpha_bar"].size() == 1000);
  // The golden number is a running product in float64; the order of summation may cost a few units in the last place.
  CHECK(std::abs(table["alpha_bar"][499].get<double>() - 0.07858724288177825) < 1e-15);
  for (const char* key :
       {"beta", "posterior_variance", "log_posterior_variance_clipped", "c1", "c2", "snr", "vlb_weight"})
    CHECK(table[key].size() == 1000);
  const outcome csv = program({"table", p});
  CHECK(csv.out.starts_with(
      "t,beta,alpha_bar,posterior_variance,log_posterior_variance_clipped,c1,c2,snr,vlb_weight\n1,"));
  CHECK(std::count(csv.out.begin(), csv.out.end(), '\n') == 1001);
  CHECK(says(csv.out, "0.078587242881778"));

  const json all = parsed(program({"list", "--json"}));
  CHECK(all.size() > 20);
  CHECK(parsed(program({"describe", "schedule.linear", "--json"}))["plugin"] == "schedule.linear");
  CHECK(says(program({"describe", "linear"}).out, "parameters\n"));
  // Names of any length stand in a column of their own.
  const std::string table_of_loader = program({"describe", "loader.hdf5"}).out;
  CHECK(says(table_of_loader, "\n  file               path; default \"\"\n"));
  CHECK(says(table_of_loader, "\n  validation_labels  text; default \"\"\n"));
  const json schema = parsed(program({"schema"}));
  CHECK(schema.contains("$schema"));
  CHECK(schema["definitions"].contains("kernel.gaussian"));

  refuses(program({"describe", "schedule.linar"}),
          "no schedule plugin is called 'linar', did you mean 'linear'? (there are: constant, cosine, learned, "
          "learned_snr, linear, "
          "log_snr, quadratic, reciprocal, rectified, sigmoid)");
  CHECK(says(program({"describe", "schedul.linear"}).err, "there is no role 'schedul', did you mean 'schedule'?"));
  CHECK(says(program({"list", "schedul"}).err, "there is no role 'schedul', did you mean 'schedule'?"));
  CHECK(says(program({"describe", "learned"}).err,
             "'learned' is a plugin of several roles; need one of schedule.learned, variance.learned"));

  const outcome dot = in_run({"draw", "tiny.yaml"}), mermaid = in_run({"draw", "tiny.yaml", "--format", "mermaid"});
  CHECK(dot.out.starts_with("digraph \"tiny\" {\n"));
  CHECK(says(dot.out, "\"loader\" -> \"noiser\";\n"));
  CHECK(mermaid.out.starts_with("flowchart LR\n  n0[\"loader<br/>loader.swiss_roll\"]\n"));
}

TEST_CASE("data make writes a generator's rows, and data info shows them") {
  const scratch place;
  const surroundings here{.folder = place.folder()};
  const outcome made =
      program({"data", "make", "swiss_roll", "--count", "50", "--out", "a.h5", "--set", "noise=0.1"}, here);
  CHECK_MESSAGE(made.code == 0, made.err);
  const outcome info = program({"data", "info", "a.h5"}, here);
  CHECK(info.code == 0);
  CHECK(says(info.out, "generator = swiss_roll\n"));
  CHECK(says(info.out, "noise = 0.1\n"));
  CHECK(says(info.out, "[50, 2] float32"));
  const auto make = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"data", "make"});
    return program(arguments, here);
  };
  refuses(make({"swiss_rol", "--count", "5", "--out", "b.h5"}),
          "swiss_rol: no loader plugin is called 'swiss_rol', did you mean 'swiss_roll'? (there are: dead_leaves, "
          "hdf5, heartbeat, "
          "markov, random_fields, swiss_roll)");
  refuses(make({"swiss_roll", "--count", "5", "--out", "b.h5", "--set", "nois=1"}),
          "--set nois: swiss_roll.nois: loader.swiss_roll has no parameter 'nois', did you mean 'noise'?");
  refuses(make({"hdf5", "--count", "5", "--out", "b.h5"}),
          "hdf5.file: is missing; the HDF5 file (path), or files for several");
  refuses(make({"hdf5", "--count", "5", "--out", "b.h5", "--set", "file=a.h5"}),
          "hdf5: got a loader that reads a file, need a generator such as swiss_roll");
  refuses(make({"swiss_roll", "--count", "5", "--out", "/nowhere/b.h5"}),
          "/nowhere/b.h5: cannot write: No such file or directory; check the path");
  CHECK(!std::filesystem::exists(place / "b.h5"));
}

TEST_CASE("a file's name must not be that of another format, and must not be empty") {
  const scratch place;
  copy_run(place / "tiny");
  put_text(place / "p.yaml", tiny_pipeline);
  const surroundings here{.folder = place.folder()};
  const auto in = [&](const std::vector<std::string>& words) { return program(words, here); };
  refuses(in({"sample", "tiny", "--count", "2", "--out", "a.csv"}),
          "a.csv: got a name of CSV, need one of HDF5, which is written here: a.h5");
  refuses(in({"sample", "tiny", "--count", "2", "--out", "a.JPG"}),
          "a.JPG: got a name of JPEG, need one of HDF5, which is written here: a.h5");
  refuses(in({"data", "make", "swiss_roll", "--count", "2", "--out", "a.npy"}),
          "a.npy: got a name of NumPy, need one of HDF5, which is written here: a.h5");
  refuses(in({"data", "import", "p.yaml", "--out", "a.png"}),
          "a.png: got a name of PNG, need one of HDF5, which is written here: a.h5");
  refuses(in({"predict", "tiny", "--in", "p.yaml", "--out", "y.h5"}),
          "y.h5: got a name of HDF5, need one of safetensors, which is written here: y.safetensors");
  refuses(in({"export", "tiny", "--format", "safetensors", "--out", "w.pt"}),
          "w.pt: got a name of TorchScript, need one of safetensors, which is written here: w.safetensors");
  refuses(in({"export", "tiny", "--format", "diffusers", "--out", "w.pt"}),
          "w.pt: got a name of TorchScript, need one of diffusers, which is written here");
  refuses(in({"check", "p.yaml", "--set", "graph.samples.file=s.npz"}),
          "--set graph.samples.file: samples.file: s.npz: got a name of NumPy, need one of HDF5, which is written "
          "here: s.h5");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"run", "p.yaml", "--out", ""}, std::vector<std::string>{"run", ""},
        std::vector<std::string>{"sample", "tiny", "--count", "2", "--out", ""},
        std::vector<std::string>{"sample", "tiny", "--noise", ""}, std::vector<std::string>{"eval", ""},
        std::vector<std::string>{"eval", "tiny", "--data", ""},
        std::vector<std::string>{"data", "make", "swiss_roll", "--count", "2", "--out", ""},
        std::vector<std::string>{"data", "import", "p.yaml", "--out", ""},
        std::vector<std::string>{"predict", "tiny", "--in", "p.yaml", "--out", ""},
        std::vector<std::string>{"export", "tiny", "--format", "diffusers", "--out", ""}}) {
    const outcome o = in(words);
    CAPTURE(words[0]);
    CHECK_MESSAGE(o.code == 2, o.err);
    CHECK(says(o.err, "got '', need the name of a file"));
  }
  CHECK(std::distance(std::filesystem::directory_iterator(place.folder()), {}) == 2);
  CHECK(in({"sample", "tiny", "--count", "2", "--quiet", "--out", "no-end"}).code == 0);
}

TEST_CASE("a pipeline that never ends is refused, one from a pipe is read") {
  const scratch place;
  const outcome endless = program({"check", "/dev/zero"}),
                run = program({"run", "/dev/zero", "--out", "r"}, {.folder = place.folder()});
  refuses(endless, "/dev/zero: got more than 16 MiB, need a pipeline, which is a few lines");
  refuses(run, "/dev/zero: got more than 16 MiB, need a pipeline, which is a few lines");
  put_text(place / "p.yaml", tiny_pipeline);
  ::mkfifo((place / "pipe").c_str(), 0600);
  child reader({"check", "pipe"}, {.folder = place.folder()});
  put_text(place / "pipe", tiny_pipeline);
  CHECK(reader.wait().code == 0);
  refuses(program({"data", "info", "/dev/zero"}), "/dev/zero: got a device or pipe, need a regular file");
}

TEST_CASE("eval on another file: what cannot be measured on is refused before anything is measured") {
  const scratch place;
  put_text(place / "p.yaml",
           tiny_with("{plugin: loader.swiss_roll, batch: 32}", "{plugin: loader.hdf5, batch: 32, file: a.h5}"));
  const surroundings here{.folder = place.folder()};
  const auto write = [&](const char* file, const at::Tensor& x) {
    noneq::storage::hdf5_writer out(place / file);
    out.write("x", x);
    out.close();
  };
  write("a.h5", at::randn({100, 2}));
  write("b.h5", at::randn({50, 2}));
  write("c.h5", at::randn({50, 3}));
  REQUIRE(program({"run", "p.yaml", "--out", "r", "--quiet"}, here).code == 0);
  CHECK(program({"eval", "r", "--data", "b.h5"}, here).code == 0);
  for (const auto& [file, line] : {std::pair{"none.h5", "none.h5: does not exist, need an HDF5 file: check the path"},
                                   std::pair{"c.h5", "samples of shape [3], the model was trained on [2]"},
                                   std::pair{"p.yaml", "p.yaml: got a file of another kind, need an HDF5 file"}}) {
    const outcome o = program({"eval", "r", "--data", file}, here);
    CHECK_MESSAGE(o.code == 2, o.err);
    CHECK(o.out == "");
    CHECK(says(o.err, line));
  }
}
