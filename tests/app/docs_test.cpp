// The pages that noneq docs writes: all is in them, every link leads somewhere, and nothing of anybody else is lost.
#include <regex>
#include <set>

#include <nlohmann/json.hpp>

#include "tiny.hpp"

using namespace testing;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string broken_library = std::string(std::getenv("NONEQ_BUILD")) + "/tests/plugins";

outcome docs_into(const fs::path& folder, std::vector<std::string> more = {}, surroundings around = {}) {
  more.insert(more.begin(), {"docs", "--out", folder.string()});
  return program(more, std::move(around));
}

// The site of the shipped plugins, which all tests may read.
const scratch& written_docs() {
  static const scratch place;
  static const bool done = [] {
    const outcome o = docs_into(place / "site");
    CHECK_MESSAGE(o.code == 0, o.err);
    CHECK(o.err == "");
    CHECK(o.out == (place / "site/index.html").string() + "\n");
    return true;
  }();
  (void)done;
  return place;
}

std::string page_text(const std::string& name) { return text_of(written_docs() / "site" / name); }

std::map<std::string, std::string> files_below(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& file : fs::recursive_directory_iterator(folder))
    if (file.is_regular_file()) all[file.path().lexically_relative(folder).string()] = text_of(file.path());
  return all;
}

std::vector<std::string> all_matches(const std::string& text, const std::string& pattern) {
  const std::regex wanted(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator m(text.begin(), text.end(), wanted), end; m != end; ++m) found.push_back((*m)[1]);
  return found;
}

// Every link that leads nowhere, or out of the site.
std::vector<std::string> dead_links(const std::map<std::string, std::string>& files, int& seen) {
  std::map<std::string, std::set<std::string>> anchors;
  for (const auto& [name, text] : files)
    if (name.ends_with(".html"))
      for (const std::string& id : all_matches(text, "\\bid=\"([^\"]*)\"")) anchors[name].insert(id);
  std::vector<std::string> dead;
  for (const auto& [name, text] : files) {
    if (!name.ends_with(".html")) continue;
    for (const std::string& link : all_matches(text, "\\b(?:href|src)=\"([^\"]*)\"")) {
      ++seen;
      const auto hash = link.find('#');
      const std::string target =
          hash == 0 ? name : (fs::path(name).parent_path() / link.substr(0, hash)).lexically_normal().string();
      if (!files.count(target) || (hash != link.npos && !anchors[target].count(link.substr(hash + 1))))
        dead.push_back(name + ": " + link);
    }
  }
  return dead;
}

}

TEST_CASE("every plugin, parameter and tensor is in the reference, with its doc, range and default") {
  const json all = json::parse(program({"list", "--json"}).out);
  REQUIRE(all.size() > 100);
  int parameters = 0;
  std::map<std::string, std::string> pages;
  for (const auto& plugin : all) {
    const std::string full = plugin["plugin"], role = full.substr(0, full.find('.')),
                      name = full.substr(role.size() + 1);
    std::string& page = pages[role];
    if (page.empty()) page = page_text("reference/" + role + ".html");
    const auto begin = page.find("<section class=\"plugin\" id=\"" + name + "\">");
    REQUIRE_MESSAGE(begin != page.npos, full);
    const std::string section = page.substr(begin, page.find("</section>", begin) - begin);
    for (const auto& p : plugin["parameters"]) {
      ++parameters;
      const std::string parameter = p["name"];
      CHECK_MESSAGE(says(section, "id=\"" + name + "." + parameter + "\""), (full + "." + parameter));
      if (p.contains("range")) CHECK_MESSAGE(says(section, p["range"].get<std::string>()), (full + "." + parameter));
    }
    for (const char* title : {"reads", "writes"})
      for (const auto& tensor : plugin[title])
        CHECK_MESSAGE(says(section, "<code>" + tensor["name"].get<std::string>() + "</code>"), full);
    CHECK_MESSAGE(says(section, "<pre><code>"), full);
  }
  CHECK(parameters > 450);
  CHECK(says(pages["schedule"], "A schedule is the rate at which data turns into noise"));
  CHECK(says(pages["schedule"], "<dt>Threads</dt><dd>const functions may be called concurrently."));
  CHECK(says(pages["schedule"], "integer or continuous, a value in [2, 1000000]; default 1000"));
  for (const char* contract : {"preprocessing and augmentation", "applies a trained model", "behind a sampler"})
    CHECK_MESSAGE(says(pages["transform"], contract), contract);
}

