// The help, the completions of shells, the manual page and the look at the machine, as people at a shell use them.
#include <regex>

#include <nlohmann/json.hpp>

#include "tiny.hpp"

using namespace testing;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool installed(const char* program) {
  return std::system(("command -v " + std::string(program) + " > /dev/null 2>&1").c_str()) == 0;
}

// The output of a script run by a program, in a folder.
std::string shell(const std::string& command, const std::filesystem::path& folder) {
  const auto to = folder / "shell.out";
  const int code = std::system(("cd '" + folder.string() + "' && " + command + " > shell.out 2>&1").c_str());
  CHECK_MESSAGE(code == 0, text_of(to));
  const std::string text = text_of(to);
  std::filesystem::remove(to);
  return text;
}

// The verbs of the program, by its own message.
std::vector<std::string> verbs() {
  const std::string all = program({"no-such-verb"}).err;
  const auto open = all.find("there are: "), close = all.rfind(')');
  std::vector<std::string> names;
  std::istringstream words(all.substr(open + 11, close - open - 11));
  for (std::string name; std::getline(words, name, ',');) names.push_back(name.substr(name.find_first_not_of(' ')));
  return names;
}

struct bash {
  bash() {
    put_text(place / "words", program({"completion", "bash"}).out);
    put_text(place / "mine.yaml", tiny_pipeline);
    put_text(place / "data.h5", "");
    std::filesystem::create_directories(place / "runs");
  }
  // Returns the words that bash offers for the last of these.
  std::vector<std::string> offers(const std::vector<std::string>& words) const {
    std::string line = "bash -c 'source ./words; COMP_WORDS=(noneq";
    for (const std::string& word : words) line += " \"" + word + "\"";
    line += "); COMP_CWORD=" + std::to_string(words.size()) +
            "; _noneq; if [ ${#COMPREPLY[@]} -gt 0 ]; then printf \"%s\\n\" \"${COMPREPLY[@]}\"; fi'";
    return lines_of(shell(line, place.folder()));
  }
  scratch place;
};

bool holds(const std::vector<std::string>& all, const std::string& word) {
  return std::find(all.begin(), all.end(), word) != all.end();
}

}

TEST_CASE("--help fits a screen of 24 lines and 80 columns, with every verb once") {
  const outcome o = program({"--help"});
  const auto lines = lines_of(o.out);
  CHECK(lines.size() <= 24);
  for (const std::string& line : lines) CHECK_MESSAGE(line.size() <= 80, line);
  const auto all = verbs();
  CHECK(all.size() > 20);
  for (const std::string& verb : all) {
    const std::regex cell("(^|\\n)  (.{40})?" + verb + " +[A-Z]");
    CHECK_MESSAGE(std::distance(std::sregex_iterator(o.out.begin(), o.out.end(), cell), {}) == 1, verb);
    CHECK(program({verb, "--help"}).code == 0);
  }
}

TEST_CASE("bash completes verbs, options, their values, files and names of plugins") {
  if (!installed("bash")) {
    MESSAGE("skipped: there is no bash here");
    return;
  }
  const bash b;
  for (const std::string& verb : verbs()) CHECK_MESSAGE(holds(b.offers({""}), verb), verb);
  CHECK(b.offers({"des"}) == std::vector<std::string>{"describe"});
  CHECK(b.offers({"describe", "schedule.cos"}) == std::vector<std::string>{"schedule.cosine"});
  CHECK(holds(b.offers({"list", ""}), "sampler"));
  CHECK(b.offers({"run", "--res"}) == std::vector<std::string>{"--resume"});
  CHECK(b.offers({"run", ""}) == std::vector<std::string>{"runs", "mine.yaml"});
  CHECK(b.offers({"run", "--out", "some", "mi"}) == std::vector<std::string>{"mine.yaml"});
  CHECK(b.offers({"eval", ""}) == std::vector<std::string>{"runs"});
  CHECK(b.offers({"eval", "runs", "--method", ""}) == std::vector<std::string>{"bound", "flow", "vlb"});
  CHECK(b.offers({"sample", "runs", "--sampler", "dd"}) == std::vector<std::string>{"ddim"});
  CHECK(b.offers({"data", "im"}) == std::vector<std::string>{"import"});
  CHECK(b.offers({"data", "info", "da"}) == std::vector<std::string>{"data.h5"});
  CHECK(holds(b.offers({"data", "make", ""}), "swiss_roll"));
  CHECK(b.offers({"data", "make", "--cou"}) == std::vector<std::string>{"--count"});
  CHECK(b.offers({"new", "sched"}) == std::vector<std::string>{"schedule"});
  CHECK(b.offers({"new", "schedule", ""}).empty());
  CHECK(b.offers({"new", "schedule", "sched"}).empty());
  CHECK(b.offers({"run", "--threads", ""}).empty());
  CHECK(b.offers({"no-such-verb-"}).empty());
}

