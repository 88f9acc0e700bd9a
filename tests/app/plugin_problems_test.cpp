// Libraries in the plugin folder that are none, or fail.
#include "tiny.hpp"

using namespace testing;

namespace {

// A library with a handshake of its own, made here from lines of C that need no header.
void compile_foreign(const std::filesystem::path& library, const std::string& api, const std::string& torch) {
  const std::filesystem::path source = library.string() + ".c";
  put_text(source,
           "const struct { unsigned magic, api, cxx, string; char torch[16]; } noneq_handshake = {0x6e6e6571, " + api +
               ", 1017, 1, \"" + torch + "\"};\nconst void* noneq_entry(void) { __builtin_trap(); }\n");
  const std::string command = "cc -shared -fPIC -o '" + library.string() + "' '" + source.string() + "'";
  REQUIRE(std::system(command.c_str()) == 0);
}

outcome check_schedule(const std::string& name, const std::filesystem::path& folder) {
  return check(tiny_with("log_snr, steps: 10, first_beta: 0.01", name + ", steps: 10"),
               {.plugin_path = folder.string()});
}

const std::string broken_plugins = std::string(std::getenv("NONEQ_BUILD")) + "/tests/plugins";

}

TEST_CASE("files that are no plugins are refused by name, whatever they are") {
  const scratch place;
  const std::string folder = place.folder().string();
  put_text(place / "schedule.text.so", "this is text\n");
  std::filesystem::create_directory(place / "schedule.folder.so");
  std::filesystem::copy(std::string(std::getenv("NONEQ_BUILD")) + "/plugins/schedule.cosine.so",
                        place / "schedule.renamed.so");
  compile_foreign(place / "schedule.newer.so", "99", "9.9.9");
  put_text(place / "empty.c", "int nothing;\n");
  REQUIRE(std::system(("cc -shared -fPIC -o '" + folder + "/schedule.other.so' '" + folder + "/empty.c'").c_str()) ==
          0);
  const auto line = [&](const std::string& name) {
    const outcome o = check_schedule(name, place.folder());
    CHECK_MESSAGE(o.code == 2, o.err);
    const std::string start = "p.yaml:5:22: process.schedule: " + folder + "/schedule." + name + ".so: ";
    CHECK_MESSAGE(o.err.starts_with(start), o.err);
    CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
    return o.err;
  };
  CHECK(says(line("text"), "cannot be loaded as a plugin"));
  CHECK(says(line("folder"), "cannot be loaded as a plugin"));
  CHECK(says(line("other"), "is a shared library but not a noneq plugin; it lacks NONEQ_PLUGIN(…)"));
  CHECK(says(line("renamed"), "holds the plugin schedule.cosine, need the file name schedule.cosine.so"));
  const std::string newer = line("newer");
  CHECK(says(newer, "is built against API 99, C++ ABI 1017/1, libtorch 9.9.9, this program is API "));
  CHECK(says(newer, "; build the plugin again"));

  const outcome all = program({"list", "schedule"}, {.plugin_path = folder});
  CHECK(all.code == 0);
  CHECK(says(all.out, "schedule.cosine"));
  CHECK(!says(all.out, "schedule.text"));
  CHECK(std::count(all.err.begin(), all.err.end(), '\n') == 5);
}

TEST_CASE("plugins that throw when they are described or made") {
  const outcome described = check_schedule("throws_when_described", broken_plugins);
  CHECK(described.code == 2);
  CHECK(says(described.err, "schedule.throws_when_described.so: its describe() failed: the table is gone\n"));
  const outcome made =
      check(tiny_with("loss.bound", "loss.simple, weighting: throws_when_made"), {.plugin_path = broken_plugins});
  CHECK(made.code == 2);
  CHECK(made.err ==
        "p.yaml:11:42: loss.weighting: the plugin weighting.throws_when_made failed in its constructor: no licence "
        "found\n");
}

TEST_CASE("a plugin that throws at work ends the run with its line") {
  const scratch place;
  put_text(place / "p.yaml", tiny_with("loader.swiss_roll", "loader.throws_at_work"));
  const surroundings here{.folder = place.folder(), .plugin_path = broken_plugins};
  const outcome known = program({"run", "p.yaml", "--out", "a", "--quiet"}, here);
  CHECK(known.code == 1);
  CHECK(known.err == "noneq: p.yaml:8:11: loader: the sensor fell off\n");
  const outcome unknown =
      program({"run", "p.yaml", "--out", "b", "--quiet", "--set", "graph.loader.known=false"}, here);
  CHECK(unknown.code == 1);
  CHECK(unknown.err.starts_with("noneq: "));
}
