#include "noneq/plugin/versions.hpp"

#include <algorithm>

#include <boost/version.hpp>

namespace noneq {

std::string boost_version() {
  std::string text = BOOST_LIB_VERSION;  // 1_74
  std::replace(text.begin(), text.end(), '_', '.');
  return text;
}

}
