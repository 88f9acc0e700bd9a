#include "noneq/app/rows_in_file.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "noneq/core/error.hpp"

namespace noneq::app {

rows_in_file read_rows_in_file(const std::string& text, const char* option) {
  const auto colon = text.rfind(':');
  std::error_code none;
  const bool named = colon != text.npos && !std::filesystem::exists(text, none);
  return {{"", text.substr(0, named ? colon : text.npos), named ? text.substr(colon + 1) : ""}, option};
}

std::vector<rows_in_file> read_given(const std::vector<std::string>& texts) {
  std::vector<rows_in_file> all;
  for (const std::string& text : texts) {
    const auto equals = text.find('=');
    if (equals == text.npos || equals == 0 || equals + 1 == text.size())
      throw error(fmt::format("--given got '{}', need NAME=FILE, or NAME=FILE:DATASET", text));
    rows_in_file r = read_rows_in_file(text.substr(equals + 1), "--given");
    r.tensor = text.substr(0, equals);
    if (r.dataset.empty()) r.dataset = r.tensor;
    for (const rows_in_file& other : all)
      if (other.tensor == r.tensor) throw error(fmt::format("--given got '{}' twice, need each tensor once", r.tensor));
    all.push_back(std::move(r));
  }
  return all;
}

}
