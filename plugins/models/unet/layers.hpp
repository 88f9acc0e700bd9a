// The layers of a U-Net (Ho et al. 2020, appendix B; Nichol & Dhariwal 2021), under the names that UNet2DModel of
// diffusers gives its weights (those of its versions from 0.17 on).
#pragma once

#include "architecture.hpp"

namespace shipped::unet {

// For samples of in_channels × `space` ([length] or [height, width]); any size: going down rounds up, going up meets
// the size of the skip. Pure function. Throws as check() and check_padding().
noneq::compute::network_layers layers(const architecture& a, const noneq::sizes& space);

}
