// The text of a YAML file before it is parsed: proof that it is text, and the conversion from yaml-cpp's byte columns
// to the characters a user counts. Private to this room. A value type; place_of is not thread-safe (it remembers).
#pragma once

#include <string>
#include <string_view>

#include "noneq/core/error.hpp"

namespace noneq::config {

class yaml_text {
 public:
  // Drops a byte order mark. Throws error when the text is not UTF-8 or holds control characters.
  yaml_text(std::string_view text, std::string file_name);

  static bool is_utf8(std::string_view text);

  // yaml-cpp makes the escapes \N and \_ the bytes 0x85 and 0xa0, which are no characters. Returns the text with U+0085
  // and U+00A0 in their place.
  static std::string with_whole_characters(const std::string& text);

  const std::string& text() const { return text_; }
  const std::string& file() const { return file_; }
  bool is_blank() const;                               // nothing but space and comments
  std::string_view line_at(std::size_t offset) const;  // the line that holds this byte, without its end

  // The place of a mark: line and column from 0, in bytes, at byte `offset`.
  place place_of(std::size_t offset, int line, int column) const;

  // Searches for a tab in the indentation of the line at `offset` and of the one before, where yaml-cpp reports it.
  // Returns whether there is one, and its place in `found`.
  bool tab_near(std::size_t offset, int line, place& found) const;

 private:
  std::size_t line_start(std::size_t offset) const;

  std::string text_, file_;
  // Marks come in file order: counting on from the last one keeps a long line linear.
  mutable std::size_t seen_start_ = 0, seen_offset_ = 0;
  mutable int seen_characters_ = 0;
};

}
