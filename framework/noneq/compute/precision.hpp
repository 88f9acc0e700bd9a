// The number types of a compiled network. Sums, weights, gradients of weights and vectors are float32 under every
// choice; bf16 holds the pixels between layers and feeds the multiplications. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

namespace noneq::compute {

enum class precision { fp32, bf16 };

// Returns the type in which networks of convolutions are computed faster on this machine. The first call measures
// products in both where flags of the CPU do not tell, in about a millisecond.
precision fastest_precision();
// Returns whether oneDNN can compute in bf16 on this machine at all: with AVX-512, slowly where it lacks BF16.
bool can_compute_in_bf16();
// Returns whether this machine has instructions that multiply bf16: AVX-512 BF16 or AMX.
bool multiplies_bf16();
// Returns whether it multiplies bf16 by AVX-512 alone. With AMX, which is several times faster, oneDNN's kernels win.
bool multiplies_bf16_without_amx();

// A float32 without its lower 16 bits.
struct bf16 {
  std::uint16_t bits;
};

constexpr std::size_t bytes_of(precision p) { return p == precision::bf16 ? sizeof(bf16) : sizeof(float); }

}