TEST_CASE("a reader that has enough is no error") {
  if (!installed("bash")) {
    MESSAGE("skipped: there is no bash here");
    return;
  }
  const scratch place;
  const std::string noneq = std::getenv("NONEQ");
  put_text(place / "a.yaml", tiny_pipeline);
  put_text(place / "b.yaml", tiny_pipeline);
  shell("sed -i 's/^seed: .*/seed: 77/' b.yaml", place.folder());
  // Nobody has read anything when the program writes; its exit code is the answer that it would have been.
  for (const auto& [verb, code] :
       {std::pair{"list", "0"}, {"man", "0"}, {"schema", "0"}, {"diff a.yaml b.yaml", "1"}}) {
    CAPTURE(verb);
    CHECK(shell("bash -c '(sleep 0.3; \"" + noneq + "\" " + verb + "; echo $? >&2) | true'", place.folder()) ==
          std::string(code) + "\n");
  }
  for (const char* verb : {"list", "man", "schema", "completion bash"}) {
    CAPTURE(verb);
    const std::string out =
        shell("bash -c 'set -o pipefail; \"" + noneq + "\" " + verb + " | head -c 10'", place.folder());
    CHECK(out.size() == 10);
  }
}

TEST_CASE("every option of every verb is in each completion") {
  for (const char* name : {"bash", "zsh", "fish"}) {
    const std::string script = program({"completion", name}).out;
    for (const std::string& verb : verbs()) {
      const std::string help = program({verb, "--help"}).out;
      const std::regex option("\n  (?:-h,)?--([a-z-]+)");
      for (auto it = std::sregex_iterator(help.begin(), help.end(), option); it != std::sregex_iterator(); ++it) {
        const std::string word = (*it)[1];
        CHECK_MESSAGE(says(script, (std::string(name) == "fish" ? "-l " : "--") + word), name, ": ", verb, " ", word);
      }
    }
    const scratch place;
    put_text(place / "words", script);
    if (installed(name))
      CHECK(shell(std::string(name) + (std::string(name) == "bash" ? " -n words" : " --no-execute words"),
                  place.folder()) == "");
    else
      MESSAGE("skipped: there is no ", std::string(name), " here to read its script");
  }
  const outcome none = program({"completion", "tcsh"});
  CHECK(none.code == 2);
}

TEST_CASE("the manual page has every verb and plugin, and groff takes it without a warning") {
  const outcome o = program({"man"});
  REQUIRE_MESSAGE(o.code == 0, o.err);
  CHECK(o.out.find(".TH NONEQ 1") != std::string::npos);
  const scratch place;
  put_text(place / "noneq.1", o.out);
  if (!installed("groff")) {
    MESSAGE("skipped: there is no groff here");
    return;
  }
  CHECK(shell("groff -z -ww -K utf8 -T utf8 -man noneq.1", place.folder()) == "");
  if (!installed("man")) {
    MESSAGE("skipped: there is no man here");
    return;
  }
  const std::string page = shell("MANWIDTH=120 LC_ALL=C.UTF-8 man -l noneq.1", place.folder());
  for (const std::string& verb : verbs()) CHECK_MESSAGE(says(page, "noneq " + verb), verb);
  for (const char* words : {"schedule.cosine", "--resume", "NONEQ_PLUGIN_PATH", "noneq data import", "EXIT STATUS"})
    CHECK_MESSAGE(says(page, words), words);
}

TEST_CASE("doctor: one fact a line, the same facts as JSON, and what is broken is its exit code") {
  const outcome text = program({"doctor"}), j = program({"doctor", "--json"});
  CHECK_MESSAGE(text.code == 0, text.out);
  CHECK(text.err == "");
  const auto all = nlohmann::json::parse(j.out);
  std::size_t count = all["slow"].size() + all["broken"].size();
  for (const auto& [topic, facts] : all["facts"].items()) {
    count += facts.size();
    CHECK_MESSAGE(std::regex_search(text.out, std::regex("(^|\\n)" + topic + " ")), topic);
  }
  CHECK(lines_of(text.out).size() == count);
  for (const char* library : {"libtorch", "oneTBB", "HDF5", "Boost", "yaml-cpp"})
    CHECK_MESSAGE(
        std::regex_match(all["facts"]["libraries"][library].get<std::string>(), std::regex("[0-9]+[.][0-9.]+")),
        library);
  for (const char* name : {"oneDNN", "execution", "precision"}) CHECK(all["facts"]["unet"].contains(name));
  CHECK(all["facts"]["cores"]["used"].get<int>() >= 1);
  CHECK(all["facts"]["cores"]["taskset"].get<int>() <= all["facts"]["cores"]["machine"].get<int>());
}

TEST_CASE("doctor sees the limits of its own process, kernels that were turned off, and plugins that are refused") {
  const auto told = [](const surroundings& around) {
    const outcome o = program({"doctor", "--json"}, around);
    return std::pair(o.code, nlohmann::json::parse(o.out));
  };
  const auto [code, limited] = told({.variables = {{"ONEDNN_MAX_CPU_ISA", "AVX2"}}});
  CHECK(code == 0);
  CHECK(limited["facts"]["unet"]["precision"] == "fp32");
  CHECK(says(limited["slow"].dump(), "ONEDNN_MAX_CPU_ISA=AVX2"));

  const scratch place;
  put_text(place / "schedule.broken.so", std::string(9000, 'x'));
  const auto [refused, broken] = told({.plugin_path = place.folder().string()});
  CHECK(refused == 1);
  CHECK(says(broken["broken"].dump(), "schedule.broken.so"));
  if (installed("taskset")) {
    const std::string noneq = std::filesystem::absolute(std::getenv("NONEQ")).string();
    CHECK(nlohmann::json::parse(
              shell("taskset -c 0 '" + noneq + "' doctor --json", place.folder()))["facts"]["cores"]["taskset"] == 1);
  } else {
    MESSAGE("skipped: there is no taskset here");
  }
}
