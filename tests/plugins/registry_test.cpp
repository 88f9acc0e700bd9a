// Every plugin of this build: that it is documented, that its table keeps its own rules, and that its parameters
// survive being written to a pipeline and read again.
#include <cmath>

#include "make.hpp"
#include "noneq/config/emit.hpp"

using namespace noneq;
using namespace testing;

namespace {

template <class Check>
void with_every_plugin(Check&& check) {
  for (const std::string& role : built_plugins().roles())
    for (const std::string& name : built_plugins().names(role)) {
      const std::string plugin = role + "." + name;
      CAPTURE(plugin);
      check(built_plugins().find(role, name));
    }
}

// Reads a value into the parameter of an object, as a pipeline's file would; true when it was accepted.
bool assigned(const parameter& p, object& to, const config::value& given) {
  config::problems found;
  p.assign(to, &given, {built_plugins(), found, p.name});
  return found.empty();
}

config::value written_and_read(const config::value& v) {
  config::value map = config::value::map();
  map.set("key", v);
  return *config::parse_text(config::to_yaml(map), "test.yaml").find("key");
}

// A value that the table allows: the default, or one made up where there is none.
config::value allowed_value(const parameter& p) {
  if (!p.initial.is_null()) return p.initial;
  if (!p.part_role.empty()) return config::value::scalar(built_plugins().names(p.part_role).front());
  if (!p.allowed.choices.empty()) return config::value::scalar(p.allowed.choices.front());
  const bool list = p.type.starts_with("list of ");
  const auto of = [&](config::value item) { return list ? config::value::list({item, item}) : item; };
  if (p.type.find("text") != std::string::npos || p.type == "path")
    return of(config::value::scalar("some words: of text"));
  if (p.type == "true or false") return config::value::scalar("true");
  const double low = std::isfinite(p.allowed.low) ? p.allowed.low : -4, high = std::min(p.allowed.high, low + 8);
  const bool whole = p.type.find("integer") != std::string::npos;
  return of(config::value::scalar(std::to_string(whole ? std::llround((low + high) / 2) : (low + high) / 2)));
}

}

TEST_CASE("every plugin describes itself, its parameters and its tensors, and can be made") {
  std::size_t plugins = 0;
  with_every_plugin([&](const plugin_entry& e) {
    ++plugins;
    CHECK(e.doc.ends_with("."));
    for (const parameter& p : e.parameters) {
      CAPTURE(p.name);
      CHECK(!p.doc.empty());
      CHECK(!p.type.empty());
      if (!p.part_role.empty()) CHECK(!built_plugins().names(p.part_role).empty());
    }
    for (const auto* tensors : {&e.reads, &e.writes})
      for (const named_tensor_doc& t : *tensors) {
        CAPTURE(t.name);
        CHECK(!t.doc.empty());
      }
    CHECK(make_object(e) != nullptr);
  });
  CHECK(plugins >= 84);
}

TEST_CASE("every default is in its range, and what lies beside the range is refused") {
  with_every_plugin([](const plugin_entry& e) {
    const auto made = make_object(e);
    for (const parameter& p : e.parameters) {
      CAPTURE(p.name);
      if (!p.initial.is_null() && p.part_role.empty()) CHECK(assigned(p, *made, p.initial));
      if (p.type == "integer" || p.type == "number") {
        const auto beside = [](double x) { return config::value::scalar(std::to_string(std::llround(x))); };
        if (std::isfinite(p.allowed.low)) CHECK(!assigned(p, *made, beside(std::floor(p.allowed.low) - 1)));
        if (std::isfinite(p.allowed.high)) CHECK(!assigned(p, *made, beside(std::ceil(p.allowed.high) + 1)));
      }
      if (!p.allowed.choices.empty()) CHECK(!assigned(p, *made, config::value::scalar("none of the choices")));
    }
  });
}

TEST_CASE("every parameter is the same after it was written to a pipeline and read again") {
  with_every_plugin([](const plugin_entry& e) {
    const auto first = make_object(e), second = make_object(e);
    for (const parameter& p : e.parameters) {
      CAPTURE(p.name);
      const config::value given = allowed_value(p);
      CAPTURE(config::to_yaml(given));
      if (p.part_role.empty()) REQUIRE(assigned(p, *first, written_and_read(given)));
      const config::value resolved = p.render(*first);
      if (p.part_role.empty()) CHECK((resolved == given || p.type != "text"));
      if (resolved.is_null()) continue;
      CHECK(assigned(p, *second, written_and_read(resolved)));
      CHECK(p.render(*second) == resolved);
    }
  });
}

TEST_CASE("parts of the same name but another role are different plugins") {
  CHECK(built_plugins().find("schedule", "learned").find("bumps") != nullptr);
  CHECK(built_plugins().find("variance", "learned").find("bumps") == nullptr);
  CHECK(built_plugins().find("variance", "perturbation").doc != built_plugins().find("mean", "perturbation").doc);
}
