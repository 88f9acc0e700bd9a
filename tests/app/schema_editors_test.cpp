// An editor shows, from the schema, a doc, range and default for everything that can be written, and the names of
// plugins with their docs. The YAML language server reads these elements.
#include "judging.hpp"

using namespace testing;
using nlohmann::json;

namespace {

json table_of_plugins() {
  static const json all = json::parse(program({"list", "--json"}).out);
  return all;
}

// The descriptions that are lacking in the properties of a map, and in those below.
void undescribed(const json& schema, const std::string& at, std::vector<std::string>& lacking) {
  if (!schema.contains("properties")) return;
  for (const auto& [key, below] : schema["properties"].items()) {
    const bool elsewhere = below.contains("$ref");
    if (key != "plugin" && !elsewhere && below.value("description", "").empty()) lacking.push_back(at + "." + key);
    undescribed(below, at + "." + key, lacking);
  }
}

}

TEST_CASE("every parameter is described in the schema with its doc, its range and its default") {
  const json definitions = the_schema().document["definitions"];
  int seen = 0;
  for (const auto& plugin : table_of_plugins()) {
    const json map = definitions.at(plugin["plugin"].get<std::string>());
    CHECK(map["description"] == plugin["doc"]);
    for (const auto& p : plugin["parameters"]) {
      ++seen;
      const std::string name = p["name"], which = plugin["plugin"].get<std::string>() + "." + name;
      const json schema = map["properties"].at(name);
      const std::string words = schema["description"];
      CHECK_MESSAGE(words.starts_with(p["doc"].get<std::string>() + "\n" + p["type"].get<std::string>()), which);
      if (p.contains("range")) CHECK_MESSAGE(says(words, p["range"].get<std::string>()), which);
      if (!p["default"].is_null()) CHECK_MESSAGE(schema["default"] == p["default"], which);
    }
  }
  CHECK(seen > 450);
  std::vector<std::string> lacking;
  for (const auto& [name, schema] : definitions.items()) undescribed(schema, name, lacking);
  for (const char* branch : {"then", "else"}) undescribed(the_schema().document[branch], branch, lacking);
  for (const std::string& name : lacking) CHECK_MESSAGE(name.empty(), name);
}

TEST_CASE("names of plugins are choices with the doc of each, once") {
  const json definitions = the_schema().document["definitions"];
  std::map<std::string, std::map<std::string, std::string>> docs;
  for (const auto& plugin : table_of_plugins()) {
    const std::string full = plugin["plugin"], role = full.substr(0, full.find('.'));
    docs[role][full.substr(role.size() + 1)] = plugin["doc"];
  }
  for (const char* role :
       {"kernel", "schedule", "mean", "variance", "time_sampler", "weighting", "grid", "guide", "feature"}) {
    const json map = definitions.at("part." + std::string(role))["anyOf"].back();
    const json names = map["properties"]["plugin"]["anyOf"][0];
    REQUIRE(names["enum"].size() == docs[role].size());
    for (std::size_t k = 0; k < names["enum"].size(); ++k)
      CHECK(names["enumDescriptions"][k] == docs[role].at(names["enum"][k]));
  }
  const json node = definitions["node"]["anyOf"].back()["properties"]["plugin"];
  CHECK(node["enum"].size() == node["enumDescriptions"].size());
  CHECK(node["enum"].size() > 60);
  // An editor takes every enum for a choice, so the conditions have none.
  for (const json& rule : definitions["node"]["anyOf"].back()["allOf"])
    CHECK(!rule["if"]["properties"]["plugin"].contains("enum"));
}

TEST_CASE("the schema is small, and of the draft that editors know") {
  CHECK(the_schema().document["$schema"] == "http://json-schema.org/draft-07/schema#");
  CHECK(the_schema().document.dump(1).size() < 1'000'000);
}
