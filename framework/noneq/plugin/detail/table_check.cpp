#include "noneq/plugin/detail/table_check.hpp"

#include <cctype>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace noneq {
namespace {

// Keys of a node that are the pipeline's own. A part has only the first, but one rule is easier to keep in mind.
const std::vector<std::string> kept_keys{"plugin", "in", "as", "of", "every", "at"};

bool can_be_a_key(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
}

bool allowed(const config::value& v, const limits& l) {
  if (v.is_list())
    return std::all_of(v.items().begin(), v.items().end(), [&](const config::value& i) { return allowed(i, l); });
  if (!l.choices.empty()) return std::find(l.choices.begin(), l.choices.end(), v.text()) != l.choices.end();
  if (v.is_text() || !v.is_scalar()) return true;  // no text has a range, but for its choices
  if (v.text() == "true" || v.text() == "false") return true;
  const double x = config::read_double(v, config::infinity::allowed);
  return !(x < l.low || x > l.high || (l.low_open && x == l.low) || (l.high_open && x == l.high));
}

std::string problem_of(const parameter& p) {
  if (!can_be_a_key(p.name))
    return fmt::format("got the parameter '{}', need a name of letters, digits, _ and -", p.name);
  if (std::find(kept_keys.begin(), kept_keys.end(), p.name) != kept_keys.end())
    return fmt::format("got the parameter '{}', need another name: {} are keys of the pipeline itself", p.name,
                       fmt::join(kept_keys, ", "));
  if (p.allowed.low > p.allowed.high)
    return fmt::format("got the parameter '{}' with {}, need a range that holds a value", p.name, p.allowed.text());
  if (!p.initial.is_null() && !allowed(p.initial, p.allowed))
    return fmt::format("got the parameter '{}' whose default is {}, need {}", p.name, p.initial.brief(),
                       p.allowed.text());
  return "";
}

}

void check_table(const plugin_entry& e) {
  std::vector<std::string> wrong;
  std::set<std::string> seen, twice;
  for (const parameter& p : e.parameters) {
    if (!seen.insert(p.name).second && twice.insert(p.name).second)
      wrong.push_back(
          fmt::format("got the parameter '{}' twice, need each once (a role declares some itself)", p.name));
    if (std::string problem = problem_of(p); !problem.empty()) wrong.push_back(std::move(problem));
  }
  for (const former_key& k : e.former_keys)
    if (e.find(k.name) != nullptr || (e.find(k.now) == nullptr && k.advice.empty()))
      wrong.push_back(fmt::format("got '{}' renamed to '{}', need a key that is free now and one that is a parameter",
                                  k.name, k.now));
  if (!wrong.empty()) throw error(fmt::format("its describe() is wrong: {}", fmt::join(wrong, "; ")));
}

}
