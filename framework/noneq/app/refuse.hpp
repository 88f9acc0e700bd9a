// Errors that a verb finds before it works are bad input, exit code 2.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "noneq/core/error.hpp"

namespace noneq {

// Calls f and rethrows a noneq::error as an input_error of the same lines.
template <class F>
decltype(auto) as_input(F&& f) {
  try {
    return std::forward<F>(f)();
  } catch (const input_error&) {
    throw;
  } catch (const error& e) {
    throw input_error({e});
  }
}

// Throws input_error unless a file of `format` can be made under the name given to --out. Called before hours of work
// whose result the file shall hold.
void need_writable(const std::filesystem::path& path, std::string_view format);

// Throws input_error when `out` and an input are one file, whatever their names; `option` names the input.
void need_other_file(const std::filesystem::path& out, const std::filesystem::path& input, const std::string& option);

}
