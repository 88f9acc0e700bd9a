// Libraries in the plugin folder that are none, or fail.
#include "noneq/plugin/abi.hpp"
#include "tiny.hpp"

using namespace testing;

namespace {

// A library with a handshake of its own, made here from lines of C that need no header. One that must not be loaded
// ends the program when it is.
enum class handshake_in { symbol, section };
void compile_foreign(const std::filesystem::path& library, handshake_in place, const std::string& api,
                     const std::string& torch) {
  const std::filesystem::path source = library.string() + ".c";
  const bool loadable = place == handshake_in::symbol;
  put_text(source, std::string(loadable ? "" : "__attribute__((section(\"noneq_versions\")))\n") +
                       "const struct { unsigned magic, api, cxx, string; char torch[16]; } noneq_handshake = "
                       "{0x6e6e6571, " +
                       api + ", 1017, 1, \"" + torch + "\"};\n" + (loadable ? "" : "__attribute__((constructor))\n") +
                       "const void* noneq_entry(void) { __builtin_trap(); }\n");
  const std::string command = "cc -shared -fPIC -o '" + library.string() + "' '" + source.string() + "'";
  REQUIRE(std::system(command.c_str()) == 0);
}

outcome check_schedule(const std::string& name, const std::filesystem::path& folder) {
  return check(tiny_with("log_snr, steps: 10, first_beta: 0.01", name + ", steps: 10"),
               {.plugin_path = folder.string()});
}

const std::string broken_plugins = std::string(std::getenv("NONEQ_BUILD")) + "/tests/plugins";
const std::string shipped_schedules = std::string(std::getenv("NONEQ_BUILD")) + "/plugins/schedules.so";

// How messages name a plugin of the library of many.
std::string broken(const std::string& plugin) { return broken_plugins + "/misbehaving.so (" + plugin + ")"; }

}

TEST_CASE("files that are no plugins are refused by name, whatever they are") {
  const scratch place;
  const std::string folder = place.folder().string();
  put_text(place / "schedule.text.so", "this is text\n");
  std::filesystem::create_directory(place / "schedule.folder.so");
  std::filesystem::copy(shipped_schedules, place / "schedule.renamed.so");
  compile_foreign(place / "schedule.newer.so", handshake_in::symbol, "99", "9.9.9");
  compile_foreign(place / "schedule.base.so", handshake_in::section, std::to_string(NONEQ_API_VERSION), "1.12.0");
  const std::string whole = text_of(shipped_schedules);
  put_text(place / "schedule.truncated.so", whole.substr(0, 9000));
  put_text(place / "schedule.headers.so", whole.substr(0, 70));
  put_text(place / "schedule.garbage.so", std::string(9000, 'x'));
  put_text(place / "lacking.c", "extern int nobody_has_this; int* needs_it = &nobody_has_this;\n");
  REQUIRE(std::system(
              ("cc -shared -fPIC -o '" + folder + "/schedule.lacking.so' '" + folder + "/lacking.c'").c_str()) == 0);
  put_text(place / "empty.c", "int nothing;\n");
  REQUIRE(std::system(("cc -shared -fPIC -o '" + folder + "/schedule.other.so' '" + folder + "/empty.c'").c_str()) ==
          0);
  const auto line = [&](const std::string& name) {
    const outcome o = check_schedule(name, place.folder());
    CHECK_MESSAGE(o.code == 2, o.err);
    const std::string start = "p.yaml:5:22: process.schedule: " + folder + "/schedule." + name + ".so: ";
    CHECK_MESSAGE(o.err.starts_with(start), o.err);
    CHECK(problem_count(o.err) == 1);
    return without_excerpts(o.err);
  };
  CHECK(says(line("text"), "cannot be loaded as a plugin: file too short\n"));
  CHECK(says(line("folder"), "cannot be loaded as a plugin: cannot read file data: Is a directory\n"));
  CHECK(says(line("garbage"), "cannot be loaded as a plugin: invalid ELF header\n"));
  CHECK(says(line("truncated"), "is truncated: holds 9000 bytes, need at least "));
  CHECK(says(line("headers"), "is truncated: holds 70 bytes, need at least "));
  CHECK(says(line("lacking"), "cannot be loaded as a plugin: undefined symbol: nobody_has_this\n"));
  CHECK(says(line("other"), "is a shared library but not a noneq plugin; it lacks NONEQ_PLUGIN(…)"));
  CHECK(says(check_schedule("renamed", place.folder()).err, "no schedule plugin is called 'renamed'"));
  const std::string newer = line("newer");
  CHECK(says(newer, "is built against API 99, C++ ABI 1017/1, libtorch 9.9.9, this program is API "));
  CHECK(says(newer, "; build the plugin again"));
  CHECK(says(line("base"), "libtorch 1.12.0, this program is API "));  // a trap if it were loaded

  const outcome all = program({"list", "schedule"}, {.plugin_path = folder});
  CHECK(all.code == 0);
  CHECK(says(all.out, "schedule.cosine"));
  CHECK(!says(all.out, "schedule.text"));
  CHECK(problem_count(all.err) == 9);
}

