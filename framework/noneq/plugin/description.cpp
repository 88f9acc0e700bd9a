#include "noneq/plugin/description.hpp"

namespace noneq {

const parameter* plugin_entry::find(std::string_view key) const {
  const auto it = std::find_if(parameters.begin(), parameters.end(), [&](const parameter& p) { return p.name == key; });
  return it == parameters.end() ? nullptr : &*it;
}

}
