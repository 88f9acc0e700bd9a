#include "noneq/config/detail/scalar.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace noneq::config {

namespace {

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool signed_text(std::string_view text) { return !text.empty() && (text[0] == '-' || text[0] == '+'); }
std::string_view without_sign(std::string_view text) { return text.substr(signed_text(text) ? 1 : 0); }

std::size_t digits(std::string_view text, std::size_t from) {
  std::size_t end = from;
  while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
  return end - from;
}

// 8, 10 or 16; 0 when the text is no integer. The core schema gives no sign to the prefixed forms.
int integer_base(std::string_view text) {
  const auto only = [&](std::string_view allowed) {
    return text.size() > 2 && text.find_first_not_of(allowed, 2) == std::string_view::npos;
  };
  if (text.starts_with("0x")) return only("0123456789abcdefABCDEF") ? 16 : 0;
  if (text.starts_with("0o")) return only("01234567") ? 8 : 0;
  const std::string_view body = without_sign(text);
  return !body.empty() && digits(body, 0) == body.size() ? 10 : 0;
}

bool is_finite_real(std::string_view text) {
  const std::string_view body = without_sign(text);
  std::size_t at = digits(body, 0);
  const bool whole = at > 0;
  bool fraction = false;
  if (at < body.size() && body[at] == '.') {
    const std::size_t count = digits(body, at + 1);
    fraction = count > 0;
    at += 1 + count;
  }
  if (!whole && !fraction) return false;
  if (at < body.size() && (body[at] == 'e' || body[at] == 'E')) {
    at += 1 + (signed_text(body.substr(at + 1)) ? 1 : 0);
    const std::size_t count = digits(body, at);
    if (count == 0) return false;
    at += count;
  }
  return at == body.size();
}

bool is_infinite(std::string_view text) { return one_of(without_sign(text), {".inf", ".Inf", ".INF"}); }
bool is_nan(std::string_view text) { return one_of(text, {".nan", ".NaN", ".NAN"}); }

}

scalar_type resolve(std::string_view plain) {
  if (one_of(plain, {"", "~", "null", "Null", "NULL"})) return scalar_type::null;
  if (one_of(plain, {"true", "True", "TRUE", "false", "False", "FALSE"})) return scalar_type::boolean;
  if (integer_base(plain) != 0) return scalar_type::integer;
  if (is_finite_real(plain) || is_infinite(plain) || is_nan(plain)) return scalar_type::real;
  return scalar_type::text;
}

std::optional<std::int64_t> to_integer(std::string_view plain) {
  const int base = integer_base(plain);
  if (base == 0) return std::nullopt;
  // from_chars accepts "-" but neither "+" nor a prefix.
  const std::string_view body = plain.substr(base != 10 ? 2 : plain[0] == '+' ? 1 : 0);
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(body.data(), body.data() + body.size(), number, base);
  if (failed != std::errc{} || end != body.data() + body.size()) return std::nullopt;
  return number;
}

std::optional<double> to_real(std::string_view plain) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (is_nan(plain)) return std::numeric_limits<double>::quiet_NaN();
  const double sign = plain.starts_with('-') ? -1.0 : 1.0;
  if (is_infinite(plain)) return sign * infinity;
  if (const auto whole = to_integer(plain)) return static_cast<double>(*whole);
  if (!is_finite_real(plain)) return std::nullopt;
  const std::string_view body = without_sign(plain);
  double number = 0;
  const auto [end, failed] = std::from_chars(body.data(), body.data() + body.size(), number);
  if (failed != std::errc::result_out_of_range) return sign * number;
  // from_chars does not report which end of the range was passed; the sign of the exponent, or its absence, does.
  const std::size_t exponent = body.find_first_of("eE");
  const bool tiny = exponent == std::string_view::npos ? body[0] == '.' || body[0] == '0'
                                                       : body.substr(exponent + 1).starts_with('-');
  return sign * (tiny ? 0.0 : infinity);
}

std::string real_text(double number) {
  if (std::isnan(number)) return ".nan";
  if (std::isinf(number)) return number < 0 ? "-.inf" : ".inf";
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}
