// The page of a run: what is on it, of a run that ended well and of one that did not, and what is refused.
#include <regex>

#include <torch/version.h>
#include <nlohmann/json.hpp>

#include "noneq/storage/files.hpp"
#include "noneq/storage/hdf5.hpp"
#include "tiny.hpp"

using namespace testing;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string data_begins = "<script type=\"application/json\" id=\"data\">";

// The content of the page, which ends at the first end of an element: no text within it may be one.
json content_of(const fs::path& page) {
  const std::string html = text_of(page);
  const auto begin = html.find(data_begins);
  REQUIRE(begin != html.npos);
  const auto from = begin + data_begins.size();
  const json content = json::parse(html.substr(from, html.find("</script>", from) - from), nullptr, false);
  REQUIRE(content.is_object());
  return content;
}

json number_in(const json& run, const std::string& node, const std::string& name) {
  for (const auto& n : run["numbers"])
    if (n["node"] == node && n["name"] == name) return n;
  throw std::runtime_error("the page has no number " + name + " of " + node);
}

bool misses(const json& run, const std::string& words) {
  return std::any_of(run["missing"].begin(), run["missing"].end(),
                     [&](const json& text) { return says(text.get<std::string>(), words); });
}

outcome report(std::vector<std::string> words, surroundings around = {}) {
  words.insert(words.begin(), "report");
  return program(words, std::move(around));
}

// A run with states on the way and with files at several steps.
const scratch& rich_run() {
  static const scratch place;
  static const bool done = [] {
    std::string text = tiny_with("count: 16}", "count: 16, frames: 3}");
    text +=
        "  look: {plugin: sampler.ancestral, of: model, count: 9, every: 20}\n"
        "  looks: {plugin: writer.hdf5, in: look, file: looks.h5}\n"
        "  curve: {plugin: writer.figure, in: bound, file: bound.png}\n";
    put_text(place / "p.yaml", text);
    const outcome o = program({"run", "p.yaml", "--out", "run", "--threads", "2"}, {.folder = place.folder()});
    CHECK_MESSAGE(o.code == 0, o.err);
    CHECK(says(o.err, "report: wrote run/report.html\n"));
    return true;
  }();
  (void)done;
  return place;
}

}

TEST_CASE("a run leaves a page about itself, which has all that it measured and drew") {
  const fs::path page = rich_run() / "run/report.html";
  const std::string html = text_of(page);
  CHECK(html.starts_with("<!doctype html>"));
  CHECK(says(html, "<title>tiny</title>"));
  for (const char* part : {"Chart.js v3.9.1", "prefers-color-scheme: dark", "default-src 'none'", "width=device-width",
                           "function trajectory_card"})
    CHECK_MESSAGE(says(html, part), part);
  CHECK(!says(html, "{{"));
  // Nothing is loaded: no element refers to another file.
  CHECK(!std::regex_search(html, std::regex("(src|href)=[\"']?https?:")));
  CHECK(!std::regex_search(html, std::regex("<(link|iframe|script src)")));
  CHECK(html.size() < 1'500'000);

  const json content = content_of(page);
  CHECK(content["runs"].size() == 1);
  const json run = content["runs"][0];
  CHECK(run["state"] == "finished");
  CHECK(run["step"] == 60);
  CHECK(run["steps"] == 60);
  CHECK(run["missing"] == json::array());
  CHECK(says(run["pipeline"], "hidden: [8]"));
  CHECK(says(run["graph"], "<svg"));
  CHECK(says(run["graph"], "model.mlp"));
  CHECK(number_in(run, "loss", "loss")["step"] == json({10, 20, 30, 40, 50, 60}));
  CHECK(number_in(run, "bound", "K")["stderr"][0].get<double>() > 0);
  REQUIRE(run["curves"].size() >= 1);
  CHECK(run["curves"][0]["axis"] == "t");
  CHECK(run["curves"][0]["events"].back()["curves"][0]["name"] == "kl");
  CHECK(run["curves"][0]["events"].back()["curves"][0]["stderr"].size() == 9);
  CHECK(run["schedule"]["t"].size() == 10);
  CHECK(run["schedule"]["beta"][0] == 0.01);

  std::map<std::string, json> samples;
  for (const auto& entry : run["samples"]) samples[entry["file"]] = entry;
  CHECK(samples.at("looks.h5")["kind"] == "points");
  CHECK(samples.at("looks.h5")["node"] == "looks");
  REQUIRE(samples.at("looks.h5")["frames"].size() == 3);
  CHECK(samples.at("looks.h5")["frames"][0]["label"] == "step 20");
  CHECK(samples.at("looks.h5")["frames"][2]["label"] == "end");
  CHECK(samples.at("looks.h5")["frames"][2]["xy"].size() == 18);
  CHECK(
      samples.at("bound.png")["frames"][0]["src"].get<std::string>().starts_with("data:image/png;base64,iVBORw0KGgo"));
  REQUIRE(run["trajectories"].size() == 1);
  for (const char* way : {"forward", "reverse"}) {
    const json frames = run["trajectories"][0][way];
    REQUIRE(frames.size() == 3);
    CHECK(frames[0]["label"] == "10");
    CHECK(frames[2]["label"] == "0");
    CHECK(frames[0]["xy"].size() == 32);
  }
  double seconds = 0;
  for (const auto& t : run["times"]) seconds += t["seconds"].get<double>();
  CHECK(seconds > 0);
  CHECK(std::any_of(run["times"].begin(), run["times"].end(),
                    [](const json& t) { return t["node"] == "model" && t["calls"].get<double>() >= 120; }));
  std::map<std::string, std::string> environment;
  for (const auto& row : run["environment"]) environment[row[0]] = row[1];
  for (const char* what : {"began", "took", "system", "processor", "weights, CRC-32", "folder"})
    CHECK_MESSAGE(environment.count(what), what);
  CHECK(environment["seed"] == "3");
  CHECK(environment["threads"] == "2");
  CHECK(environment["libtorch"] == TORCH_VERSION);
  CHECK(says(environment["command"], "run p.yaml --out run"));
}