TEST_CASE("every verb and option, and every key of a pipeline, is in the reference") {
  const std::string commands = page_text("reference/commands.html"), manual = program({"man"}).out;
  for (const char* id : {"run", "run--out", "run-FILE", "data-make", "data-make--count", "docs--out", "docs--force"})
    CHECK_MESSAGE(says(commands, "id=\"" + std::string(id) + "\""), id);
  std::istringstream lines(manual);
  std::string verb;
  int options = 0;
  for (std::string line; std::getline(lines, line);) {
    if (const auto of_verb = all_matches(line, "^\\.SS noneq ([a-z ]*[a-z])"); !of_verb.empty()) verb = of_verb[0];
    for (std::string option : all_matches(line, "^\\\\fB(\\\\-\\\\-[a-z\\\\-]+)\\\\fR")) {
      if (verb.empty()) continue;  // of the program itself
      option.erase(std::remove(option.begin(), option.end(), '\\'), option.end());
      const std::string id = std::regex_replace(verb, std::regex(" "), "-") + option;
      CHECK_MESSAGE(says(commands, "id=\"" + id + "\""), id);
      ++options;
    }
  }
  CHECK(options > 100);
  const auto verbs = all_matches(manual, "\\.SS noneq ([a-z ]+)");
  CHECK(verbs.size() > 25);
  CHECK(all_matches(commands, "<section class=\"plugin\" id=\"([^\"]*)\"").size() == verbs.size());
  const std::string keys = page_text("reference/pipeline.html");
  for (const char* id : {"extends", "name", "seed", "unit", "not_finite", "process", "graph", "process.kernel",
                         "process.variance", "node.plugin", "node.in", "node.as", "node.of", "node.every", "node.at"})
    CHECK_MESSAGE(says(keys, "id=\"" + std::string(id) + "\""), id);
}

TEST_CASE("every link and picture of the pages is there, and nothing is requested from elsewhere") {
  const auto files = files_below(written_docs() / "site");
  int seen = 0;
  for (const std::string& link : dead_links(files, seen)) CHECK_MESSAGE(link.empty(), link);
  CHECK(seen > 2000);
  CHECK(files.count("docs/user-guide.html") == 1);
  CHECK(files.count("docs/pictures/bound.png") == 1);
  CHECK(files.count("pipelines/swiss_roll.html") == 1);
  for (const auto& [name, text] : files) {
    if (name.ends_with(".png")) continue;
    CHECK_MESSAGE(!std::regex_search(text, std::regex("(src|href|url\\()[=\"']*(https?:)?//")), name);
    CHECK_MESSAGE(!says(text, "{{"), name);
    if (name.ends_with(".html")) CHECK_MESSAGE(!says(text, "<!-- "), name);  // which direct the tests of a page
  }
  const std::string guide = page_text("docs/user-guide.html");
  CHECK(says(guide, "<a href=\"data.html\">data</a>"));
  CHECK(says(guide, "<a href=\"../index.html\">README</a>"));
  CHECK(says(guide, "<table>"));
  CHECK(says(page_text("docs/plugins.html"), "CONTRIBUTING.md describe") == false);
  CHECK(!says(page_text("docs/plugins.html"), "framework/README.md\""));  // is not rendered, so there is no link
}

