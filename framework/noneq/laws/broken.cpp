#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/core/any_exception.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/subject.hpp"
#include "noneq/plugin/roles/model_transform.hpp"
#include "noneq/plugin/roles/sample_transform.hpp"
#include "noneq/testing.hpp"

namespace noneq::laws {
namespace {

const std::map<std::string, law_list (*)()>& by_role() {
  static const std::map<std::string, law_list (*)()> all{{"feature", of_feature},
                                                         {"grid", of_grid},
                                                         {"guide", of_guide},
                                                         {"kernel", of_kernel},
                                                         {"loader", of_loader},
                                                         {"loss", of_loss},
                                                         {"mean", of_mean},
                                                         {"metric", of_metric},
                                                         {"model", of_model},
                                                         {"model_transform", of_model_transform},
                                                         {"noiser", of_noiser},
                                                         {"sample_transform", of_sample_transform},
                                                         {"sampler", of_sampler},
                                                         {"schedule", of_schedule},
                                                         {"time_sampler", of_time_sampler},
                                                         {"trainer", of_trainer},
                                                         {"transform", of_transform},
                                                         {"variance", of_variance},
                                                         {"weighting", of_weighting},
                                                         {"writer", of_writer}};
  return all;
}

law_list laws_of(const std::string& role) {
  const auto found = by_role().find(role);
  if (found == by_role().end()) {
    const std::vector<std::string> known = roles();
    throw error(
        fmt::format("got the role '{}', need one of {}{}", role, fmt::join(known, ", "), did_you_mean(role, known)));
  }
  law_list all = of_any_plugin();
  for (const law& l : found->second()) all.push_back(l);
  return all;
}

// Three kinds of node share the role transform.
std::string kind_of(const subject& s) {
  if (s.as<model_transform>()) return "model_transform";
  if (s.as<sample_transform>()) return "sample_transform";
  return s.entry().role;
}

}

sentences broken(const std::string& plugin, const std::string& parameters) {
  const subject s(plugin, parameters);
  sentences all;
  for (const law& l : laws_of(kind_of(s))) {
    const auto breaks = [&](const std::string& how) {
      all.push_back(fmt::format("{} breaks the law '{}': {}", s.name(), l.sentence, how));
    };
    try {
      l.check(s);
    } catch (const error& e) {
      breaks(e.what());
    } catch (...) {
      breaks("got an exception, " + text_of(std::current_exception()));
    }
  }
  return all;
}

std::vector<std::string> roles() {
  std::vector<std::string> known;
  for (const auto& [name, of] : by_role()) known.push_back(name);
  return known;
}

std::vector<std::string> of_role(const std::string& role) {
  std::vector<std::string> sentences;
  for (const law& l : laws_of(role)) sentences.emplace_back(l.sentence);
  return sentences;
}

std::shared_ptr<object> made(std::string_view role, const std::string& plugin, const std::string& parameters) {
  const subject s(plugin, parameters);
  if (s.entry().role != role) throw error(fmt::format("got {}, need a {} plugin", plugin, role));
  return s.made().made;
}

}
