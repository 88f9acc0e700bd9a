// Changes to a pipeline from the command line:  --set process.schedule.steps=100
// A value that is set this way has the place "--set process.schedule.steps", so that an error about it points there and
// not into the file. Not thread-safe on one tree.
#pragma once

#include <string>

#include "noneq/config/value.hpp"

namespace noneq::config {

// Sets the value at a dotted path to the YAML after the first '='; nothing after it removes the key, so that its
// default holds. Missing maps on the way are made. A number is an index where a list stands (`hidden.0=64`). A bare
// name on the way is a plugin with its defaults: `schedule: cosine` becomes {plugin: cosine, steps: …}. Errors: no '=',
// an empty name in the path or one that no file could have as a key, more than 64 levels, an index out of range, a
// number or boolean on the way, bad YAML, nothing to remove (did you mean …); `root` is then unchanged.
void apply_override(value& root, const std::string& assignment);

}
