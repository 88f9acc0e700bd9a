#include "noneq/config/versions.hpp"

namespace noneq::config {

std::string yaml_cpp_version() { return NONEQ_YAML_CPP_VERSION; }

}
