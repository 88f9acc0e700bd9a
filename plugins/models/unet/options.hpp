// The parameters of model.unet, and the network that follows from them and from the data. Values; thread-safe when
// const.
#pragma once

#include <optional>

#include "../conditioning.hpp"
#include "noneq/compute/execution.hpp"
#include "noneq/plugin/roles/model.hpp"
#include "tensors.hpp"

namespace shipped::unet {

// The defaults are the network of Ho et al. 2020 for CIFAR-10, but for its attention at 16×16 and its dropout of 0.1.
struct options : noneq::compute::execution_choice, condition_options {
  std::int64_t channels = 128, blocks = 2, heads = 1, head_channels = 0, groups = 32, downsample_padding = 0;
  std::int64_t time_range = 1000;
  std::vector<std::int64_t> multipliers{1, 2, 2, 2}, attention;
  bool middle_attention = true, scale_shift = false, cosine_first = false, no_class = false, self_conditioning = false;
  double dropout = 0, eps = 1e-6, frequency_shift = 1;
  std::string resample = "conv", activation = "silu";
  std::vector<std::string> padding{"zeros"};
  std::filesystem::path from;

  // Throws noneq::error for parameters that are wrong with any data.
  void check_alone() const;
  // The folder that `from` names, if any.
  std::optional<diffusers_folder> opened() const;
  // Throws noneq::error for data it cannot take. Zero outputs in the signature mean the number that the folder has, for
  // a network that is only called and not trained.
  architecture architecture_for(const noneq::network_signature& s, const std::optional<diffusers_folder>& folder) const;

  template <class P>
  static void describe(noneq::description<P>& d) {
    d.param("channels", &P::channels, "channels at the first level", noneq::at_least(2), noneq::at_most(1e5))
        .param("multipliers", &P::multipliers, "channels at each level, in multiples of those", noneq::at_least(1),
               noneq::at_most(1e3))
        .param("blocks", &P::blocks, "residual blocks a level, one more on the way up", noneq::at_least(1),
               noneq::at_most(1e3))
        .param("attention", &P::attention, "sizes (of the longer side) at which there is attention, as in [16, 8]",
               noneq::at_least(1))
        .param("middle_attention", &P::middle_attention, "attention in the middle, at the smallest size")
        .param("heads", &P::heads, "heads of attention", noneq::at_least(1), noneq::at_most(1e4))
        .param("head_channels", &P::head_channels, "channels a head, in place of heads; 0: heads counts",
               noneq::at_least(0))
        .param("scale_shift", &P::scale_shift,
               "t scales and shifts a normalisation (Nichol & Dhariwal); false: is added")
        .param("dropout", &P::dropout, "share of numbers zeroed in training, in each residual block",
               noneq::at_least(0), noneq::at_most(0.99))
        .param("groups", &P::groups,
               "groups of a normalisation; fewer where they do not divide the channels or leave one a group",
               noneq::at_least(1))
        .param("eps", &P::eps, "what a normalisation adds to a variance", noneq::at_least(0), noneq::at_most(1))
        .param("activation", &P::activation, "nonlinearity of the residual blocks",
               noneq::one_of({"silu", "gelu", "relu"}))
        .param("resample", &P::resample, "halve and double by convolutions, or by pooling in residual blocks",
               noneq::one_of({"conv", "residual"}))
        .param("downsample_padding", &P::downsample_padding,
               "padding of a convolution that halves: 1 on each side, or 0: behind only (TensorFlow's \"same\")",
               noneq::between(0, 1))
        .param(
            "padding", &P::padding,
            "what convolutions read beyond the edges: zeros, the other end (circular) or the mirror image (reflect); "
            "one word, or one for each axis, as in [zeros, circular] of [H, W]",
            noneq::one_of({"zeros", "circular", "reflect"}))
        .param("time_range", &P::time_range, "the sinusoids see t·time_range/T; 0: t itself", noneq::at_least(0))
        .param("frequency_shift", &P::frequency_shift, "frequencies 10000^(−i/(n/2 − shift)): 1 (Ho et al.) or 0",
               noneq::between(0, 1))
        .param("cosine_first", &P::cosine_first, "cosines before sines, as Nichol & Dhariwal have them")
        .param("no_class", &P::no_class, "knows one more label, \"no class\": for label_dropout and guidance")
        .param("self_conditioning", &P::self_conditioning, "reads an earlier x̂⁰ beside x^t")
        .param("from", &P::from,
               "folder of a UNet2DModel of diffusers: it says the architecture and the first weights; empty: none")
        .param("execution", &P::execution,
               "compiled: static plans on vectorised kernels; reference: libtorch, any network; auto: the fastest that "
               "can do it",
               noneq::one_of({"auto", "reference", "compiled"}))
        .param("precision", &P::precision,
               "numbers between the layers of the compiled execution; auto: bf16 where the CPU multiplies it faster",
               noneq::one_of({"auto", "fp32", "bf16"}));
    describe_conditions(d, "fields [k, …] on any grid, which are brought to that of the sample, and vectors [k]");
  }

 private:
  architecture own(const noneq::network_signature& s) const;
};

}
