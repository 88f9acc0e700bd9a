// The law of every reader: any bytes are read, or refused by noneq::error with lines that name where they came from.
// Everything else a reader may do (another exception, a crash, a report of a sanitizer) ends the process, which is how
// both libFuzzer and replay.cpp notice it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "noneq/core/error.hpp"

namespace testing {

// Ends the process with a line unless the law holds.
inline void need(bool holds, const std::string& law) {
  if (holds) return;
  std::fprintf(stderr, "broken law: %s\n", law.c_str());
  std::abort();
}

inline void need_refusal(const noneq::error& e, const std::string& from) {
  need(std::string_view(e.what()).find(from) != std::string_view::npos, "the error names " + from + ": " + e.what());
  need(std::string_view(e.what()).find('\n') == std::string_view::npos,
       std::string("the error is one line: ") + e.what());
}

// Calls read(). Returns whether it returned; otherwise it refused bytes of `from`.
template <class F>
bool reads(const std::string& from, F&& read) {
  try {
    read();
    return true;
  } catch (const noneq::input_error& several) {
    need(!several.problems().empty(), "an input_error has problems");
    for (const noneq::error& e : several.problems()) need_refusal(e, from);
  } catch (const noneq::error& e) {
    need_refusal(e, from);
  }
  return false;
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}
