// A loader's source whose every batch is checked before training, metrics and writers receive it. Threads as for any
// source.
#pragma once

#include <memory>
#include <string>

#include "noneq/plugin/roles/loader.hpp"

namespace noneq::flow {

// `by`: the loader's full name. Throws noneq::error when it opened nothing, or its info() is impossible.
std::shared_ptr<source> checked_source(std::shared_ptr<source> opened, std::string by);

}
