// The bound for the stated sizes of compressed data. Private to the room.
#pragma once

namespace noneq::storage {

// Data can be at most this many times longer than its deflated bytes: 1032 by the format, and some for headers.
constexpr int most_deflated = 1100;

}
