#include "noneq/app/facts.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace noneq::app {

namespace {

std::string value_text(const nlohmann::ordered_json& v) {
  if (v.is_boolean()) return v.get<bool>() ? "yes" : "no";
  if (v.is_string()) return v.get<std::string>();
  if (!v.is_array()) return v.dump();
  std::vector<std::string> all;
  for (const auto& item : v) all.push_back(value_text(item));
  return all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", "));
}

}

void facts::add(const facts& others) {
  found_.insert(found_.end(), others.found_.begin(), others.found_.end());
  slow_.insert(slow_.end(), others.slow_.begin(), others.slow_.end());
  broken_.insert(broken_.end(), others.broken_.begin(), others.broken_.end());
}

std::string facts::lines() const {
  std::size_t topic = 9, name = 0;
  for (const fact& f : found_) topic = std::max(topic, f.topic.size()), name = std::max(name, f.name.size());
  std::string text;
  for (const fact& f : found_)
    text += fmt::format("{:<{}}  {:<{}}  {}\n", f.topic, topic, f.name, name, value_text(f.value));
  for (const std::string& s : slow_) text += fmt::format("{:<{}}  {}\n", "slow", topic, s);
  for (const std::string& s : broken_) text += fmt::format("{:<{}}  {}\n", "broken", topic, s);
  return text;
}

nlohmann::ordered_json facts::to_json() const {
  nlohmann::ordered_json by_topic = nlohmann::ordered_json::object();
  for (const fact& f : found_) by_topic[f.topic][f.name] = f.value;
  return {{"facts", by_topic}, {"slow", slow_}, {"broken", broken_}};
}

}
