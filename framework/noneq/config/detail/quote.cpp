#include "noneq/config/detail/quote.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include <fmt/format.h>

#include "noneq/config/detail/scalar.hpp"
#include "noneq/config/detail/yaml_text.hpp"

namespace noneq::config {

namespace {

// Words that other readers, of YAML 1.1, take for booleans.
bool is_old_boolean(std::string_view text) {
  std::string word(text);
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  static constexpr std::array words{"y", "n", "yes", "no", "on", "off", "true", "false"};
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Stricter than YAML: characters that are safe in any context, with any parser.
bool is_safe_plain(std::string_view text) {
  const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80) || c == '_'; };
  if (text.empty() || text.starts_with("...") || text.back() == ' ') return false;
  const bool led_by_sign = text.size() > 1 && (text[0] == '-' || text[0] == '+') && (word(text[1]) || text[1] == '.');
  if (!word(text[0]) && text[0] != '/' && text[0] != '.' && !led_by_sign) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return word(c) || std::string_view(" ./+-*()=@^~<>%;$").find(c) != std::string::npos;
  });
}

// U+0080–U+009F, U+2028, U+2029 and U+FEFF: breaks and marks to some parsers, invisible to people.
std::size_t strange_at(std::string_view text, std::size_t i, unsigned& code) {
  const auto byte = [&](std::size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0u; };
  if (byte(i) < 0x20 || byte(i) == 0x7F) return code = byte(i), 1;
  if (byte(i) == 0xC2 && byte(i + 1) < 0xA0) return code = byte(i + 1), 2;
  if (byte(i) == 0xE2 && byte(i + 1) == 0x80 && (byte(i + 2) & 0xFE) == 0xA8)
    return code = 0x2000 + byte(i + 2) - 0x80, 3;
  if (byte(i) == 0xEF && byte(i + 1) == 0xBB && byte(i + 2) == 0xBF) return code = 0xFEFF, 3;
  return 0;
}

bool has_strange(std::string_view text) {
  unsigned code = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (strange_at(text, i, code) > 0) return true;
  return false;
}

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

std::string double_quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    unsigned code = 0;
    const std::size_t length = strange_at(text, i, code);
    if (length == 0) {
      if (text[i] == '"' || text[i] == '\\') out += '\\';
      out += text[i++];
      continue;
    }
    out += code == '\n'   ? "\\n"
           : code == '\t' ? "\\t"
           : code < 0x80  ? fmt::format("\\x{:02x}", code)
                          : fmt::format("\\u{:04x}", code);
    i += length;
  }
  return out + "\"";
}

}

std::string quoted_if_needed(const std::string& text, bool is_text) {
  if (!is_text) return text;
  if (!yaml_text::is_utf8(text)) throw error("got text that is not UTF-8, which YAML cannot hold");
  if (has_strange(text)) return double_quoted(text);
  if (resolve(text) != scalar_type::text || is_old_boolean(text) || !is_safe_plain(text)) return single_quoted(text);
  return text;
}

std::string shortened(const std::string& text) {
  constexpr std::size_t longest = 60;
  std::size_t cut = std::min(text.size(), longest);
  while (cut > 0 && cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  std::string line;
  for (const char c : text.substr(0, cut)) {
    if (c == '\n')
      line += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      line += '?';
    else
      line += c;
  }
  return cut < text.size() ? line + "…" : line;
}

}
