#include "noneq/config/excerpt.hpp"

#include <algorithm>
#include <fstream>

#include "doctest.hpp"
#include "noneq/config/parse.hpp"
#include "noneq/config/read.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::config;

namespace {

struct written {
  explicit written(const std::string& text) { std::ofstream(file, std::ios::binary) << text; }
  std::string at(int line, int col, excerpt_style style = {}) const {
    return excerpts(style).of({file.string(), line, col});
  }
  testing::scratch folder;
  std::filesystem::path file = folder / "a.yaml";
};

std::string line(const std::string& excerpt, std::size_t which) {
  const auto end = excerpt.find('\n');
  return which == 0 ? excerpt.substr(0, end) : excerpt.substr(end + 1, excerpt.size() - end - 2);
}

std::size_t caret(const std::string& excerpt) { return line(excerpt, 1).find('^'); }

}

TEST_CASE("the line of a problem stands below it, with a caret under the word") {
  const written w("name: x\ngraph:\n  model: {plugin: model.mlp, hidden: [8, 'a b'], rate: many}\n");
  CHECK(w.at(3, 56) ==
        "      3 |   model: {plugin: model.mlp, hidden: [8, 'a b'], rate: many}\n"
        "        |                                                        ^~~~\n");
  CHECK(line(w.at(3, 42), 1).ends_with(" ^~~~~"));  // a quoted text is one word
  CHECK(line(w.at(3, 10), 1).ends_with(" ^"));      // a map is pointed at, and not underlined as a whole
  CHECK(line(w.at(1, 1), 1).ends_with(" ^~~~"));    // a key without its colon
  CHECK(caret(w.at(1, 8)) == 10 + 7);               // behind the end: something is missing there
}

TEST_CASE("the caret of a value stands where the parser found it, whatever stands before") {
  const written w("# käse\nα: {\"ключ\": 1,\t漢字: [2,\t'x']}\r\n");
  const value v = parse_file(w.file);
  const value& list = *v.find("α")->find("漢字");
  const std::string e = excerpts().of(list.items()[1].where());
  // Two columns each for the two wide characters, and tabs up to the next multiple of four columns.
  CHECK(line(e, 0) == "      2 | α: {\"ключ\": 1,  漢字: [2,   'x']}");
  CHECK(line(e, 1) == "        | " + std::string(28, ' ') + "^~~");
}

TEST_CASE("a long line is cut around the word, to the columns there are") {
  std::string text = "a: [";
  for (int i = 0; i < 400; ++i) text += "é" + std::to_string(1000 + i) + ", ";
  const written w(text + "]\n");
  for (const std::size_t columns : {60, 80, 200})
    for (const int col : {1, 5, 40, 705, 2804}) {
      const std::string e = w.at(1, col, {columns, false});
      const auto width = [](const std::string& s) {
        return std::count_if(s.begin(), s.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
      };
      CAPTURE(col);
      CHECK(width(line(e, 0)) <= static_cast<std::ptrdiff_t>(columns));
      CHECK(width(line(e, 1)) <= static_cast<std::ptrdiff_t>(columns) + 1);
      CHECK(e.find("…") != e.npos);
    }
  const std::string e = w.at(1, 705, {80, false});  // the hundredth number
  CHECK(line(e, 0).find("é1100") != std::string::npos);
}

TEST_CASE("nothing of a file reaches the terminal as a command, and what is no text is replaced") {
  const written w("a: \033[31mred\xff\x80 b\n");
  const std::string e = w.at(1, 12);
  CHECK(e.find('\033') == e.npos);
  CHECK(line(e, 0) == "      1 | a: �[31mred�� b");
  CHECK(w.at(1, 4, {100, true}).find("\033[1;31m^") != std::string::npos);
}

TEST_CASE("no excerpt where there is no such line, or the file is gone or is no file") {
  const written w("a: 1\n");
  CHECK(w.at(0, 0) == "");
  CHECK(w.at(7, 1) == "");
  CHECK(excerpts().of({"nowhere.yaml", 1, 1}) == "");
  CHECK(excerpts().of({"/dev/zero", 1, 1}) == "");
  CHECK(excerpts().of({"", 1, 1}) == "");
}
