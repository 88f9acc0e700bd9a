#include "noneq/app/report/embedding.hpp"

#include <cstdint>

namespace noneq::app {

std::string base64(std::string_view bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto byte = [&](std::size_t k) -> std::uint32_t {
    return k < bytes.size() ? static_cast<unsigned char>(bytes[k]) : 0;
  };
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t k = 0; k < bytes.size(); k += 3) {
    const std::uint32_t three = byte(k) << 16 | byte(k + 1) << 8 | byte(k + 2);
    for (const int shift : {18, 12, 6, 0}) text += digits[three >> shift & 63];
    if (k + 2 >= bytes.size()) text.back() = '=';
    if (k + 1 >= bytes.size()) text[text.size() - 2] = '=';
  }
  return text;
}

std::string png_uri(std::string_view png) { return "data:image/png;base64," + base64(png); }

std::string in_html(std::string_view text) {
  std::string safe;
  for (const char c : text) switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  return safe;
}

std::string in_script(const nlohmann::ordered_json& content) {
  std::string safe;
  for (const char c : content.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
    if (c == '<')
      safe += "\\u003c";
    else
      safe += c;
  return safe;
}

}
