// Colours for numbers of fields: steps of equal size look equally large. Pure functions, thread-safe.
#pragma once

#include <string>
#include <vector>

#include "noneq/core/tensor.hpp"

namespace noneq::app {

// Rising numbers are lighter (viridis), or blue below and red above a light middle (cool to warm), for numbers of both
// signs.
enum class colour_map { rising, diverging };

// Returns the colours of the map at equal distances, "#440154"; between two of them it is linear in sRGB, as in a
// gradient of CSS.
std::vector<std::string> colours_of(colour_map map);

// Returns uint8 [3, …] of numbers […]: `low` and `high` have the colours of the two ends, numbers beyond them too, and
// NaN is grey.
Tensor coloured(const Tensor& x, double low, double high, colour_map map);

}