TEST_CASE("plugins that throw when they are described or made") {
  const outcome described = check_schedule("throws_when_described", broken_plugins);
  CHECK(described.code == 2);
  CHECK(says(described.err, broken("schedule.throws_when_described") + ": its describe() failed: the table is gone\n"));
  const outcome made =
      check(tiny_with("loss.bound", "loss.simple, weighting: throws_when_made"), {.plugin_path = broken_plugins});
  CHECK(made.code == 2);
  CHECK(without_excerpts(made.err) ==
        "p.yaml:11:42: loss.weighting: the plugin weighting.throws_when_made failed in its constructor: no licence "
        "found\n");
}

TEST_CASE("a plugin that throws at work ends the run with its line") {
  const scratch place;
  put_text(place / "p.yaml", tiny_with("loader.swiss_roll", "loader.throws_at_work"));
  const surroundings here{.folder = place.folder(), .plugin_path = broken_plugins};
  const outcome known = program({"run", "p.yaml", "--out", "a", "--quiet"}, here);
  CHECK(known.code == 1);
  CHECK(known.err ==
        "noneq: p.yaml:8:11: loader: the sensor fell off, in the batch of step 4; there is no checkpoint yet\n");
  const outcome unknown =
      program({"run", "p.yaml", "--out", "b", "--quiet", "--set", "graph.loader.known=false"}, here);
  CHECK(unknown.code == 1);
  CHECK(unknown.err.starts_with("noneq: "));
}

TEST_CASE("list, describe and schema go on without a library that crashes, and name it") {
  const std::string crash =
      broken("schedule.crashes_when_described") + ": segmentation fault (SIGSEGV) when it was loaded and described\n";
  const std::string throws = broken("schedule.throws_when_described") + ": its describe() failed: the table is gone\n";
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"list", "schedule"}, {"list", "schedule", "--json"}, {"schema"}}) {
    const outcome o = program(words, {.plugin_path = broken_plugins});
    CHECK(o.code == 0);
    CHECK_MESSAGE(says(o.err, crash), o.err);
    CHECK(says(o.err, throws));
    CHECK(says(o.out, "cosine"));      // before it in the alphabet
    CHECK(says(o.out, "misbehaves"));  // and after
    CHECK(!says(o.out, "crashes_when_described"));
  }
  const outcome described = program({"describe", "schedule.crashes_when_described"}, {.plugin_path = broken_plugins});
  CHECK(described.code == 2);
  CHECK(described.err == crash);
}

TEST_CASE("a table that contradicts itself or the pipeline is refused wherever it is met") {
  const std::string line =
      broken_plugins +
      "/misbehaving.so (schedule.wrong_table): its describe() is wrong: got the parameter 'power' whose default "
      "is 20.0, need a value in "
      "[1, 8]; got the parameter 'plugin', need another name: plugin, in, as, of, every, at are keys "
      "of the pipeline itself; "
      "got the parameter 'steps' twice, need each once (a role declares some itself); "
      "got 'strength' renamed to 'force', need a key that is free now and one that is a parameter; "
      "got 'power' renamed to 'power', need a key that is free now and one that is a parameter\n";
  const outcome described = program({"describe", "wrong_table"}, {.plugin_path = broken_plugins});
  CHECK(described.code == 2);
  CHECK(described.err == line);
  CHECK(without_excerpts(check_schedule("wrong_table", broken_plugins).err) ==
        "p.yaml:5:22: process.schedule: " + line);
  for (const char* verb : {"list", "schema"}) {
    const outcome o = program({verb}, {.plugin_path = broken_plugins});
    CHECK(o.code == 0);
    CHECK_MESSAGE(says(o.err, "noneq: " + line), verb);
    CHECK_MESSAGE(!says(o.out, "wrong_table"), verb);
  }
}

TEST_CASE("a library that holds two plugins of one name and role is refused with the name") {
  // A copy of the shipped schedules in which one record has the name of another: as two structs would give that are
  // called alike in two namespaces.
  const scratch place;
  std::string library = text_of(shipped_schedules);
  const std::string role = std::string("schedule") + '\0';
  std::size_t changed = 0;
  for (auto at = library.find(role); at != library.npos; at = library.find(role, at + 1)) {
    auto name = library.find_first_not_of('\0', at + role.size());
    const std::string quadratic = std::string("quadratic") + '\0';
    if (name == library.npos || library.compare(name, quadratic.size(), quadratic) != 0) continue;
    library.replace(name, quadratic.size(), std::string("linear") + std::string(4, '\0'));
    ++changed;
  }
  REQUIRE(changed == 1);
  put_text(place / "twice.so", library);
  const surroundings here{.plugin_path = place.folder().string()};
  const std::string line =
      (place / "twice.so").string() + ": holds the plugin schedule.linear twice, need another name for one of them\n";
  const outcome described = program({"describe", "schedule.linear"}, here),
                listed = program({"list", "schedule"}, here);
  CHECK(described.code == 2);
  CHECK(described.err == line);
  CHECK(listed.code == 0);
  CHECK(listed.err == "noneq: " + line);
  CHECK(says(listed.out, "schedule.quadratic"));  // of the shipped library
  const outcome checked = check_schedule("linear", place.folder());
  CHECK(checked.code == 2);
  CHECK_MESSAGE(without_excerpts(checked.err) == "p.yaml:5:22: process.schedule: " + line, checked.err);
}