TEST_CASE("a run without a report has none, and one that is begun again loses the old one") {
  const scratch place;
  const surroundings here{.folder = place.folder()};
  put_text(place / "p.yaml", tiny_pipeline);
  REQUIRE(program({"run", "p.yaml", "--out", "r", "--quiet"}, here).code == 0);
  CHECK(fs::exists(place / "r/report.html"));
  REQUIRE(program({"run", "p.yaml", "--out", "r", "--quiet", "--force", "--no-report"}, here).code == 0);
  CHECK(!fs::exists(place / "r/report.html"));
  CHECK(noneq::storage::read_file(place / "r/history.jsonl").find("\"begins\"") ==
        noneq::storage::read_file(place / "r/history.jsonl").rfind("\"begins\""));
  const outcome made = report({"r"}, here);
  CHECK_MESSAGE(made.code == 0, made.err);
  CHECK(made.out == "r/report.html\n");
  CHECK(report({"r"}, here).code == 0);  // it replaces its own page
  put_text(place / "r/report.html", "mine");
  const outcome kept = report({"r"}, here);
  CHECK(kept.code == 2);
  CHECK(kept.err == "r/report.html: got a file that is no report of noneq, need another name by --out\n");
  CHECK(text_of(place / "r/report.html") == "mine");
}

TEST_CASE("texts of a run are never read as HTML") {
  const scratch place;
  const surroundings here{.folder = place.folder()};
  // No pipeline may have this name, but a file in a folder may have been edited.
  const std::string hostile = "</script><script>alert(1)</script><!-- \"&'";
  copy_run(place / "r");
  std::string pipeline = text_of(place / "r/pipeline.yaml");
  const std::string quoted = "name: '</script><script>alert(1)</script><!-- \"&'''";
  put_text(place / "r/pipeline.yaml", pipeline.replace(pipeline.find("name: tiny"), 10, quoted));
  put_text(place / "r/metrics.jsonl",
           text_of(place / "r/metrics.jsonl") +
               R"({"step":60,"node":"<img src=x onerror=alert(1)>","name":"</script>","value":1,"unit":"<b>"})" + "\n");
  REQUIRE(report({"r"}, here).code == 0);
  const std::string html = text_of(place / "r/report.html");
  const json content = content_of(place / "r/report.html");
  CHECK(content["runs"][0]["name"] == hostile);
  CHECK(number_in(content["runs"][0], "<img src=x onerror=alert(1)>", "</script>")["unit"] == "<b>");
  CHECK(says(html, "<title>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;!-- &quot;&amp;&#39;</title>"));
  CHECK(!says(html, "<script>alert"));
  CHECK(!says(html, "<img"));
  std::size_t ends = 0;
  for (auto at = html.find("</script"); at != html.npos; at = html.find("</script", at + 1)) ++ends;
  CHECK(ends == 3);
}

