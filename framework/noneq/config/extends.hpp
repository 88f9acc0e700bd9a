// Pipelines made of others:  extends: base.yaml
// A file states only what differs from the file that it extends, which may extend a third. Maps are merged key by key;
// null removes a key; lists and scalars are replaced. Values keep their places, so an error names the file and line it
// comes from. Pure functions, thread-safe.
#pragma once

#include <filesystem>

#include "noneq/config/value.hpp"

namespace noneq::config {

inline constexpr const char* extends_key = "extends";

// Returns the values of `base`, changed by those of `over`:
// - {plugin: x, …} over a plugin of another name replaces it with all its parameters. What wires a node (in, as, of,
//   every, at) is none of them and stays.
// - a bare name is a plugin, as everywhere: `schedule: cosine` is `schedule: {plugin: cosine}`.
// Throws input_error with each null that removes nothing (did you mean …).
value merged(value base, const value& over);

// Returns parse_file(path), merged over the files that it extends, without the key. The name of an extended file starts
// at the folder of the file that has it. Errors: those of parse_file in each file and of merged(); a file that is not
// there (did you mean …), files that extend one another in a circle, a name that is no text.
value parse_pipeline(const std::filesystem::path& path);

}
