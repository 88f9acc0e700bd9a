// The bound by which claims about compressed data are judged. Private to the room.
#pragma once

namespace noneq {

// How many times longer than its deflated bytes data can be: no more than 1032 by the format, and some for headers.
constexpr int most_deflated = 1100;

}
