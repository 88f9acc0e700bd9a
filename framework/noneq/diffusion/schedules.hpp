// Noise schedules as plain β [T] float64, for make_tables, which checks that every β lies in (0, 1].
// Pure, thread-safe. All throw noneq::error for T < 1.
#pragma once

#include <cstdint>

#include "noneq/core/tensor.hpp"

namespace noneq {
inline namespace schedules {

// β from first to last in equal steps. Ho et al. 2020, §4 (1e-4 to 0.02 at T = 1000).
Tensor linear(std::int64_t steps, double first, double last);

// √β from √first to √last in equal steps.
Tensor quadratic(std::int64_t steps, double first, double last);

// One β for every step.
Tensor constant(std::int64_t steps, double beta);

// first + (last − first) σ(u), u from −6 to 6 in equal steps.
Tensor sigmoid(std::int64_t steps, double first, double last);

// min(1 − f(t)/f(t−1), clip), f(t) = cos²((t/T+s)/(1+s)·π/2). Nichol & Dhariwal 2021, eq. 17.
Tensor cosine(std::int64_t steps, double s = 0.008, double clip = 0.999);

// ln SNR of continuous time u in [0, 1] (float64): of cosine as an angle from that offset to ln SNR = −20 (Ho &
// Salimans 2022, §2), and of β that grows from `first` to `last` over 1000 steps, taken continuously after the first
// (Song et al. 2021, eq. 33).
Tensor cosine_log_snr(const Tensor& u, double s);
Tensor linear_log_snr(const Tensor& u, double first, double last);

// β_t = 1/(T−t+1), so that ᾱ_t = 1 − t/T and β_T = 1. Sohl-Dickstein et al. 2015, §2.4.1, for the binomial kernel.
Tensor reciprocal(std::int64_t steps);

// ln SNR falls in equal steps from ln((1−β_1)/β_1) to ln(ᾱ_T/(1−ᾱ_T)): every octave of noise gets as many steps.
// Throws noneq::error unless 0 < first_beta < 1 and, for T > 1, 0 < last_alpha_bar < 1 − first_beta.
Tensor log_snr(std::int64_t steps, double first_beta, double last_alpha_bar);

}
}