TEST_CASE("the search knows every page, plugin and parameter, and leads to places that are there") {
  const std::string index = page_text("words.js");
  const json words = json::parse(index.substr(index.find('['), index.rfind(']') - index.find('[') + 1));
  CHECK(words.size() > 700);
  std::set<std::string> names;
  for (const auto& word : words) {
    names.insert(word[0]);
    const std::string place = word[2];
    const auto hash = place.find('#');
    const std::string page = page_text(place.substr(0, hash));
    CHECK_MESSAGE(page != "", place);
    if (hash != place.npos) CHECK_MESSAGE(says(page, "id=\"" + place.substr(hash + 1) + "\""), place);
  }
  for (const char* name :
       {"loader.hdf5", "first_beta", "noneq run", "--resume", "not_finite", "swiss_roll", "schedule"})
    CHECK_MESSAGE(names.count(name), name);
}

TEST_CASE("plugins of other folders are in the pages with their libraries, and broken ones with a line") {
  const scratch place;
  const outcome o = docs_into(place / "site", {}, {.plugin_path = broken_library});
  CHECK(o.code == 0);
  const std::string crash =
      "misbehaving.so (schedule.crashes_when_described): segmentation fault (SIGSEGV) when it was "
      "loaded and described";
  CHECK_MESSAGE(says(o.err, crash), o.err);
  const std::string page = text_of(place / "site/reference/schedule.html");
  CHECK(says(page, "<p class=\"problem\">" + broken_library + "/" + crash + "</p>"));
  CHECK(says(page, "its describe() failed: the table is gone</p>"));
  CHECK(says(page, "whose default is 20.0, need a value in [1, 8]"));
  CHECK(says(page, "library " + broken_library + "/misbehaving.so"));
  CHECK(says(page, "id=\"cosine\""));
  int seen = 0;
  for (const std::string& link : dead_links(files_below(place / "site"), seen)) CHECK_MESSAGE(link.empty(), link);
}

TEST_CASE("a folder of others is refused, an earlier site is replaced, and no other file is touched") {
  const scratch place;
  const surroundings here{.folder = place.folder()};
  const auto refuses = [&](std::vector<std::string> words, const std::string& line) {
    words.insert(words.begin(), "docs");
    const outcome o = program(words, here);
    CHECK(o.code == 2);
    CHECK_MESSAGE(says(o.err, line), o.err);
    CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
  };
  put_text(place / "file", "mine");
  fs::create_directory(place / "full");
  put_text(place / "full/letter", "mine");
  refuses({}, "--out is missing: the folder to write");
  refuses({"--out", ""}, "got '', need the name of a file");
  refuses({"--out", "full"}, "full: is there already; give --out another folder, or --force to replace files in it");
  refuses({"--out", "file"}, "file: is there already");
  refuses({"--out", "file", "--force"}, "file: got a file, need the name of a folder");
  refuses({"--out", "file/below"}, "file/below: cannot make this folder: Not a directory");
  refuses({"--out", "/proc/docs"}, "/proc/docs: cannot make this folder: ");
  copy_run(place / "r");
  refuses({"--out", "r", "--force"}, "r");
  CHECK(text_of(place / "file") == "mine");
  CHECK(files_below(place / "full").size() == 1);

  REQUIRE(program({"docs", "--out", "full", "--force"}, here).code == 0);
  const auto first = files_below(place / "full");
  CHECK(first.at("letter") == "mine");
  // A page of an earlier version goes; a name that leads out of the folder is nobody's page.
  json list = json::parse(first.at("noneq-docs.json"));
  list["files"].push_back("old/page.html");
  list["files"].push_back("../file");
  put_text(place / "full/noneq-docs.json", list.dump());
  fs::create_directories(place / "full/old");
  put_text(place / "full/old/page.html", "old");
  REQUIRE(program({"docs", "--out", "full"}, here).code == 0);
  CHECK(files_below(place / "full") == first);
  CHECK(!fs::exists(place / "full/old"));
  CHECK(text_of(place / "file") == "mine");
}
