// The architecture of a U-Net: everything that the papers and UNet2DModel of diffusers vary, as plain data, level by
// level. Values; thread-safe when const.
#pragma once

#include "noneq/compute/layers.hpp"

namespace shipped::unet {

// The layers at one resolution; level 0 is that of the data.
struct level {
  std::int64_t channels = 0;
  bool down_attention = false, up_attention = false;  // after every residual block on the way down, up
  bool down_residual = false, up_residual = false;    // resampling to the next level inside a residual block
};

struct architecture {
  std::int64_t in_channels = 1, out_channels = 1;
  std::vector<level> levels;
  std::int64_t blocks = 2;                    // residual blocks a level on the way down; one more on the way up
  std::int64_t heads = 1, head_channels = 0;  // of attention; head_channels > 0: as many heads as that makes
  std::int64_t groups = 32;                   // of every normalisation
  std::int64_t middle_groups = 32;            // of the one in the middle's attention; 0: there is none
  bool middle_attention = true;
  double middle_scale = 1;  // sums in the middle are divided by it
  bool scale_shift = false;
  double eps = 1e-6, dropout = 0;
  noneq::compute::activation act = noneq::compute::activation::silu;
  std::int64_t downsample_padding = 0;
  noneq::compute::paddings padding{};  // {height, width}; of sequences the second
  std::int64_t learned_times = 0;      // > 0: a table of so many rows instead of sinusoids
  double frequency_shift = 1, time_scale = 1;
  bool cosine_first = false;
  std::int64_t class_rows = 0;  // of the table of classes; 0: none
  bool class_sinusoids = false;
  std::int64_t vector_size = 0;  // numbers of the vector beside each sample; 0: there is none
  bool centre_input = false;     // reads 2x − 1

  bool has_classes() const { return class_rows > 0 || class_sinusoids; }
  std::int64_t heads_of(std::int64_t channels) const { return head_channels > 0 ? channels / head_channels : heads; }
};

// Throws noneq::error for numbers that no network can have: channels not divisible by groups or heads.
void check(const architecture& a);

// Throws noneq::error where samples of `space` are too small to be reflected, or do not halve to what is periodic
// again.
void check_padding(const architecture& a, const noneq::sizes& space);

// The largest number of groups up to `wanted` that divides the channels of every level and leaves two channels or more
// to a group: normalised alone, a channel would forget the t that was added to it.
std::int64_t fitting_groups(const architecture& a, std::int64_t wanted);

}
