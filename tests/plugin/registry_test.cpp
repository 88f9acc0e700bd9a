// Finding and loading plugins: the order of folders, what is listed without loading, and failures with names.
#include <cstdlib>
#include <filesystem>

#include "doctest.hpp"
#include "noneq/plugin.hpp"
#include "noneq/plugin/registry.hpp"

using namespace noneq;
namespace fs = std::filesystem;

namespace {

const fs::path build = std::getenv("NONEQ_BUILD");

template <class Action>
std::string thrown_by(Action&& action) {
  try {
    action();
  } catch (const error& e) {
    return e.what();
  }
  return "";
}

}

TEST_CASE("names are listed sorted, by role, and folders that are not there are passed over") {
  const registry r({"/nowhere/at/all", build / "plugins"});
  const auto roles = r.roles();
  CHECK(std::is_sorted(roles.begin(), roles.end()));
  CHECK(std::find(roles.begin(), roles.end(), "schedule") != roles.end());
  const auto names = r.names("schedule");
  CHECK(std::is_sorted(names.begin(), names.end()));
  CHECK(std::find(names.begin(), names.end(), "cosine") != names.end());
  CHECK(r.names("no_role").empty());
  CHECK(registry({}).roles().empty());
}

TEST_CASE("a plugin is loaded once, and its table outlives the registry") {
  const plugin_entry* kept = nullptr;
  {
    registry r({build / "plugins"});
    kept = &r.find("schedule", "cosine");
    CHECK(kept == &r.find("schedule", "cosine"));
  }
  CHECK(kept->full_name() == "schedule.cosine");
  CHECK(make_object(*kept) != nullptr);
}

TEST_CASE("a name nobody has brings a suggestion") {
  registry r({build / "plugins"});
  const std::string line = thrown_by([&] { r.find("kernel", "gausian"); });
  CHECK(line ==
        "no kernel plugin is called 'gausian', did you mean 'gaussian'? (there are: absorbing, "
        "binomial, gaussian, uniform)");
  CHECK(thrown_by([&] { r.find("kernel", "gausian"); }) == line);
  CHECK(thrown_by([&] { r.find("no_role", "x"); }) == "no no_role plugin is called 'x'");
}

TEST_CASE("plugins that throw are named") {
  registry r({build / "tests/plugins"});
  const plugin_entry& e = r.find("weighting", "throws_when_made");
  CHECK(thrown_by([&] { make_object(e); }) ==
        "the plugin weighting.throws_when_made failed in its constructor: no licence found");
  CHECK(thrown_by([&] {
          r.find("schedule", "throws_when_described");
        }).ends_with("its describe() failed: the table is gone"));
}

TEST_CASE("the handshake is plain bytes of a known size") {
  constexpr handshake h = own_handshake();
  static_assert(std::is_trivially_copyable_v<handshake> && sizeof(handshake) == 32);
  CHECK(h.magic == 0x6e6e6571);
  CHECK(h.api == NONEQ_API_VERSION);
  CHECK(std::string(h.torch) == TORCH_VERSION);
}
