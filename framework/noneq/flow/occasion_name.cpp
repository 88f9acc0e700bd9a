#include "noneq/flow/occasion_name.hpp"

#include <charconv>
#include <string>

namespace noneq::flow {

occasion_name occasion_in(const std::filesystem::path& file) {
  constexpr std::string_view mark = "-step-";
  const std::string stem = file.stem().string();
  const auto at = stem.rfind(mark);
  if (at == stem.npos) return {file, {}};
  const char *first = stem.data() + at + mark.size(), *last = stem.data() + stem.size();
  std::int64_t step = 0;
  if (first == last || std::from_chars(first, last, step).ptr != last) return {file, {}};
  std::filesystem::path end = file;
  return {end.replace_filename(stem.substr(0, at) + file.extension().string()), step};
}

}
