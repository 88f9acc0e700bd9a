// Tests of the plugins that were built outside the tree, as their authors write them.
#include <iostream>

#include "noneq/testing.hpp"

int main() {
  bool good = true;
  for (const char* plugin : {"schedule.polynomial", "schedule.exponential", "schedule.half", "weighting.half"})
    for (const std::string& sentence : noneq::laws::broken(plugin)) {
      std::cout << sentence << "\n";
      good = false;
    }
  return good ? 0 : 1;
}
