// Bytes and texts in a form that may stand within HTML. Pure functions, thread-safe.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace noneq::app {

std::string base64(std::string_view bytes);

// Returns "data:image/png;base64,…".
std::string png_uri(std::string_view png);

// Returns text for an element or a quoted attribute.
std::string in_html(std::string_view text);

// Returns JSON for a <script> element. No text in it ends the element or begins a comment, because every < is escaped;
// text that is not UTF-8 gets replacement characters.
std::string in_script(const nlohmann::ordered_json& content);

}
