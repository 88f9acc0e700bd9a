// The page of a run that ended at any moment: it is made, and is a whole one; or one line names what is wrong.
#include <random>
#include <regex>

#include <nlohmann/json.hpp>

#include "tiny.hpp"

using namespace testing;
namespace fs = std::filesystem;

namespace {

// Makes the page and returns its first run; null where the folder is refused, in one line.
nlohmann::json reported(const fs::path& run, const std::string& which) {
  const outcome o = program({"report", run.string()});
  CHECK_MESSAGE((o.code == 0 || o.code == 2), (which + ": " + o.err));
  CHECK_MESSAGE(problem_count(o.err) == (o.code == 0 ? 0 : 1), (which + ": " + o.err));
  if (o.code != 0) return nullptr;
  const std::string html = text_of(run / "report.html"), begins = "id=\"data\">";
  const auto from = html.find(begins) + begins.size();
  const auto content = nlohmann::json::parse(html.substr(from, html.find("</script>", from) - from), nullptr, false);
  REQUIRE_MESSAGE(content.is_object(), which);
  CHECK_MESSAGE(html.ends_with("</html>\n"), which);
  return content["runs"][0];
}

std::vector<fs::path> files_of_run(const fs::path& run) {
  std::vector<fs::path> all;
  for (const auto& file : fs::recursive_directory_iterator(run))
    if (file.is_regular_file()) all.push_back(file.path());
  std::sort(all.begin(), all.end());
  return all;
}

}

TEST_CASE("files of a run that are cut anywhere, flipped or gone: a page, or one line") {
  const scratch place;
  copy_run(place / "whole");
  const auto names = files_of_run(place / "whole");
  REQUIRE(names.size() > 5);
  int pages = 0;
  for (std::uint32_t seed = 1; seed <= 16; ++seed) {
    std::mt19937 draw(seed);
    const fs::path run = place / std::to_string(seed);
    fs::copy(place / "whole", run, fs::copy_options::recursive);
    std::string which = "seed " + std::to_string(seed);
    for (int k = 0; k < 3; ++k) {
      const fs::path file = run / names[draw() % names.size()].lexically_relative(place / "whole");
      if (file.filename() == "report.html" || !fs::exists(file)) continue;
      std::string text = text_of(file);
      const std::uint32_t how = draw() % 4;
      which += ", " + file.filename().string() + (how == 0 ? " gone" : how == 1 ? " flipped" : " cut");
      if (how == 0) {
        fs::remove(file);
        continue;
      }
      const std::size_t at = text.empty() ? 0 : draw() % text.size();
      if (how == 1 && !text.empty())
        text[at] = static_cast<char>(text[at] ^ (1 << draw() % 8));
      else
        text.resize(at);
      put_text(file, text);
    }
    pages += reported(run, which).is_object();
    fs::remove_all(run);
  }
  CHECK(pages >= 8);
}

TEST_CASE("values of other types in the records and the history leave a page") {
  const scratch place;
  copy_run(place / "r");
  const std::string records = text_of(place / "r/metrics.jsonl"), history = text_of(place / "r/history.jsonl");
  put_text(place / "r/metrics.jsonl", records + R"({"step":"late","node":3,"name":[],"value":{},"unit":null})" +
                                          "\n{}\n" + R"({"step":1e300,"node":"loss","name":"loss","value":"nan"})" +
                                          "\n" + "null\n3\n[]\n");
  put_text(place / "r/history.jsonl",
           history + R"({"format":1,"event":3,"time":[],"threads":{},"nodes":[1],"seconds":"long","how":7})" + "\n" +
               R"({"format":1,"event":"ends","how":7,"nodes":{"loss":3},"seconds":null})" + "\n");
  const nlohmann::json run = reported(place / "r", "other types");
  REQUIRE(run.is_object());
  CHECK(run["numbers"].size() > 0);
}

TEST_CASE("killed at any moment, a run has a page") {
  const scratch place;
  put_text(place / "p.yaml", tiny_with("steps: 60", "steps: 4000") +
                                 "  look: {plugin: sampler.ancestral, of: model, count: 9, frames: 3, every: 20}\n"
                                 "  looks: {plugin: writer.figure, in: look, file: looks.png}\n");
  for (const int lines : {1, 4, 9}) {
    const std::string folder = "r" + std::to_string(lines);
    child run({"run", "p.yaml", "--out", folder, "--quiet"}, {.folder = place.folder()});
    const fs::path records = place / (folder + "/metrics.jsonl");
    const bool began = run.until([&] {
      const std::string text = fs::exists(records) ? text_of(records) : "";
      return std::count(text.begin(), text.end(), '\n') >= lines;
    });
    REQUIRE(began);
    run.send(SIGKILL);
    run.wait();
    const nlohmann::json page = reported(place / folder, folder);
    REQUIRE(page.is_object());
    CHECK(page["state"] == "unfinished");
    CHECK(page["step"].get<int>() >= 10 * lines);
  }
}
