// Every shipped pipeline with one mistake in it: the schema refuses nothing that the program accepts, and accepts
// nothing that the program refuses for a reason that tables state.
#include "judging.hpp"

using namespace testing;
using noneq::config::value;

namespace {

struct mutation {
  std::string what;
  value document;
};

value scalar(const std::string& text) { return value::scalar(text); }
value some_map() {
  value v = value::map();
  v.set("some", scalar("map"));
  return v;
}

// One mistake after the other in copies of a document. `at` leads from a document to the map that is changed.
class mutations {
 public:
  explicit mutations(const value& document) : whole_(document) {
    rename_keys({});
    for (const char* key : {"name", "seed", "unit", "not_finite"}) spoil({}, key);
    if (whole_.contains("process")) {
      rename_keys({"process"});
      for (const auto& [role, v] : whole_.find("process")->entries()) plugin({"process"}, role, v);
    }
    for (const auto& [id, v] : whole_.find("graph")->entries()) {
      plugin({"graph"}, id, v);
      set({"graph", id}, "in", scalar("no_such_node"));
      set({"graph", id}, "of", scalar("no_such_node"));
      set({"graph", id}, "every", scalar("0"));
      set({"graph", id}, "at", scalar("start"));
      set({"graph", id}, "as", scalar("mask"));
      set({"graph", id}, "hiden", scalar("8"));
      set({"graph", id}, "stepps", scalar("8"));
    }
  }
  std::vector<mutation> all;

 private:
  using path = std::vector<std::string>;

  static value* find(value& v, const path& at) {
    value* found = &v;
    for (const std::string& key : at)
      if (found) found = found->find(key);
    return found;
  }

  template <class F>
  void add(const path& at, const std::string& what, const F& change) {
    value copy = whole_;
    value* there = find(copy, at);
    if (there == nullptr || !there->is_map()) return;
    change(*there);
    std::string name = what;
    for (auto key = at.rbegin(); key != at.rend(); ++key) name = *key + "." + name;
    all.push_back({name, copy});
  }

  void set(const path& at, const std::string& key, const value& v) {
    add(at, key + " = " + noneq::config::to_json(v).dump(), [&](value& map) { map.set(key, v); });
  }

  void rename_keys(const path& at) {
    value* map = find(whole_, at);
    for (const auto& [key, v] : map->entries())
      add(at, key + " misspelt", [&, &key = key, &v = v](value& m) {
        const value kept = v;
        const std::string wrong = key.size() > 3 ? key.substr(0, key.size() - 2) + key.back() : key + "x";
        m.remove(key);
        m.set(wrong, kept);
      });
  }

  // Wrong types, values beyond every range, and choices that nobody has.
  void spoil(const path& at, const std::string& key) {
    for (const value& wrong : {some_map(), scalar("no_such_word"), scalar("-1e30"), scalar("1e30"), scalar("-1"),
                               scalar("0.5"), scalar("true"), value::null()})
      set(at, key, wrong);
    value list = value::list();
    list.push_back(some_map());
    set(at, key, list);
  }

  void plugin(const path& at, const std::string& key, const value& v) {
    path below = at;
    below.push_back(key);
    const value* name = v.is_map() ? v.find("plugin") : &v;
    set(at, key, scalar(name->text() + "x"));
    set(at, key, scalar("3"));
    if (!v.is_map()) return;
    set(below, "plugin", scalar(name->text() + "x"));
    set(below, "plugin", some_map());
    rename_keys(below);
    for (const auto& [parameter, given] : v.entries())
      if (parameter != "plugin") spoil(below, parameter);
  }

  value whole_;
};

// The lines of `now` that are not in `before`.
std::vector<std::string> new_lines(const std::string& before, const std::string& now) {
  std::vector<std::string> fresh;
  std::istringstream lines(now);
  for (std::string line; std::getline(lines, line);)
    if (!says("\n" + before + "\n", "\n" + line + "\n")) fresh.push_back(line);
  return fresh;
}

// Problems that follow from the tables of plugins, so that a schema can express them. It can express none that depend
// on another value (names of nodes and of tensors, combinations of keys and of plugins, texts that a plugin parses), on
// files or on data.
const std::vector<std::string> stated_by_tables{" has no parameter '",
                                                "unknown key '",
                                                ", need an integer",
                                                ", need a number",
                                                ", need a text",
                                                ", need true or false",
                                                " plugin is called '",
                                                ", need a path",
                                                ", need a value in [",
                                                ", need one of stop",
                                                "need <role>.<name> of a plugin"};

bool is_stated_by_tables(const std::string& line) {
  return std::any_of(stated_by_tables.begin(), stated_by_tables.end(),
                     [&](const std::string& reason) { return says(line, reason); });
}

}

TEST_CASE("one mistake in a shipped pipeline: schema and program agree") {
  std::map<std::string, int> refused;
  for (const auto& file : shipped_pipelines()) {
    const value document = noneq::config::parse_pipeline(file);
    const std::string before = problems_of(document);
    for (const mutation& m : mutations(document).all) {
      const auto lines = new_lines(before, problems_of(m.document));
      const bool accepted = lines.empty(), by_schema = valid(m.document);
      const std::string which = file.filename().string() + ": " + m.what;
      ++refused[accepted ? "accepted" : by_schema ? "by the program alone" : "by both"];
      if (accepted) CHECK_MESSAGE(by_schema, which);
      if (!accepted && by_schema)
        CHECK_MESSAGE(std::none_of(lines.begin(), lines.end(), is_stated_by_tables), (which + ": " + lines.front()));
    }
  }
  CHECK(refused["by both"] > 1000);
  CHECK(refused["accepted"] > 100);
}
