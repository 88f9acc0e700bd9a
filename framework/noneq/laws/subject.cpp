#include "noneq/laws/detail/subject.hpp"

#include <dlfcn.h>

#include "noneq/config/parse.hpp"

namespace noneq::laws {
namespace {

namespace fs = std::filesystem;

// The folders where the program searches, and those of the package that this library belongs to: a test is a program
// of its own, with nothing beside it.
std::vector<fs::path> folders() {
  std::vector<fs::path> all = plugin_folders();
  Dl_info here{};
  if (::dladdr(reinterpret_cast<const void*>(&folders), &here) != 0) {
    const fs::path libraries = fs::path(here.dli_fname).parent_path();
    all.push_back(libraries / "noneq" / "plugins");  // installed
    all.push_back(libraries / ".." / "plugins");     // in a build folder
  }
  return all;
}

std::string role_of(const std::string& plugin) {
  const auto dot = plugin.find('.');
  if (dot == plugin.npos || dot == 0 || dot + 1 == plugin.size())
    throw error("got the plugin '" + plugin + "', need <role>.<name>, as schedule.cosine");
  return plugin.substr(0, dot);
}

config::value parsed(const std::string& text) {
  config::value v = config::parse_text(text, "parameters");
  if (!v.is_map()) throw error("got " + v.kind_name() + ", need a map of parameters, as {power: 3}", "parameters");
  return v;
}

instance instance_from(registry& plugins, std::string_view role, const config::value& v) {
  config::problems found;
  instance made = instantiate(role, v, {plugins, found, std::string(role)});
  found.raise();
  return made;
}

}

subject::subject(const std::string& plugin, const std::string& parameters)
    : plugins_(folders()), name_(plugin), parameters_(parsed(parameters)) {
  const std::string role = role_of(plugin);
  parameters_.set("plugin", config::value::scalar(plugin.substr(role.size() + 1)));
  made_ = instance_from(plugins_, role, parameters_);
}

std::shared_ptr<object> subject::another(const std::map<std::string, std::string>& changes) const {
  config::value v = parameters_;
  for (const auto& [name, text] : changes) v.set(name, config::parse_text(text, "parameters"));
  return instance_from(plugins_, entry().role, v).made;
}

instance subject::restored() const { return instance_from(plugins_, entry().role, render(made_)); }

instance subject::instance_of(std::string_view role, const std::string& yaml) const {
  return instance_from(plugins_, role, config::parse_text(yaml, std::string(role)));
}

}
