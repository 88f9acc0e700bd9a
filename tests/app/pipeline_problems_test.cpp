// What users get wrong in a pipeline, and the lines they get back.
#include <regex>

#include "tiny.hpp"

using namespace testing;

TEST_CASE("all problems of a file are told at once, by line") {
  const outcome o = check(R"(name: tiny
seeed: 3
process:
  kernel: gausian
  schedule: {plugin: log_snr, steps: 1, first_beta: 0.01}
  mean: v
graph:
  loader: {plugin: loader.swiss_rol, batch: 32}
  noiser: {plugin: noiser.marginal, in: loadr}
  model: {plugin: model.mlp, in: noiser, hiden: [8]}
  loss: {plugin: loss.bound, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 60, ema: [1.9], checkpoint: many, log: 10}
)");
  CHECK(o.code == 2);
  CHECK(o.out == "");
  CHECK(without_excerpts(o.err) ==
        "p.yaml:2:1: unknown key 'seeed', did you mean 'seed'?\n"
        "p.yaml:4:11: process.kernel: no kernel plugin is called 'gausian', did you mean 'gaussian'? (there are: "
        "absorbing, binomial, gaussian, uniform)\n"
        "p.yaml:5:38: process.schedule.steps: got 1, need a value in [2, 1000000]\n"
        "p.yaml:8:20: loader: no loader plugin is called 'swiss_rol', did you mean 'swiss_roll'? (there are: "
        "dead_leaves, hdf5, "
        "heartbeat, markov, random_fields, swiss_roll)\n"
        "p.yaml:9:41: noiser.in: there is no node 'loadr', did you mean 'loader'?\n"
        "p.yaml:10:42: model.hiden: model.mlp has no parameter 'hiden', did you mean 'hidden'?\n"
        "p.yaml:12:61: trainer.ema: got 1.9, need a value in (0, 1)\n"
        "p.yaml:12:80: trainer.checkpoint: got 'many', need an integer\n");
}

TEST_CASE("a parameter that was renamed is refused with its present name") {
  const outcome o =
      check(tiny_with("trainer:", "bits: {plugin: metric.bits_per_dim, of: model, on: validation}\n  trainer:"));
  CHECK(o.code == 2);
  CHECK(without_excerpts(o.err) ==
        "p.yaml:12:50: bits.on: metric.bits_per_dim has no parameter 'on'; it is called 'split' now\n");
}

TEST_CASE("a cycle is named") {
  const outcome o = check(tiny_with(", in: loader}", ", in: trainer}"));
  CHECK(o.code == 2);
  CHECK(without_excerpts(o.err) ==
        "p.yaml:9:11: noiser: the graph has a cycle: noiser -> trainer -> loss -> model -> noiser\n"
        "p.yaml:9:41: noiser.in: got 'trainer', which is a trainer and gives arrays at its end, need a writer to take "
        "them\n");
}

TEST_CASE("files that are no pipelines") {
  const scratch place;
  const surroundings here{.folder = place.folder()};
  const auto line = [&](const std::string& text) {
    put_text(place / "p.yaml", text);
    const outcome o = program({"run", "p.yaml", "--quiet"}, here);
    CHECK(o.code == 2);
    CHECK(!std::filesystem::exists(place / "runs"));
    return without_excerpts(o.err);
  };
  CHECK(line("") == "p.yaml: is empty, need YAML text\n");
  CHECK(line("\xc9\x01") == "p.yaml:1:1: got the byte 0xc9, need YAML text in UTF-8 (is this a binary file?)\n");
  CHECK(line("{a: [") == "p.yaml:1:1: got a map as a key, need a name (or is a '}' missing?)\n");
  CHECK(line("[1, 2]\n") == "p.yaml:1:1: got a list, need a map with name, process and graph\n");
  CHECK(line("name: x\n") == "p.yaml:1:1: the key 'graph' is missing\n");
  const outcome missing = program({"run", "nofile.yaml"}, here), folder = program({"check", "."}, here);
  CHECK(missing.code == 2);
  CHECK(missing.err == "nofile.yaml: there is no such file\n");
  CHECK(folder.code == 2);
  CHECK(folder.err == ".: got a directory, need a YAML file\n");
}

