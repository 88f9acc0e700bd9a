// What the verbs print and write when all is well, and what they refuse.
#include <nlohmann/json.hpp>

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
  CHECK(o.err == line + "\n");
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
  CHECK(first["per"] == "sequence");
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
    return ::noneq::hdf5_reader(place / file).rows("samples", 0, 5);
  };
  const at::Tensor a = sample("a.h5", {}), b = sample("b.h5", {"--threads", "1"}), c = sample("c.h5", {"--seed", "9"});
  CHECK(a.sizes() == at::IntArrayRef{5, 2});
  CHECK(at::equal(a, b));
  CHECK(!at::equal(a, c));
  CHECK(::noneq::hdf5_reader(place / "a.h5").layout("samples").shape[0] == 5);
  sample("d.h5", {"--sampler", "ddim", "--steps", "3"});
  CHECK(in_run({"sample", "tiny", "--quiet", "--count", "2", "--out", (place / "e.png").string()}).code == 0);
  CHECK(text_of(place / "e.png").starts_with("\x89PNG"));
  refuses(in_run({"sample", "tiny", "--count", "2", "--steps", "11"}),
          "noneq sample: sampler: got 11 steps, need at most the schedule's T = 10");
  for (const char* count : {"-3", "0", "2.5", "many"})
    CHECK(says(in_run({"sample", "tiny", "--count", count}).err,
               "--count: got " + std::string(count) + ", need an integer of at least 1\n"));
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
    ::noneq::save_safetensors(in, {tensors, {}});
    return in_run({"predict", "tiny", "--in", in, "--out", out});
  };
  const at::Tensor x = at::zeros({3, 2}), t = at::arange(3, at::kLong);
  const outcome good = predict({{"x", x}, {"t", t}});
  CHECK_MESSAGE(good.code == 0, good.err);
  CHECK(::noneq::load_safetensors(out).tensors.at("y").sizes() == at::IntArrayRef{3, 2});
  refuses(predict({{"t", t}}), in + ": x: is missing; need x, t, and class_labels if the model has classes");
  refuses(predict({{"x", at::zeros({3, 3})}, {"t", t}}), in + ": x: got shape [3, 3], need [n, 2]");
  refuses(predict({{"x", at::zeros({})}, {"t", t}}), in + ": x: got shape [], need [n, 2]");
  refuses(predict({{"x", x}, {"t", at::arange(2, at::kLong)}}), in + ": t: got shape [2], need [3]");
  refuses(predict({{"x", x}, {"t", t + 8}}), in + ": t: got 10, need a value in [0, 9]");
  refuses(predict({{"x", x}, {"t", t.to(at::kFloat)}}), in + ": t: got numbers of type Float, need integers");
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
  CHECK(says(table_of_loader, "\n  file               path; required\n"));
  CHECK(says(table_of_loader, "\n  validation_labels  text; default \"\"\n"));
  const json schema = parsed(program({"schema"}));
  CHECK(schema.contains("$schema"));
  CHECK(schema["$defs"].contains("kernel"));

  refuses(program({"describe", "schedule.linar"}),
          "no schedule plugin is called 'linar', did you mean 'linear'? (there are: constant, cosine, learned, "
          "learned_snr, linear, "
          "log_snr, quadratic, reciprocal, sigmoid)");
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
  CHECK(says(info.out, "[50, 2] Float"));
  const auto make = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"data", "make"});
    return program(arguments, here);
  };
  refuses(make({"swiss_rol", "--count", "5", "--out", "b.h5"}),
          "swiss_rol: no loader plugin is called 'swiss_rol', did you mean 'swiss_roll'? (there are: dead_leaves, "
          "hdf5, heartbeat, "
          "markov, swiss_roll)");
  refuses(make({"swiss_roll", "--count", "5", "--out", "b.h5", "--set", "nois=1"}),
          "--set nois: swiss_roll.nois: loader.swiss_roll has no parameter 'nois', did you mean 'noise'?");
  refuses(make({"hdf5", "--count", "5", "--out", "b.h5"}), "hdf5.file: is missing; the HDF5 file (path)");
  refuses(make({"hdf5", "--count", "5", "--out", "b.h5", "--set", "file=a.h5"}),
          "hdf5: got a loader that reads a file, need a generator such as swiss_roll");
  refuses(make({"swiss_roll", "--count", "5", "--out", "/nowhere/b.h5"}),
          "/nowhere/b.h5: cannot write: No such file or directory; check the path");
  CHECK(!std::filesystem::exists(place / "b.h5"));
}
