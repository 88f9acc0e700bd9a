// Writes the program's help texts as a C++ table, for main.cpp to include.
#include <cstdio>

#include "noneq/app/program.hpp"

namespace {

// As a string literal, byte by byte where a compiler could take offence.
void print_literal(const std::string& text) {
  std::putchar('"');
  for (const unsigned char c : text) {
    if (c == '\n')
      std::fputs("\\n\"\n\"", stdout);
    else if (c == '"' || c == '\\')
      std::printf("\\%c", c);
    else if (c < 0x20 || c > 0x7e)
      std::printf("\\%03o", static_cast<unsigned>(c));
    else
      std::putchar(c);
  }
  std::putchar('"');
}

}

int main() {
  for (const auto& [words, answer] : noneq::app::ready_answers()) {
    std::fputs("{", stdout);
    print_literal(words);
    std::fputs(", ", stdout);
    print_literal(answer);
    std::fputs("},\n", stdout);
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
