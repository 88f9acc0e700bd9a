#include "noneq/config/parse.hpp"

#include <fstream>

#include "config/sample.hpp"
#include "doctest.hpp"
#include "noneq/config/emit.hpp"

using noneq::config::parse_file;
using noneq::config::parse_text;
using noneq::config::to_yaml;
using noneq::config::value;

static std::string refused(const std::string& text) {
  return thrown([&] { parse_text(text, "a.yaml"); });
}

TEST_CASE("every value and key has its place") {
  const value root = parse_text(sample_pipeline, "a.yaml");
  CHECK(root.where().str() == "a.yaml:2:1");
  CHECK(root.key_place("process").str() == "a.yaml:5:1");
  const value* schedule = root.find("process")->find("schedule");
  CHECK(schedule->where().str() == "a.yaml:7:13");
  CHECK(schedule->key_place("steps").str() == "a.yaml:7:31");
  CHECK(schedule->find("steps")->where().str() == "a.yaml:7:38");
  const value* model = root.find("graph")->find("model");
  CHECK(model->find("hidden")->items()[2].where().str() == "a.yaml:16:14");
  CHECK(model->find("ema")->items()[1].where().str() == "a.yaml:19:9");
  CHECK(root.find("graph")->find("nothing")->is_null());
  CHECK(root.find("graph")->find("last")->text() == "folded text");
  CHECK(root.find("process")->find("mean")->quoted());
}

TEST_CASE("a value that is left out stands at its key") {
  const value root = parse_text("a: 1\nprocess:\n  kernel:\n  schedule: x\nb: {c: , d: 2}\n", "a.yaml");
  CHECK(root.find("process")->find("kernel")->is_null());
  CHECK(root.find("process")->find("kernel")->where().str() == "a.yaml:3:3");
  CHECK(root.find("b")->find("c")->is_null());
  CHECK(root.find("b")->find("c")->where().line == 5);
}

TEST_CASE("columns count characters") {
  const value root = parse_text("a: {\"ββ\": β, c: d}\nb: [é, x, y]\n", "a.yaml");
  CHECK(root.find("a")->key_place("c").str() == "a.yaml:1:14");
  CHECK(root.find("b")->items()[2].where().str() == "a.yaml:2:11");
  CHECK(parse_text("\xEF\xBB\xBF"
                   "a: 1",
                   "a.yaml")
            .find("a")
            ->where()
            .str() == "a.yaml:1:4");
  CHECK(parse_text("a: 1\r\nb: 2\r\n", "a.yaml").find("b")->where().str() == "a.yaml:2:4");
}

TEST_CASE("aliases stand where they are used, their inside where it was written") {
  const value root = parse_text("base: &b {x: 1, y: 2}\nuse: *b\n", "a.yaml");
  CHECK(*root.find("use") == *root.find("base"));
  CHECK(root.find("use")->where().str() == "a.yaml:2:6");
  CHECK(root.find("use")->find("y")->where().str() == "a.yaml:1:20");
}

TEST_CASE("merge keys: one's own entries win, then the first map named") {
  const value root =
      parse_text("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {w: 0, <<: [*a, *b], x: 9}\nd: {<<: *a}\n", "");
  const value& c = *root.find("c");
  CHECK(c == value::map({{"w", value::scalar("0")},
                         {"y", value::scalar("1")},
                         {"z", value::scalar("2")},
                         {"x", value::scalar("9")}}));
  CHECK(c.key_place("z").line == 2);
  CHECK(*root.find("d") == *root.find("a"));
  CHECK(parse_text("{'<<': 1}", "").contains("<<"));
  CHECK(refused("a: {<<: 3}") == "a.yaml:1:9: got 3 to merge with <<, need a map or a list of maps");
  CHECK(refused("a: &a {x: 1}\nb: {<<: *a, <<: *a}") ==
        "a.yaml:2:13: the key '<<' is given twice: merge several maps as <<: [*a, *b]");
  const auto of_many = [](const std::string& name, char key) {
    std::string text = name + ": &" + name + " {";
    for (int i = 0; i < 6000; ++i) text += key + std::to_string(i) + ": 1, ";
    return text + "}\n";
  };
  const std::string two = of_many("a", 'k') + of_many("b", 'j');
  CHECK(refused(two + "c: {<<: [*a, *b]}") == "a.yaml:3:4: got more than 10000 keys in one map, need fewer");
  CHECK(refused(two + "c: {<<: [*a, *a]}") == "nothing was thrown");
}

