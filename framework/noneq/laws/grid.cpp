// Laws of roles/grid.hpp.
#include "noneq/plugin/roles/grid.hpp"

#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/diffusion/schedules.hpp"
#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/subject.hpp"

namespace noneq::laws {
namespace grid_laws {

// Schedules of several lengths: one whose β grows, and one that ends without signal.
std::vector<tables> schedules() {
  return {make_tables(linear(1000, 1e-4, 0.02)), make_tables(reciprocal(1000)), make_tables(reciprocal(40)),
          make_tables(log_snr(7, 1e-3, 2e-3)),   make_tables(reciprocal(2)),    make_tables(reciprocal(4000))};
}

// Returns nothing where the grid has no such choice.
std::optional<std::vector<std::int64_t>> chosen(const grid& g, std::int64_t count, const tables& t) {
  try {
    return g.indices(count, t);
  } catch (const error&) {
    return std::nullopt;
  }
}

void need_choice(const std::vector<std::int64_t>& got, std::int64_t count, std::int64_t T) {
  const std::string what = fmt::format("indices({}) of {} steps", count, T);
  const bool ascending = std::adjacent_find(got.begin(), got.end(), std::greater_equal<>()) == got.end();
  const bool good = static_cast<std::int64_t>(got.size()) == count && ascending && got.front() >= 0 && got.back() < T;
  if (good) return;
  const std::size_t shown = std::min<std::size_t>(got.size(), 12);
  throw error(fmt::format("{}: got {} indices, [{}{}], need {} in ascending order from 0 to {}", what, got.size(),
                          fmt::join(got.begin(), got.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                          shown < got.size() ? ", …" : "", count, T - 1));
}

void chooses(const subject& s) {
  const auto g = s.as<grid>();
  for (const tables& t : schedules()) {
    const std::int64_t T = t.steps();
    for (const std::int64_t count : std::set<std::int64_t>{1, 2, 3, T / 3, T / 2, T - 1, T})
      if (count >= 1 && count <= T)
        if (const auto got = chosen(*g, count, t)) need_choice(*got, count, T);
  }
}

// A grid may refuse its usual count for schedules that are too short for it. Throws noneq::error where all are.
std::vector<tables> usual_schedules(const grid& g) {
  std::vector<tables> all;
  for (tables& t : schedules())
    if (chosen(g, g.usual_count(t.steps()), t)) all.push_back(std::move(t));
  need(!all.empty(), "indices() of usual_count() steps", "a refusal for schedules of every length",
       "a choice for one of them");
  return all;
}

void has_usual_count(const subject& s) {
  const auto g = s.as<grid>();
  for (const tables& t : usual_schedules(*g)) {
    const std::int64_t T = t.steps(), count = g->usual_count(T);
    need(count >= 1 && count <= T, fmt::format("usual_count({})", T), std::to_string(count),
         fmt::format("a number from 1 to {}", T));
    need_choice(g->indices(count, t), count, T);
  }
}

void is_repeatable(const subject& s) {
  const auto g = s.as<grid>(), other = s.again<grid>();
  const tables t = usual_schedules(*g).front();
  const std::int64_t count = g->usual_count(t.steps());
  const auto first = g->indices(count, t);
  for (const auto& again : at_once(threads_at_once, [&](std::size_t) { return other->indices(count, t); }))
    need(again == first, "the indices of an equal grid, from several threads at once", "others", "equal ones");
}

}

law_list of_grid() {
  using namespace grid_laws;
  return {
      {"indices() returns as many different indices as requested, ascending, from 0 to T − 1.", chooses},
      {"usual_count() is a count that indices() has, from 1 to T.", has_usual_count},
      {"A choice is a function of parameters, count and schedule, and may be made by several threads at once.",
       is_repeatable},
  };
}

}
