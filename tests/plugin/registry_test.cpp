// Finding and loading plugins: the order of folders, what is listed without loading, and failures with names.
#include <dlfcn.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "doctest.hpp"
#include "noneq/plugin.hpp"
#include "noneq/plugin/registry.hpp"
#include "scratch.hpp"

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

bool loaded(const fs::path& library) {
  void* handle = ::dlopen(library.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle != nullptr) ::dlclose(handle);
  return handle != nullptr;
}

void put(const fs::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

using testing::scratch;

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
  CHECK(thrown_by([&] { r.find("no_role", "x"); }) ==
        "no no_role plugin is called 'x'; NONEQ_PLUGIN_PATH, which names the folders of other plugins, is not set");
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

TEST_CASE("one library holds plugins of several roles, even of one name, whatever its own name is") {
  const scratch place;
  const fs::path library = place / "of.many.roles.so";
  fs::copy(build / "tests/plugins/misbehaving.so", library);
  registry r({place.folder()});
  CHECK(r.names("weighting") == std::vector<std::string>{"counting", "flat", "throws_when_made"});
  CHECK(r.names("of").empty());
  CHECK(!loaded(library));
  for (const char* role : {"loader", "loss", "model", "noiser", "sampler", "schedule", "trainer"}) {
    CAPTURE(role);
    CHECK(r.find(role, "misbehaves").full_name() == std::string(role) + ".misbehaves");
    CHECK(r.files(role, "misbehaves") == std::vector{library});
  }
  CHECK(loaded(library));
  CHECK(r.place("loss", "misbehaves") == library.string() + " (loss.misbehaves)");
}

TEST_CASE("only the libraries are loaded whose plugins are needed") {
  const scratch place;
  for (const char* name : {"schedules.so", "kernels.so"}) fs::copy(build / "plugins" / name, place / name);
  registry r({place.folder()});
  r.find("kernel", "gaussian");
  CHECK(loaded(place / "kernels.so"));
  CHECK(!loaded(place / "schedules.so"));
}

TEST_CASE("of two libraries in one folder the first of the alphabet wins, and a mere file name loses to both") {
  const scratch place;
  for (const char* name : {"b.so", "a.so"}) fs::copy(build / "plugins/schedules.so", place / name);
  put(place / "schedule.cosine.so", "left over");
  registry r({place.folder()});
  CHECK(r.files("schedule", "cosine") == std::vector{place / "a.so", place / "b.so", place / "schedule.cosine.so"});
  CHECK(r.find("schedule", "cosine").name == "cosine");
}

TEST_CASE("a library whose plugins cannot be known is named when one is missing") {
  const scratch place;
  const std::string whole = bytes_of(build / "plugins/schedules.so");
  put(place / "schedules.so", std::string_view(whole).substr(0, whole.size() / 2));
  put(place / "notes.so", "this is text");
  fs::copy(build / "plugins/kernels.so", place / "schedule.mine.so");
  registry r({place.folder()});
  const std::string line = thrown_by([&] { r.find("schedule", "cosine"); });
  CHECK_MESSAGE(line.starts_with("no schedule plugin is called 'cosine'; "), line);
  const std::string truncated = (place / "schedules.so").string() + ": is truncated: holds ";
  CHECK_MESSAGE(line.find(truncated) != line.npos, line);
  CHECK_MESSAGE(line.find((place / "notes.so").string() + " holds no plugin") != line.npos, line);
  REQUIRE(r.truncated().size() == 1);
  CHECK(r.truncated()[0].starts_with(truncated));
  const std::string misnamed = thrown_by([&] { r.find("schedule", "mine"); });
  CHECK_MESSAGE(misnamed.find((place / "schedule.mine.so").string() + " holds kernel.") != misnamed.npos, misnamed);
}

TEST_CASE("a library cut off anywhere is refused, never mapped") {
  const scratch place;
  const std::string whole = bytes_of(build / "plugins/weightings.so");
  const fs::path cut = place / "weighting.p2.so";
  for (std::size_t size = 0; size < whole.size(); size += 1009) {
    put(cut, std::string_view(whole).substr(0, size));
    registry r({place.folder()});
    CAPTURE(size);
    CHECK(thrown_by([&] { r.find("weighting", "p2"); }).starts_with(cut.string() + ": "));
  }
}

TEST_CASE("the handshake is plain bytes of a known size") {
  constexpr handshake h = own_handshake();
  static_assert(std::is_trivially_copyable_v<handshake> && sizeof(handshake) == 32);
  CHECK(h.magic == 0x6e6e6571);
  CHECK(h.api == NONEQ_API_VERSION);
  CHECK(std::string(h.torch) == TORCH_VERSION);
}