TEST_CASE("every escape becomes a character, which can be stored again") {
  const value root = parse_text(R"(["\N", "\u00e9\_x", "\L\P", "\xff", "\U0001f600"])", "");
  CHECK(root ==
        value::list({value::scalar("\xC2\x85"), value::scalar("\u00e9\xC2\xA0x"),
                     value::scalar("\xE2\x80\xA8\xE2\x80\xA9"), value::scalar("\u00ff"), value::scalar("\U0001f600")}));
  CHECK(parse_text(to_yaml(root), "") == root);
}

TEST_CASE("an error is one line of bearable length, whatever a key or a tag holds") {
  CHECK(refused(R"({"x\ny": 1, "x\ny": 2})") == R"(a.yaml:1:13: the key 'x\ny' is given twice, first on line 1)");
  const std::string key(100, 'k');
  CHECK(refused("{" + key + ": 1, " + key + ": 2}").find("the key '" + key.substr(0, 60) + "…' is given twice") !=
        std::string::npos);
  CHECK(refused("a: !" + key + " 5").find("got the tag '!" + key.substr(0, 59) + "…'") != std::string::npos);
}

TEST_CASE("core tags are taken, others refused") {
  CHECK(parse_text("!!str 5", "").is_text());
  CHECK_FALSE(parse_text("!!int 5", "").is_text());
  CHECK(refused("a: !mine 5") == "a.yaml:1:4: got the tag '!mine', need a value without a tag");
}

TEST_CASE("what cannot be read is refused with its place and a way out") {
  CHECK(refused("") == "a.yaml: is empty, need YAML text");
  CHECK(refused("# only this\n\n") == "a.yaml: is empty, need YAML text");
  CHECK(refused("a: 1\nb: 2\na: 3\n") == "a.yaml:3:1: the key 'a' is given twice, first on line 1");
  CHECK(refused("{a: 8, 8, 8}") ==
        "a.yaml:1:11: the key '8' is given twice, first on line 1; a list needs brackets, as in [1, 2]");
  CHECK(refused("a: 1\n---\nb: 2\n") == "a.yaml:2:1: a second document starts here, need one per file");
  CHECK(refused("- a\nb: c\n") ==
        "a.yaml:2:1: got text that does not belong to what stands above: check the indentation");
  CHECK(refused("a:\n\tb: 1\n") == "a.yaml:2:1: got a tab as indentation, need spaces");
  CHECK(refused("a:\n  b: 1\n\tc: 1\n") == "a.yaml:3:1: got a tab as indentation, need spaces");
  CHECK(refused("a: [1, 2\nb: 3\n").starts_with("a.yaml:2:"));
  CHECK(refused("a: {x: 1\n") == "a.yaml:2:1: a '{' is not closed, or a ',' is missing before this");
  CHECK(refused("x: 1\na: 'text\nb: c\n") == "a.yaml:2:1: a quote that opens here or below is not closed");
  CHECK(refused("a: ]\n") == "a.yaml:1:4: got a ']' or '}' that nothing opened");
  CHECK(refused("a: *nobody\n") == "a.yaml:1:4: got an alias to an anchor (&name) that does not stand before it");
  CHECK(refused("a: b: c\n") ==
        "a.yaml:1:5: got ': ' where no value may stand: check the indentation, or quote the text");
  CHECK(refused("a: @x\n") == "a.yaml:1:4: got a character that cannot start a value: quote the text");
  CHECK(refused("a: &x [1, *x]\n") == "a.yaml:1:11: the alias stands inside the value it names");
  CHECK(refused("? [a, b]\n: 1\n") == "a.yaml:1:3: got a list as a key, need a name (or is a ']' missing?)");
  CHECK(refused("~: 1\n") == "a.yaml:1:1: got nothing as a key, need a name: quote it if it is text");
  CHECK(refused("a: 1\n  b: 2\n").starts_with("a.yaml:2:"));
  CHECK(refused("a: 1\nb:3\n") ==
        "a.yaml:2:1: got 'b:3' where a map goes on, need 'key: value' (with a space after the ':')");
  CHECK_NOTHROW(parse_text("a:\nb: {x: , y: ~}\n? c\n", ""));
  CHECK(refused("[1, 2") == "a.yaml:1:1: got a list as a key, need a name (or is a ']' missing?)");
}