TEST_CASE("the command line itself") {
  const std::string tiny = (finished_run() / "tiny.yaml").string();
  const auto line = [](const std::vector<std::string>& arguments) {
    const outcome o = program(arguments);
    CHECK(o.code == 2);
    CHECK(o.out == "");
    return o.err;
  };
  CHECK(says(line({"rnu"}), "noneq has no verb 'rnu', did you mean 'run'?"));
  CHECK(line({"check", tiny, "--set", "process.schedule.stepss=4"}) ==
        "--set process.schedule.stepss: process.schedule.stepss: schedule.log_snr has no parameter 'stepss', did you "
        "mean 'steps'?\n");
  CHECK(line({"check", tiny, "--set", "graph.modle.hidden=[4]"}) ==
        "--set graph.modle.hidden: modle.plugin: got a map without the key 'plugin', need the key 'plugin', or the "
        "name of "
        "another node, did you mean 'model'?\n");
  CHECK(line({"check", tiny, "--set", "graph.model.hiden="}) ==
        "--set graph.model.hiden: got nothing after '=', which takes out what is set, but 'hiden' is not set, did you "
        "mean "
        "'hidden'?\n");
  CHECK(program({"check", tiny, "--set", "graph.model.hidden="}).code == 0);
  CHECK(line({"check", tiny, "--set", "x"}) == "--set x: got no '=', need a.b.c=value\n");
  CHECK(says(line({"run", tiny, "--threads", "0"}), "--threads: got '0', need an integer from 1 to 1024"));
  CHECK(says(line({"run", tiny, "--force", "--resume"}), ", need one of them\n"));
  CHECK(line({}) == "noneq needs a verb behind it; noneq --help lists them\n");
  CHECK(line({"run", tiny, "--sett", "a=1"}) == "noneq run has no option '--sett', did you mean '--set'?\n");
  CHECK(line({"run", "--sett=a=1"}) == "noneq run has no option '--sett', did you mean '--set'?\n");
  CHECK(line({"check", tiny, "--qqq"}) == "noneq check has no option '--qqq'; noneq check --help lists them\n");
  CHECK(says(line({"check", tiny, "another"}), "noneq check: got 'another' behind all that it takes"));
  CHECK(line({"check"}) == "noneq check: FILE is missing: the pipeline, a YAML file\n");
  CHECK(line({"check", tiny, "--seed", "x"}) == "noneq check: --seed: got 'x', need an integer of 64 bits\n");
  CHECK(line({"check", tiny, "--seed"}) == "noneq check: --seed: got nothing behind it, need an integer\n");
  CHECK(line({"check", tiny, "--seed", ""}) == "noneq check: --seed: got '', need an integer of 64 bits\n");
  CHECK(line({"check", tiny, "--a\x1b[31m\nb"}) ==
        "noneq check has no option '--a\\x1b[31m\\nb'; noneq check --help lists them\n");
  CHECK(line({"draw", tiny, "--format", "sgv"}) ==
        "noneq draw: --format: got 'sgv', need one of dot, svg, mermaid, did you mean 'svg'?\n");
  CHECK(line({"check", tiny, "--seed", "99999999999999999999"}) ==
        "noneq check: --seed: got '99999999999999999999', need an integer of 64 bits\n");
  CHECK(line({"check", tiny, "--seed", "1", "--seed", "2"}) == "noneq check: --seed: got 2 values, need one\n");
  CHECK(line({"run", tiny, "--quiet=x"}) == "noneq run: --quiet: got a value, need none: it is given or not\n");
  CHECK(line({"--quiet", "run", tiny}) == "got --quiet before the verb 'run', need it behind the verb\n");
  CHECK(line({"check", "--"}) == "noneq check: FILE is missing: the pipeline, a YAML file\n");
  CHECK(says(line({"data", "maek"}), "noneq data has no verb 'maek', did you mean 'make'? (there are: info, make, "));
  CHECK(line({"data", "--qqq", "make"}) == "noneq data has no option '--qqq'; noneq data --help lists them\n");
  CHECK(line({"data", "make"}) ==
        "noneq data make: GENERATOR is missing: a loader that generates, such as swiss_roll\n");
  CHECK(program({"--version"}).code == 0);
  CHECK(program({"run", "--help"}).code == 0);
}

#ifndef __SANITIZE_ADDRESS__  // which maps terabytes
TEST_CASE("what the program says of itself needs no library, and is what the library says") {
  const surroundings no_room{.address_space = 200 << 20};  // libtorch alone maps more
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--version"}, {"--help"}, {"-h"}, {"run", "--help"}, {"data", "make", "--help"}}) {
    const outcome small = program(words, no_room);
    CHECK_MESSAGE(small.code == 0, small.err);
    CHECK(small.err == "");
    CHECK(small.out.size() > 4);
  }
  // The order of these words is not one that was made ready. Options that exclude each other come in any order.
  const auto help = [](const std::vector<std::string>& words) {
    return std::regex_replace(program(words).out, std::regex("(Excludes|Needs):[^\n]*\n?[ ]*"), "");
  };
  CHECK(help({"run", "--help"}) == help({"run", "--quiet", "--help"}));
  CHECK(help({"--help"}) == help({"--help", "--help"}));
  const outcome refused = program({"list"}, no_room);
  CHECK(refused.code == 1);
  CHECK(refused.err.starts_with("noneq: got 200 MB of address space (ulimit -v), need at least "));
}
#endif
