// glog, which libtorch includes, has a macro CHECK too, so that doctest's are used by their long names.
#define DOCTEST_CONFIG_NO_SHORT_MACRO_NAMES
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "noneq/plugin.hpp"
#include "noneq/testing.hpp"

DOCTEST_TEST_CASE("my_plugin keeps the laws of its role") {
  DOCTEST_CHECK(noneq::laws::broken("my_role.my_plugin", "my_parameters") == std::vector<std::string>{});
}
