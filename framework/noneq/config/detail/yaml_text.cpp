#include "noneq/config/detail/yaml_text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace noneq::config {

namespace {

// The length of the UTF-8 sequence at `i`; 0 when there is none.
std::size_t sequence_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0u; };
  const unsigned first = byte(i);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return 0;
  for (std::size_t k = 1; k < length; ++k)
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  // Overlong forms, surrogates and numbers past U+10FFFF.
  const unsigned second = byte(i + 1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
  return length;
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

}

yaml_text::yaml_text(std::string_view text, std::string file_name) : file_(std::move(file_name)) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  int line = 1, column = 1;
  for (std::size_t i = 0; i < text.size(); ++column) {
    const std::size_t length = sequence_length(text, i);
    if (length == 0 || is_control(text[i]))
      throw error(fmt::format("got the byte 0x{:02x}, need YAML text in UTF-8 (is this a binary file?)",
                              static_cast<unsigned char>(text[i])),
                  {}, {file_, line, column});
    if (text[i] == '\n') ++line, column = 0;
    i += length;
  }
  text_ = text;
}

bool yaml_text::is_utf8(std::string_view text) {
  for (std::size_t i = 0, length = 0; i < text.size(); i += length)
    if ((length = sequence_length(text, i)) == 0) return false;
  return true;
}

std::string yaml_text::with_whole_characters(const std::string& text) {
  if (is_utf8(text)) return text;
  std::string whole;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text, i);
    if (length == 0) whole += '\xC2';
    whole.append(text, i, std::max<std::size_t>(length, 1));
    i += std::max<std::size_t>(length, 1);
  }
  return whole;
}

std::size_t yaml_text::line_start(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  if (offset == 0) return 0;
  const std::size_t end_before = text_.rfind('\n', offset - 1);
  return end_before == std::string::npos ? 0 : end_before + 1;
}

bool yaml_text::is_blank() const {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '#') i = std::min(text_.find('\n', i), text_.size());
    if (i < text_.size() && std::string_view(" \t\r\n").find(text_[i]) == std::string_view::npos) return false;
  }
  return true;
}

std::string_view yaml_text::line_at(std::size_t offset) const {
  const std::size_t start = line_start(offset);
  const std::size_t end = std::min(text_.find_first_of("\r\n", start), text_.size());
  return std::string_view(text_).substr(start, end - start);
}

place yaml_text::place_of(std::size_t offset, int line, int column) const {
  offset = std::min(offset, text_.size());
  const std::size_t start = offset - std::min(offset, static_cast<std::size_t>(std::max(column, 0)));
  if (start != seen_start_ || offset < seen_offset_) seen_start_ = seen_offset_ = start, seen_characters_ = 0;
  for (; seen_offset_ < offset; ++seen_offset_)
    seen_characters_ += (static_cast<unsigned char>(text_[seen_offset_]) & 0xC0) != 0x80;
  return {file_, line + 1, seen_characters_ + 1};
}

bool yaml_text::tab_near(std::size_t offset, int line, place& found) const {
  for (int back = 0; back < 2 && line - back >= 0; ++back) {
    const std::size_t start = line_start(offset);
    const std::string_view text = line_at(start);
    const std::size_t indent = std::min(text.find_first_not_of(" \t"), text.size());
    const std::size_t tab = text.substr(0, indent).find('\t');
    if (tab != std::string_view::npos) {
      found = {file_, line - back + 1, static_cast<int>(tab) + 1};
      return true;
    }
    if (start == 0) break;
    offset = start - 1;
  }
  return false;
}

}
