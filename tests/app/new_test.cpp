// noneq new: what it refuses, and what it leaves behind. tests/outside/new.sh builds what it writes.
#include <regex>

#include "noneq/app/plugin_project.hpp"
#include "program.hpp"

#include "doctest.hpp"

using namespace testing;
namespace fs = std::filesystem;

namespace {

// Runs `noneq new` in an empty folder, which must still be empty where it is refused.
outcome refused(const std::vector<std::string>& words, const std::vector<std::string>& parts) {
  const scratch place;
  std::vector<std::string> line{"new"};
  line.insert(line.end(), words.begin(), words.end());
  const outcome o = program(line, {.folder = place.folder()});
  CHECK(o.code == 2);
  CHECK_MESSAGE(std::count(o.err.begin(), o.err.end(), '\n') == 1, o.err);
  for (const std::string& part : parts) CHECK_MESSAGE(o.err.find(part) != std::string::npos, o.err);
  CHECK(fs::is_empty(place.folder()));
  return o;
}

}

TEST_CASE("new refuses roles that there are not, and shows those that there are") {
  refused({"schedul", "mine"}, {"no role 'schedul'", "did you mean 'schedule'?", "model_transform", "feature"});
  refused({"all", "mine"}, {"no role 'all'"});
  refused({"../schedule", "mine"}, {"no role '../schedule'"});
  refused({"", "mine"}, {"no role ''"});
}

TEST_CASE("new refuses names that cannot be those of a plugin") {
  for (const char* name :
       {"2nd", "my-plugin", "my plugin", "a.b", "../mine", "größe", "_mine", "a__b", "", "Mine", "NAN"})
    refused({"schedule", name},
            {std::string("NAME got '") + name + "'", "small letters, digits and single underscores"});
  for (const char* name : {"class", "double", "linux"}) refused({"schedule", name}, {"C++ reserves"});
  refused({"schedule", std::string(100, 'a')}, {"at most 87 letters"});
  for (const char* name : {"beta", "noneq", "power", "describe"})
    refused({"schedule", name}, {"the source of a schedule or its role uses"});
}

// &P::chunk in the role's table would name the constructor of a struct chunk.
TEST_CASE("new refuses names of members of the role, which its table uses") {
  std::size_t tried = 0;
  const std::regex member("&P::([a-z_]+)");
  for (const std::string& kind : noneq::app::plugin_kinds()) {
    const std::string header = text_of("framework/noneq/plugin/roles/" + kind + ".hpp");
    for (auto it = std::sregex_iterator(header.begin(), header.end(), member); it != std::sregex_iterator(); ++it) {
      const noneq::app::plugin_project project{kind, (*it)[1]};
      CHECK_THROWS_WITH_AS(project.check(), doctest::Contains("or its role uses"), noneq::error);
      ++tried;
    }
  }
  CHECK(tried > 25);
  for (const char* name : {"chunk", "kind", "role_name"})
    refused({"sampler", name}, {"the source of a sampler or its role uses"});
}

TEST_CASE("new refuses the name of a plugin that is there already") {
  refused({"schedule", "cosine"}, {"schedule.cosine is a plugin already", "schedules.so", "noneq list schedule"});
  refused({"sample_transform", "restore"}, {"transform.restore is a plugin already"});
}

TEST_CASE("new refuses folders that hold something, and places where none can be made") {
  const scratch place;
  put_text(place / "mine", "a file");
  fs::create_directories(place / "full/inside");
  const surroundings here{.folder = place.folder()};
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"new", "schedule", "mine"}, {"new", "schedule", "other", "--dir", "full"}}) {
    const outcome o = program(words, here);
    CHECK(o.code == 2);
    CHECK_MESSAGE(o.err.find("is not empty") != std::string::npos, o.err);
  }
  const outcome below = program({"new", "schedule", "other", "--dir", "mine/other"}, here);
  CHECK(below.code == 2);
  CHECK_MESSAGE(below.err.find("mine/other: cannot make this folder") != std::string::npos, below.err);
  CHECK(program({"new", "schedule", "other", "--dir", ""}, here).code == 2);
  CHECK(text_of(place / "mine") == "a file");
  CHECK(fs::is_empty(place / "full/inside"));
}