TEST_CASE("two plugins of one name: the first folder's is used, and both are shown") {
  const scratch place;
  const std::string other = (place / "mine.so").string();
  std::filesystem::copy(shipped_schedules, other);
  const surroundings here{.plugin_path = place.folder().string()};
  const outcome described = program({"describe", "schedule.cosine"}, here),
                listed = program({"list", "schedule"}, here);
  CHECK(says(described.out, "  file: " + other + "\n  hides: " + shipped_schedules + "\n"));
  CHECK(says(listed.out, "from " + other + ", which hides " + shipped_schedules + "\n"));
  const outcome alone = program({"describe", "schedule.cosine"});
  CHECK(says(alone.out, "  file: " + shipped_schedules + "\n"));
  CHECK(says(program({"list", "schedule"}).out, "schedule.cosine                 schedules.so     Squared-cosine"));
  CHECK(!says(alone.out, "hides"));
  // A library that cannot be read is named beside the list of those that can.
  put_text(place / "mine.so", text_of(shipped_schedules).substr(0, 9000));
  CHECK(
      says(program({"list", "schedule"}, here).err, "noneq: " + other + ": is truncated: holds 9000 bytes, need at "));
  // One folder named twice gives no second plugin.
  const std::string twice = std::string(std::getenv("NONEQ_BUILD")) + "/plugins";
  CHECK(!says(program({"list", "schedule"}, {.plugin_path = twice + "/../plugins:" + twice}).out, "hides"));
}

TEST_CASE("a plugin that is not found: the folders are shown that the user named") {
  const outcome o = program({"describe", "schedule.mine"}, {.plugin_path = "/nowhere/at/all"});
  CHECK(o.code == 2);
  CHECK(says(o.err, "no schedule plugin is called 'mine'"));
  CHECK(says(o.err, "; looked in /nowhere/at/all (which is not there), "));
  CHECK(!says(program({"describe", "schedule.mine"}).err, "looked in"));
}

#ifndef __SANITIZE_ADDRESS__  // whose own handler comes after, and has its own exit code
TEST_CASE("a plugin that crashes at work is named, with its node and its library") {
  const scratch place;
  put_text(place / "p.yaml", tiny_with("loader.swiss_roll, batch: 32", "loader.misbehaves, how: segfault"));
  const surroundings here{.folder = place.folder(), .plugin_path = broken_plugins};
  const auto with = [&](const std::string& how) {
    return program({"run", "p.yaml", "--out", how, "--quiet", "--set", "graph.loader.how=" + how}, here);
  };
  for (const auto& [how, signal, words] : {std::tuple{"segfault", SIGSEGV, "segmentation fault (SIGSEGV)"},
                                           std::tuple{"nowhere", SIGSEGV, "segmentation fault (SIGSEGV)"},
                                           std::tuple{"overflow", SIGSEGV, "segmentation fault (SIGSEGV)"},
                                           std::tuple{"abort", SIGABRT, "abort (SIGABRT)"}}) {
    const outcome o = with(how);
    CHECK(o.code == -signal);
    CHECK_MESSAGE(o.err == std::string("\nnoneq: loader: ") + words +
                               " while the plugin loader.misbehaves was at work, " + broken_plugins +
                               "/misbehaving.so\n",
                  o.err);
  }
  const outcome thrown = with("int");
  CHECK(thrown.code == 1);
  CHECK(says(thrown.err, "noneq: p.yaml:8:11: loader: loader.misbehaves threw something that is no std::exception"));
  const outcome opened = with("int_at_open");
  CHECK(opened.code == 2);
  CHECK(says(opened.err, "p.yaml:8:11: loader: loader.misbehaves threw something that is no std::exception\n"));
  const outcome loaded = check_schedule("crashes_when_described", broken_plugins);
  CHECK(loaded.code == -SIGSEGV);
  CHECK(says(loaded.err,
             "noneq: segmentation fault (SIGSEGV) while " + broken("schedule.crashes_when_described") + " was loaded"));
}
#endif

TEST_CASE("what a plugin returns wrong: bad input where it is known before training, a failed run otherwise") {
  const auto code = [](const std::string& old_text, const std::string& new_text) {
    const scratch place;
    put_text(place / "p.yaml", tiny_with(old_text, new_text));
    return program({"run", "p.yaml", "--quiet"}, {.folder = place.folder(), .plugin_path = broken_plugins}).code;
  };
  CHECK(code("log_snr, steps: 10, first_beta: 0.01", "misbehaves, steps: 10, how: short") == 2);
  CHECK(code("loader.swiss_roll", "loader.misbehaves, how: no_shape") == 2);
  CHECK(code("loader.swiss_roll", "loader.misbehaves, how: wide") == 1);
  CHECK(code("trainer.adam", "trainer.misbehaves, how: forgets") == 2);
  CHECK(code("sampler.ancestral", "sampler.misbehaves, how: one") == 1);
}
