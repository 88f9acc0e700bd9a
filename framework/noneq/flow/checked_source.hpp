// A loader's source whose data is looked at on its way out, for whoever asks: training, metrics and writers. Threads as
// for any source.
#pragma once

#include <memory>
#include <string>

#include "noneq/plugin/roles/loader.hpp"

namespace noneq {

// `by`: the loader's full name. Throws noneq::error when it opened nothing, or says of its data what cannot be.
std::shared_ptr<source> checked_source(std::shared_ptr<source> opened, std::string by);

}
