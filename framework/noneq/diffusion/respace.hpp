// Sampling with fewer steps than were trained: the steps to keep, and the β that jump between them.
// The network still sees the original t. Nichol & Dhariwal 2021, §4, and its published code. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "noneq/core/tensor.hpp"
#include "noneq/diffusion/tables.hpp"

namespace noneq {

// Kept indices i = t − 1, ascending. 0..T−1 is cut into one stretch per section (T/k long, one more for the first
// T mod k), and sections[j] evenly spaced indices of stretch j are kept, its ends included.
// Throws noneq::error when there is no section or a count lies outside 1..its stretch.
std::vector<std::int64_t> respace(std::int64_t steps, const std::vector<std::int64_t>& sections);

// β' = 1 − ᾱ_i/ᾱ_(previous kept), [kept] float64, for make_tables. Differentiable.
// Throws noneq::error unless kept is ascending within 0..T−1 and not empty.
Tensor respaced_beta(const tables& t, const std::vector<std::int64_t>& kept);

}
