#include <cmath>

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "noneq/config/emit.hpp"
#include "noneq/plugin/parameter.hpp"

namespace noneq {
namespace {

template <class T>
void check_limits(const T& x, const limits& l) {
  if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::int64_t>) {
    // A number without a limit of its own has this one, so that no sum or product of two counts overflows.
    constexpr double most = 1e12;
    const double at = static_cast<double>(x);
    if constexpr (std::is_same_v<T, std::int64_t>)
      if ((at > most && std::isinf(l.high)) || (at < -most && std::isinf(l.low)))
        throw error(
            fmt::format("got {}, need a value of at {} {:.0f}", x, at > 0 ? "most" : "least", at > 0 ? most : -most));
    if (at < l.low || at > l.high || (l.low_open && at == l.low) || (l.high_open && at == l.high))
      throw error(fmt::format("got {}, need {}", nlohmann::json(x).dump(), l.text()));
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!l.choices.empty() && std::find(l.choices.begin(), l.choices.end(), x) == l.choices.end())
      throw error(fmt::format("got '{}', need {}{}", x, l.text(), did_you_mean(x, l.choices)));
  }
}

void check_limits(const step_count& steps, const limits& l) { check_limits(steps.T, l); }
void check_limits(const shard_count& shards, const limits& l) { check_limits(shards.number, l); }

void check_limits(const std::map<std::string, std::string>& texts, const limits& l) {
  for (const auto& [_, text] : texts) check_limits(text, l);
}

template <class T>
void check_limits(const std::vector<T>& list, const limits& l) {
  for (const T& item : list) check_limits(item, l);
}

// A path that may be left out is '' in a resolved pipeline.
template <class T>
bool left_out(const T& member, const config::value& given, const limits& allowed) {
  if constexpr (std::is_same_v<T, std::filesystem::path>)
    return !allowed.required && member.empty() && given.is_scalar() && given.text().empty();
  else
    return false;
}

}

template <class T>
config::value written(const T& member) {
  if constexpr (std::is_same_v<T, std::filesystem::path>)
    return config::from_json(member.string());
  else if constexpr (std::is_same_v<T, start_point>)
    return written_as(member);
  else if constexpr (std::is_same_v<T, std::vector<std::filesystem::path>>)
    return config::from_json(std::vector<std::string>(member.begin(), member.end()));
  else if constexpr (std::is_same_v<T, std::map<std::string, std::string>>)
    return member.size() == 1 && member.begin()->first.empty() ? written(member.begin()->second)
                                                               : config::from_json(member);
  else if constexpr (std::is_same_v<T, step_count>)
    return member.continuous ? config::value::scalar("continuous") : written(member.T);
  else if constexpr (std::is_same_v<T, shard_count>)
    return member.automatic ? config::value::scalar("auto") : written(member.number);
  else
    return config::from_json(member);
}

template <class T>
void assign_value(T& member, const config::value& given, const limits& allowed, const reading& r) {
  r.found.guard(
      [&] {
        if (left_out(member, given, allowed)) return;
        T said = config::read<T>(given);
        check_limits(said, allowed);
        member = std::move(said);
      },
      given.where(), r.subject);
}

#define NONEQ_PARAMETER(...)                          \
  template config::value written(const __VA_ARGS__&); \
  template void assign_value(__VA_ARGS__&, const config::value&, const limits&, const reading&)
NONEQ_PARAMETER(bool);
NONEQ_PARAMETER(std::int64_t);
NONEQ_PARAMETER(step_count);
NONEQ_PARAMETER(shard_count);
NONEQ_PARAMETER(start_point);
NONEQ_PARAMETER(double);
NONEQ_PARAMETER(std::string);
NONEQ_PARAMETER(std::filesystem::path);
NONEQ_PARAMETER(std::vector<std::int64_t>);
NONEQ_PARAMETER(std::vector<double>);
NONEQ_PARAMETER(std::vector<std::string>);
NONEQ_PARAMETER(std::vector<std::filesystem::path>);
NONEQ_PARAMETER(std::map<std::string, std::string>);
#undef NONEQ_PARAMETER

}