TEST_CASE("bytes that are no text are refused") {
  using namespace std::string_literals;
  CHECK(refused("a: 1\nb: \0x"s) == "a.yaml:2:4: got the byte 0x00, need YAML text in UTF-8 (is this a binary file?)");
  CHECK(refused("\x89HDF\r\n") == "a.yaml:1:1: got the byte 0x89, need YAML text in UTF-8 (is this a binary file?)");
  CHECK(refused("a: \xC0\x80").starts_with("a.yaml:1:4: got the byte 0xc0"));
  CHECK(refused("a: \xED\xA0\x80").starts_with("a.yaml:1:4: got the byte 0xed"));
  CHECK(refused("a: \xE2\x80").starts_with("a.yaml:1:4: got the byte 0xe2"));
  CHECK(refused("a: \x04").starts_with("a.yaml:1:4: got the byte 0x04"));
}

TEST_CASE("depth and size are bounded before memory is") {
  CHECK_NOTHROW(parse_text(std::string(64, '[') + std::string(64, ']'), ""));
  CHECK(refused(std::string(65, '[') + std::string(65, ']')) ==
        "a.yaml:1:65: got more than 64 levels of lists and maps, need a flatter file");
  CHECK(refused(std::string(100000, '[')).starts_with("a.yaml:1:"));
  CHECK(refused("a: " + std::string(100000, '{')).starts_with("a.yaml:1:"));
  const auto name = [](char mark, int i) { return std::string(1, mark).append("a").append(std::to_string(i)); };
  // Every line names the one before `width` times: width to the power of lines, or as many levels as lines.
  const auto nested = [&](int lines, int width) {
    std::string text = "first: &a0 [x]\n";
    for (int i = 1; i < lines; ++i) {
      text.append(name('k', i)).append(": ").append(name('&', i)).append(" [");
      for (int k = 0; k < width; ++k) text.append(k ? ", " : "").append(name('*', i - 1));
      text.append("]\n");
    }
    return text;
  };
  CHECK(refused(nested(12, 9)).find("got more than 100000 values") != std::string::npos);
  CHECK(refused(nested(80, 1)).find("got more than 64 levels") != std::string::npos);
  CHECK(refused(std::string(200, 'k') + ": 1").starts_with("a.yaml:1:1: got a key of 200 bytes, need at most 128"));
}

TEST_CASE("parse_file refuses what is no file") {
  const auto dir = std::filesystem::temp_directory_path() / "noneq_parse_test";
  std::filesystem::create_directories(dir);
  CHECK(thrown([&] { parse_file(dir / "none.yaml"); }) == (dir / "none.yaml").string() + ": there is no such file");
  CHECK(thrown([&] { parse_file(dir); }) == dir.string() + ": got a directory, need a YAML file");
  std::ofstream(dir / "empty.yaml").close();
  CHECK(thrown([&] { parse_file(dir / "empty.yaml"); }) ==
        (dir / "empty.yaml").string() + ": is empty, need YAML text");
  std::ofstream(dir / "good.yaml") << "a: 1\n";
  CHECK(parse_file(dir / "good.yaml").find("a")->where().str() == (dir / "good.yaml").string() + ":1:4");
  std::filesystem::remove_all(dir);
}