TEST_CASE("new leaves a link that leads nowhere as it is") {
  const scratch place;
  fs::create_symlink("/nowhere/at/all", place / "disk");
  const outcome o = program({"new", "schedule", "mine", "--dir", "disk/x"}, {.folder = place.folder()});
  CHECK(o.code == 2);
  CHECK_MESSAGE(o.err.find("disk: cannot make this folder") != std::string::npos, o.err);
  CHECK(fs::is_symlink(place / "disk"));
}

TEST_CASE("new leaves nothing behind where a file cannot be written") {
  const scratch place;
  const outcome o =
      program({"new", "schedule", "mine", "--dir", "a/b"}, {.folder = place.folder(), .largest_file = 300});
  CHECK(o.code == 2);
  CHECK_MESSAGE(o.err.find("cannot write") != std::string::npos, o.err);
  CHECK(fs::is_empty(place.folder()));
}

TEST_CASE("new writes a project of each kind into an empty folder, with the plugin's name for every mark") {
  const scratch place;
  for (const std::string& kind : noneq::app::plugin_kinds()) {
    fs::create_directories(place / kind);
    const outcome o = program({"new", kind, "mine_here", "--dir", kind}, {.folder = place.folder()});
    CHECK_MESSAGE(o.code == 0, o.err);
    CHECK(o.out.find("NONEQ_PLUGIN_PATH=build noneq run mine_here.yaml") != std::string::npos);
    for (const char* file : {"mine_here.cpp", "mine_here_test.cpp", "mine_here.yaml", "CMakeLists.txt", "README.md"}) {
      const std::string text = text_of(place / kind / file);
      CHECK_MESSAGE(!text.empty(), kind, "/", file);
      CHECK_MESSAGE(text.find("my_") == std::string::npos, kind, "/", file);
    }
    CHECK(std::distance(fs::directory_iterator(place / kind), {}) == 5);
  }
}

TEST_CASE("new prints commands that a shell reads as they are meant, for any name of a folder") {
  const scratch place;
  const outcome o = program({"new", "schedule", "mine", "--dir", "it's a $place"}, {.folder = place.folder()});
  CHECK_MESSAGE(o.out.find("\n  cd 'it'\\''s a $place'\n") != std::string::npos, o.out);
  CHECK(fs::exists(place / "it's a $place/mine.yaml"));
}

TEST_CASE("a value that holds a mark keeps it, and a prefix is text to CMake") {
  const auto files = noneq::app::plugin_project{"schedule", "my_plugin"}.files("/a \"my_role\"/$my_plugin\\x");
  CHECK(files.at("CMakeLists.txt").find(R"(HINTS "/a \"my_role\"/\$my_plugin\\x")") != std::string::npos);
  CHECK(files.at("my_plugin.cpp").find("NONEQ_PLUGIN(my_plugin);") != std::string::npos);
  CHECK(noneq::app::plugin_project{"schedule", "my_role"}.files("").at("my_role.cpp").find("NONEQ_PLUGIN(my_role);") !=
        std::string::npos);
  CHECK_NOTHROW(noneq::app::plugin_project{"schedule", "my_plugin"}.check());
}

TEST_CASE("each role has a kind of project, by the name of its header") {
  std::vector<std::string> headers, kinds = noneq::app::plugin_kinds();
  for (const auto& file : fs::directory_iterator("framework/noneq/plugin/roles"))
    if (file.path().extension() == ".hpp") headers.push_back(file.path().stem());
  std::sort(headers.begin(), headers.end());
  std::sort(kinds.begin(), kinds.end());
  CHECK(headers == kinds);
}
