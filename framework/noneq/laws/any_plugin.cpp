// Laws of the table by which every plugin describes itself, and of its state.
#include <fmt/format.h>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/state.hpp"
#include "noneq/laws/detail/subject.hpp"

namespace noneq::laws {
namespace any_plugin_laws {

void is_described(const subject& s) {
  const plugin_entry& e = s.entry();
  need(!e.doc.empty(), "doc", "no text", "a sentence, by d.doc()");
  for (const parameter& p : e.parameters)
    need(!p.doc.empty(), "the parameter '" + p.name + "'", "no description", "one, as the text of d.param()");
  for (const auto& tensors : {e.reads, e.writes})
    for (const named_tensor_doc& t : tensors)
      need(!t.doc.empty(), "the tensor '" + t.name + "'", "no description", "its shape, type and meaning");
}

bool is_word(const std::string& name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == name.npos;
}

void has_words(const subject& s) {
  const std::string wanted = "small letters, digits and _, as YAML keys are written here";
  need(is_word(s.entry().name), "the plugin's name", "'" + s.entry().name + "'", wanted);
  for (const parameter& p : s.entry().parameters) need(is_word(p.name), "a parameter", "'" + p.name + "'", wanted);
}

void is_stored(const subject& s) {
  const config::value first = render(s.made()), again = render(s.restored());
  for (const auto& [name, v] : first.entries()) {
    const config::value* other = again.find(name);
    need(other != nullptr && *other == v, "the parameter '" + name + "' of the stored pipeline",
         other == nullptr ? "nothing" : other->brief(), v.brief());
  }
}

void has_state(const subject& s) {
  const auto first = s.another(), second = s.another();
  const saved_state all = state_of(*first);
  for (const auto& [name, t] : state_of(*first)) {
    need(all.count(name) == 1, "state()", "the name '" + name + "' at the second call only", "equal names at each");
    need_equal("state '" + name + "', visited twice", t, all.at(name));
  }
  restore(*second, all);
  for (const auto& [name, t] : state_of(*second)) need_equal("state '" + name + "', restored", t, all.at(name));
}

}

law_list of_any_plugin() {
  using namespace any_plugin_laws;
  return {
      {"The plugin, its parameters and its tensors are described.", is_described},
      {"Names are words of small letters, digits and _.", has_words},
      {"The parameters as they are stored make an equal plugin.", is_stored},
      {"state() visits equal names each time, and takes what it visited.", has_state},
  };
}

}
