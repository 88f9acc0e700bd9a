// The meaning of a scalar's text: the YAML 1.2 core schema, stated once for reading, emitting and JSON.
// YAML 1.1 words (yes, no, on, off) are plain text here, as 1.2 has it. Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace noneq::config {

enum class scalar_type { null, boolean, integer, real, text };

// The type of an unquoted scalar; a quoted one is always text.
scalar_type resolve(std::string_view plain);

// Returns the number that `plain` spells: decimal, 0x or 0o integers; nullopt for all else and beyond int64.
std::optional<std::int64_t> to_integer(std::string_view plain);

// Returns integers and reals as a double, with .inf, -.inf and .nan; nullopt for all else. Too large becomes infinite.
std::optional<double> to_real(std::string_view plain);

// Returns the shortest text that reads back as an equal real, and as a real: "1.0", "1e+20", ".inf".
std::string real_text(double number);

}
