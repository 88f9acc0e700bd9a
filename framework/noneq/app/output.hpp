// The standard output, for results. Output that cannot be written is an error and never lost silently, but where nobody
// reads it any more, as behind `| head`.
#pragma once

#include <cstdio>
#include <string_view>

#include <fmt/format.h>

namespace noneq::app {

// Throw noneq::error with the system's reason. Nothing is thrown, and nothing more arrives, where the reader of a pipe
// has gone.
void put_output(std::string_view text);
void flush_output();

template <class... Values>
void print_out(fmt::format_string<Values...> form, Values&&... values) {
  put_output(fmt::format(form, std::forward<Values>(values)...));
}

}
