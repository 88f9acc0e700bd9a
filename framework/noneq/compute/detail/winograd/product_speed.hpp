// The speed of the products that Winograd's filtering is made of. Thread-safe.
#pragma once

namespace noneq::compute::winograd {

// Returns how many times faster this machine, which must have AVX-512 BF16, makes products of bf16 than of float32: the
// shortest of several measurements of each, taken in turn, so that whatever else works meets both. A millisecond of
// work.
double speed_of_bf16();

}
