// A law: a sentence about every plugin of a role, and the function that tries it. Values.
#pragma once

#include <string>
#include <vector>

namespace noneq::laws {

class subject;

struct law {
  const char* sentence;
  // Throws noneq::error "…: got X, need Y" when the plugin breaks the law; any other exception breaks it too. Returns
  // where the law has no meaning for this plugin.
  void (*check)(const subject&);
};
using law_list = std::vector<law>;

}
