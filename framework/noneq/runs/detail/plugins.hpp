// The plugins of this process, which all runs share: their libraries stay loaded in any case.
#pragma once

#include <functional>

#include "noneq/plugin/registry.hpp"

namespace noneq::runs {

// Calls f with them, on a thread of its own, one call at a time in the process, and rethrows its exception. libtorch's
// generator, from which first weights are drawn, is afterwards as it was. Thread-safe. Throws noneq::error when no
// plugin is installed.
void with_plugins(const std::function<void(registry&)>& f);

}
