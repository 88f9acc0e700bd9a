#include "noneq/config/read.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "noneq/config/detail/scalar.hpp"

namespace noneq::config {

namespace {

// 1_000 and 1,000 are how people, and other formats, write thousands; a quoted number looks like one.
std::string number_hint(const value& v) {
  if (!v.is_scalar() || v.text().empty()) return "";
  if (v.quoted()) return to_real(v.text()) ? ": remove the quotes" : "";
  std::string bare = v.text();
  bare.erase(std::remove_if(bare.begin(), bare.end(), [](char c) { return c == '_'; }), bare.end());
  return bare != v.text() && to_real(bare) ? fmt::format(": write {}", bare) : "";
}

std::string bool_hint(const value& v) {
  if (!v.is_scalar()) return "";
  std::string word = v.text();
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  if (v.quoted()) return word == "true" || word == "false" ? ": remove the quotes" : "";
  for (const char* yes : {"yes", "on", "y", "1", "true"})
    if (word == yes) return ": write true";
  for (const char* no : {"no", "off", "n", "0", "false"})
    if (word == no) return ": write false";
  return "";
}

}

void refuse(const value& v, const std::string& need) {
  throw error(fmt::format("got {}, need {}", v.brief(), need), {}, v.where());
}

void read_into(const value& v, bool& out) {
  const bool plain = v.is_scalar() && !v.quoted();
  if (!plain || (v.text() != "true" && v.text() != "false")) refuse(v, "true or false" + bool_hint(v));
  out = v.text() == "true";
}

void read_into(const value& v, std::int64_t& out) {
  if (!v.is_scalar() || v.quoted()) refuse(v, "an integer" + number_hint(v));
  if (const auto whole = to_integer(v.text())) {
    out = *whole;
    return;
  }
  const scalar_type type = resolve(v.text());
  const auto real = to_real(v.text());
  // Beyond 2^53 a double no longer determines the integer that was meant.
  constexpr double exact = 9007199254740992.0;
  if (type == scalar_type::real && std::isfinite(*real) && *real == std::trunc(*real) && std::abs(*real) <= exact) {
    out = static_cast<std::int64_t>(*real);
    return;
  }
  const bool large = real && std::isfinite(*real) && std::abs(*real) > exact;
  refuse(v, (large ? "an integer that fits in 64 bits" : "an integer") + number_hint(v));
}

double read_double(const value& v, infinity infinite) {
  const auto real = v.is_scalar() && !v.quoted() ? to_real(v.text()) : std::nullopt;
  if (!real) refuse(v, "a number" + number_hint(v));
  if (std::isnan(*real)) refuse(v, "a number");
  if (std::isinf(*real) && infinite == infinity::refused) refuse(v, "a finite number");
  return *real;
}

void read_into(const value& v, double& out) { out = read_double(v, infinity::refused); }

void read_into(const value& v, std::string& out) {
  if (!v.is_scalar()) refuse(v, "a text");
  out = v.text();
}

void read_into(const value& v, std::map<std::string, std::string>& out) {
  out.clear();
  if (!v.is_scalar() && !v.is_map()) refuse(v, "a text, or a map of texts");
  if (v.is_scalar() && !v.text().empty()) out[""] = v.text();
  for (const auto& [name, text] : v.entries()) read_into(text, out[name]);
}

void read_into(const value& v, std::filesystem::path& out) {
  if (!v.is_scalar() || v.text().empty()) refuse(v, "a path");
  if (v.text().find('\0') != std::string::npos) refuse(v, "a path without NUL");
  out = v.text();
}

}
