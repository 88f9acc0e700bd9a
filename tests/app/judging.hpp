// Pipelines judged twice: by the printed JSON Schema, with a validator that is not ours, and by the program.
#pragma once

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "noneq/config/emit.hpp"
#include "noneq/config/extends.hpp"
#include "noneq/config/parse.hpp"
#include "noneq/flow/plan.hpp"
#include "tiny.hpp"

namespace testing {

// A schema cannot be copied, so it is made where it stays.
struct printed_schema {
  printed_schema() {
    const outcome o = program({"schema"});
    REQUIRE_MESSAGE(o.code == 0, o.err);
    REQUIRE(o.err == "");
    document = nlohmann::json::parse(o.out);
    valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(document), schema);
  }
  nlohmann::json document;
  valijson::Schema schema;
};

inline const printed_schema& the_schema() {
  static const printed_schema printed;
  return printed;
}

inline bool valid(const noneq::config::value& document) {
  const auto j = noneq::config::to_json(document);
  return valijson::Validator().validate(the_schema().schema, valijson::adapters::NlohmannJsonAdapter(j), nullptr);
}

inline noneq::registry& shipped_plugins() {
  static noneq::registry plugins({std::filesystem::path(std::getenv("NONEQ_BUILD")) / "plugins"});
  return plugins;
}

// The problems that the program itself finds; "" for none.
inline std::string problems_of(const noneq::config::value& document) {
  try {
    noneq::flow::make_plan(document, shipped_plugins());
  } catch (const noneq::error& e) {
    return e.what();
  }
  return "";
}

inline std::vector<std::filesystem::path> shipped_pipelines() {
  std::vector<std::filesystem::path> all;
  for (const auto& file : std::filesystem::directory_iterator("pipelines"))
    if (file.path().extension() == ".yaml") all.push_back(file.path());
  std::sort(all.begin(), all.end());
  return all;
}

}
