// Every plugin of the project keeps the laws of its role.
#include "doctest.hpp"
#include "laws/examples.hpp"
#include "noneq/plugin/registry.hpp"
#include "noneq/testing.hpp"

namespace {

noneq::registry& built() {
  static noneq::registry r({std::filesystem::path(std::getenv("NONEQ_BUILD")) / "plugins"});
  return r;
}

}

TEST_CASE("every plugin keeps the laws of its role") {
  const testing::examples examples;
  for (const std::string& role : built().roles())
    for (const std::string& name : built().names(role))
      for (const std::string& parameters : examples.of(role + "." + name)) {
        CAPTURE(role + "." + name);
        CAPTURE(parameters);
        CHECK(noneq::laws::broken(role + "." + name, parameters) == std::vector<std::string>{});
      }
}

TEST_CASE("examples are those of plugins that are there") {
  const testing::examples examples;
  for (const auto& [plugin, parameters] : examples.all()) {
    CAPTURE(plugin);
    const auto dot = plugin.find('.');
    CHECK_NOTHROW(built().find(plugin.substr(0, dot), plugin.substr(dot + 1)));
  }
}
