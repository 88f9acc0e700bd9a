#include "noneq/plugin/description.hpp"

namespace noneq {

const parameter* plugin_entry::find(std::string_view key) const {
  const auto it = std::find_if(parameters.begin(), parameters.end(), [&](const parameter& p) { return p.name == key; });
  return it == parameters.end() ? nullptr : &*it;
}

const former_key* plugin_entry::find_former(std::string_view key) const {
  const auto it =
      std::find_if(former_keys.begin(), former_keys.end(), [&](const former_key& k) { return k.name == key; });
  return it == former_keys.end() ? nullptr : &*it;
}

}