TEST_CASE("of a run that crashed, the page shows what there is, and names what is not") {
  const scratch place;
  copy_run(place / "r");
  const std::string records = text_of(place / "r/metrics.jsonl");
  put_text(place / "r/metrics.jsonl", records.substr(0, records.size() - 20));
  for (const char* file : {"samples.h5", "metrics.h5", "history.jsonl", "report.html"}) fs::remove(place / "r" / file);
  fs::remove_all(place / "r/checkpoint");
  const outcome o = report({(place / "r").string()});
  REQUIRE_MESSAGE(o.code == 0, o.err);
  json run = content_of(place / "r/report.html")["runs"][0];
  CHECK(run["state"] == "unfinished");
  CHECK(run["step"] == 60);
  CHECK(number_in(run, "loss", "loss")["step"].size() == 6);
  CHECK(misses(run, "The last line of metrics.jsonl was not written whole"));
  for (const char* words : {"no checkpoint", "no history.jsonl", "samples.h5 was removed", "No pictures or samples"})
    CHECK_MESSAGE(misses(run, words), words);

  put_text(place / "r/metrics.jsonl", "");
  put_text(place / "r/metrics.h5", "not HDF5");
  put_text(place / "r/samples.h5", "not HDF5");
  fs::create_directories(place / "r/checkpoint");
  put_text(place / "r/checkpoint/checkpoint.json", "{");
  REQUIRE(report({(place / "r").string()}).code == 0);
  run = content_of(place / "r/report.html")["runs"][0];
  CHECK(run["numbers"] == json::array());
  for (const char* words : {"Nothing was recorded", "arrays of metrics cannot be read", "samples.h5 cannot be shown",
                            "checkpoint cannot be read"})
    CHECK_MESSAGE(misses(run, words), words);
}

TEST_CASE("several runs share a page") {
  const scratch place;
  const std::string a = (finished_run() / "tiny").string(), b = (rich_run() / "run").string();
  const outcome alone = report({a, b});
  CHECK(alone.code == 2);
  CHECK(alone.err == "got 2 runs, need --out FILE for their page\n");
  const std::string out = (place / "both.html").string();
  const outcome o = report({a, b, "--out", out});
  REQUIRE_MESSAGE(o.code == 0, o.err);
  CHECK(o.out == out + "\n");
  const json content = content_of(out);
  REQUIRE(content["runs"].size() == 2);
  CHECK(content["runs"][0]["folder"] == a);
  CHECK(content["runs"][1]["folder"] == b);
  const outcome there = report({a, b, "--out", out});
  CHECK(there.code == 2);
  CHECK(says(there.err, "is there already"));
  CHECK(report({a, b, "--out", out, "--force"}).code == 0);
  CHECK(report({a, a, "--out", out, "--force"}).code == 2);
}

TEST_CASE("pictures that have no room on the page are named there") {
  const scratch place;
  copy_run(place / "r");
  std::string list = text_of(place / "r/files.jsonl");
  std::string bytes = "\x89PNG\r\n\x1a\n" + std::string(14 << 20, 'x');
  for (const char* name : {"a.png", "b.png"}) {
    put_text(place / "r" / name, bytes);
    list += std::string(R"({"file": ")") + name + R"(", "bytes": 1, "crc32": "0"})" + "\n";
  }
  put_text(place / "r/files.jsonl", list);
  REQUIRE(report({(place / "r").string()}).code == 0);
  const json content = content_of(place / "r/report.html");
  CHECK(content["left_out"] == json({"b.png"}));
  CHECK(content["limit"] == "20 MB");
  CHECK(fs::file_size(place / "r/report.html") < 21 << 20);
}

TEST_CASE("what is no run, or must not be written, is refused, and nothing is written") {
  const scratch place;
  const surroundings here{.folder = place.folder()};
  const auto refuses = [&](const std::vector<std::string>& words, const std::string& line) {
    const outcome o = report(words, here);
    CHECK(o.code == 2);
    CHECK_MESSAGE(says(o.err, line), o.err);
    CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
    CHECK(o.out == "");
  };
  copy_run(place / "r");
  fs::remove(place / "r/report.html");
  fs::create_directory(place / "empty");
  refuses({"nowhere"}, "nowhere: got nothing of this name, need the folder of a run");
  refuses({"empty"}, "empty: got a folder without pipeline.yaml, need the folder of a run");
  refuses({"r/pipeline.yaml"}, "r/pipeline.yaml: got a file, need the folder of a run");
  refuses({"r", "--out", "r/samples.h5"}, "r/samples.h5");
  refuses({"r", "--out", "r/metrics.jsonl"}, "r/metrics.jsonl");
  refuses({"r", "--out", "x.png"}, "x.png: got a name of PNG, need one of HTML");
  refuses({"r", "--out", "/nowhere/x.html"}, "/nowhere/x.html: cannot write");
  CHECK(!fs::exists(place / "r/report.html"));

  copy_run(place / "newer");
  std::string head = text_of(place / "newer/checkpoint/checkpoint.json");
  put_text(place / "newer/checkpoint/checkpoint.json", head.replace(head.find("\"format\": 1"), 11, "\"format\": 9"));
  refuses({"newer"}, "got format 9, need at most 1: update noneq");
  copy_run(place / "later");
  put_text(place / "later/history.jsonl", "{\"format\": 2}\n");
  refuses({"later"}, "later/history.jsonl: got format 2, need at most 1: update noneq");
  copy_run(place / "broken");
  put_text(place / "broken/pipeline.yaml", "name: [");
  refuses({"broken"}, "broken/pipeline.yaml:");
}

namespace {

// Statistics of members, which are made in units.
const std::string statistics_pipeline = R"(name: processed
graph:
  fields: {plugin: loader.hdf5, file: fields.h5, dataset: x, batch: 2}
  statistics: {plugin: transform.members, in: fields, as: {x0: samples}, keep: [mean, std, quantiles]}
  out: {plugin: writer.hdf5, in: statistics, file: out.h5}
)";

std::map<std::string, std::string> environment_of(const json& run) {
  std::map<std::string, std::string> all;
  for (const auto& row : run["environment"]) all[row[0]] = row[1];
  return all;
}

}

