// The lines of `noneq doctor`: facts of this machine and installation, and things that are slow or broken, with the
// reason.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace noneq::app {

struct fact {
  std::string topic, name;
  nlohmann::ordered_json value;  // a text, number, boolean or list
};

class facts {
 public:
  void add(std::string topic, std::string name, nlohmann::ordered_json value) {
    found_.push_back({std::move(topic), std::move(name), std::move(value)});
  }
  void add(const facts& others);
  void slow(std::string sentence) { slow_.push_back(std::move(sentence)); }
  void broken(std::string sentence) { broken_.push_back(std::move(sentence)); }
  bool sound() const { return broken_.empty(); }

  std::string lines() const;               // one fact a line: "cpu  avx512_bf16  yes"
  nlohmann::ordered_json to_json() const;  // {"facts": {topic: {name: value}}, "slow": […], "broken": […]}

 private:
  std::vector<fact> found_;
  std::vector<std::string> slow_, broken_;
};

}
