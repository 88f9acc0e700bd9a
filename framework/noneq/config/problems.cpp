#include "noneq/config/problems.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace noneq::config {

void problems::add(const error& e) { keep(e, {}, {}); }

void problems::keep(const error& e, const place& where, const std::string& subject) {
  const auto* many = dynamic_cast<const input_error*>(&e);
  if (!many) {
    found_.push_back(e.at(where, subject));
    return;
  }
  for (const error& each : many->problems()) keep(each, where, subject);
}

void problems::raise() const {
  if (found_.empty()) return;
  std::vector<error> sorted;
  std::set<std::string> seen;
  for (const error& e : found_)
    if (seen.insert(e.what()).second) sorted.push_back(e);
  std::stable_sort(sorted.begin(), sorted.end(), [](const error& a, const error& b) {
    // Pipelines that extend one another have problems in several files.
    const auto key = [](const place& at) {
      return std::tuple(at.line == 0 ? std::string() : at.file, at.line, at.col);
    };
    return key(a.where()) < key(b.where());
  });
  throw input_error(std::move(sorted));
}

}
