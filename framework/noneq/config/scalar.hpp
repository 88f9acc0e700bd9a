// What the text of a scalar means: the YAML 1.2 core schema, stated once for reading, emitting and JSON.
// YAML 1.1 words (yes, no, on, off) are plain text here, as 1.2 has it. Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace noneq {

enum class scalar_type { null, boolean, integer, real, text };

// The type of an unquoted scalar; a quoted one is always text.
scalar_type resolve(std::string_view plain);

// The number that `plain` spells: decimal, 0x or 0o integers; nullopt for anything else or what int64 cannot hold.
std::optional<std::int64_t> to_integer(std::string_view plain);

// Integers and reals as a double, with .inf, -.inf and .nan; nullopt for anything else. Too large becomes infinite.
std::optional<double> to_real(std::string_view plain);

// The shortest text that reads back as the same real, and as a real: "1.0", "1e+20", ".inf".
std::string real_text(double number);

}
