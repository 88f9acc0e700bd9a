// The standard output, for results. Output that cannot be written is an error and never lost silently.
#pragma once

#include <cstdio>

#include <fmt/format.h>

namespace noneq::app {

// Throws noneq::error with the system's reason.
void put_output(std::string_view text);
void flush_output();

template <class... Values>
void print_out(fmt::format_string<Values...> form, Values&&... values) {
  put_output(fmt::format(form, std::forward<Values>(values)...));
}

}