TEST_CASE("statistics of members are drawn in the colours of a scale, and a processed pipeline has its times") {
  const scratch place;
  const surroundings here{.folder = place.folder()};
  REQUIRE(program({"data", "make", "random_fields", "--count", "6", "--seed", "1", "--set", "size=[8, 8]", "--out",
                   "fields.h5"},
                  here)
              .code == 0);
  put_text(place / "p.yaml", statistics_pipeline);
  const outcome done = program({"run", "p.yaml", "--out", "r", "--threads", "2"}, here);
  REQUIRE_MESSAGE(done.code == 0, done.err);
  CHECK(says(done.err, "report: wrote r/report.html\n"));
  json run = content_of(place / "r/report.html")["runs"][0];
  CHECK(run["state"] == "finished");
  CHECK(run["missing"] == json::array());
  std::map<std::string, json> by_tensor;
  for (const auto& entry : run["samples"]) by_tensor[entry["tensor"]] = entry;
  REQUIRE(by_tensor.size() == 3);
  const auto made = noneq::storage::hdf5_reader(place / "r/out.h5");
  for (const auto& [tensor, entry] : by_tensor) {
    CAPTURE(tensor);
    REQUIRE(entry["scales"].size() == 1);
    const json scale = entry["scales"][0];
    CHECK(scale["colours"].size() == 9);
    const noneq::Tensor x = made.rows(tensor, 0, 6);
    const double low = x.min().item<double>(), high = x.max().item<double>();
    const bool both = low < 0 && high > 0 && std::min(-low, high) > 0.1 * std::max(-low, high);
    CHECK(scale["high"].get<double>() == doctest::Approx(both ? std::max(-low, high) : high));
    CHECK(scale["low"].get<double>() == doctest::Approx(both ? -std::max(-low, high) : low));
    CHECK(entry["frames"][0]["src"].get<std::string>().starts_with("data:image/png;base64,"));
  }
  CHECK(by_tensor.at("std")["scales"][0]["low"].get<double>() >= 0);
  CHECK(says(by_tensor.at("quantiles")["note"], "3 quantiles of a row in a line"));
  CHECK(std::any_of(run["times"].begin(), run["times"].end(),
                    [](const json& t) { return t["node"] == "statistics" && t["calls"] == 3; }));
  auto environment = environment_of(run);
  CHECK(environment["threads"] == "2");
  CHECK(says(environment["command"], "run p.yaml --out r"));

  for (const char* part : {"1/2", "2/2"})
    REQUIRE(program({"run", "p.yaml", "--out", "parts", "--part", part, "--quiet"}, here).code == 0);
  REQUIRE(report({"parts"}, here).code == 0);
  CHECK(content_of(place / "parts/report.html")["runs"][0]["state"] == "unfinished");
  REQUIRE(program({"merge", "parts"}, here).code == 0);
  REQUIRE(report({"parts"}, here).code == 0);
  run = content_of(place / "parts/report.html")["runs"][0];
  CHECK(run["state"] == "finished");
  environment = environment_of(run);
  CHECK(environment["parts"] == "2, each by a process of its own");
  CHECK(environment.count("resumed") == 0);
  const noneq::storage::hdf5_reader joined(place / "parts/out.h5");
  for (const auto& [tensor, entry] : by_tensor) CHECK(at::equal(joined.rows(tensor, 0, 6), made.rows(tensor, 0, 6)));
}
