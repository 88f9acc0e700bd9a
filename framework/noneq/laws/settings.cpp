#include "noneq/laws/detail/settings.hpp"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/core/any_exception.hpp"

namespace noneq::laws {
namespace {

// The names of a role's plugins, those of the package that serve best first.
std::vector<std::string> candidates(const subject& s, std::string_view role, std::vector<std::string> first) {
  for (const std::string& name : s.plugins().names(role))
    if (std::find(first.begin(), first.end(), name) == first.end()) first.push_back(name);
  return first;
}

bool fits(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return a.empty() || b.empty() || std::find_first_of(a.begin(), a.end(), b.begin(), b.end()) != a.end();
}

// A plugin that cannot be made without parameters is no candidate.
instance made_or_none(const subject& s, std::string_view role, const std::string& yaml) {
  try {
    return s.instance_of(role, yaml);
  } catch (const error&) {
    return {};
  }
}

template <class Role>
std::shared_ptr<const Role> part_of(const instance& i) {
  return std::dynamic_pointer_cast<const Role>(i.made);
}

// One kernel for each space in which the plugin works.
std::vector<instance> kernels_for(const subject& s) {
  if (s.as<kernel>()) return {s.made()};
  std::vector<instance> chosen;
  std::set<std::string> spaces;
  for (const std::string& name : candidates(s, "kernel", {"gaussian", "binomial", "uniform"})) {
    const instance k = made_or_none(s, "kernel", name);
    if (!k.made || !fits(s.entry().spaces, k.entry->spaces)) continue;
    if (spaces.insert(fmt::format("{}", fmt::join(k.entry->spaces, " "))).second) chosen.push_back(k);
  }
  return chosen;
}

std::vector<instance> schedules_for(const subject& s, const std::vector<std::string>& yamls) {
  if (s.as<schedule>()) return {s.made()};
  std::vector<instance> all;
  for (const std::string& yaml : yamls) all.push_back(s.instance_of("schedule", yaml));
  return all;
}

std::vector<instance> variances_for(const subject& s, const kernel& k, const std::vector<std::string>& names) {
  if (!k.has_variance()) return {instance{}};
  if (s.as<variance>()) return {s.made()};
  std::vector<instance> all;
  for (const std::string& name : names) all.push_back(s.instance_of("variance", name));
  return all;
}

bool has_meaning(const mean& m, const tables& t) {
  try {
    m.check_tables(t);
    return true;
  } catch (const error&) {
    return false;
  }
}

std::vector<instance> means_for(const subject& s, const instance& k, const tables& t, std::vector<std::string> names) {
  if (s.as<mean>()) {
    if (!has_meaning(*s.as<mean>(), t)) return {};
    return {s.made()};
  }
  const bool all_of_them = !names.empty();
  if (!all_of_them) names = candidates(s, "mean", {"epsilon", "x0", "category"});
  std::vector<instance> found;
  for (const std::string& name : names) {
    const instance m = made_or_none(s, "mean", name);
    if (!m.made || !fits(m.entry->spaces, k.entry->spaces) || !has_meaning(*part_of<mean>(m), t)) continue;
    found.push_back(m);
    if (!all_of_them) break;
  }
  return found;
}

std::string text_of_parts(const instance& k, const process& p, const instance& schedule, const instance& mean,
                          const instance& variance) {
  return fmt::format("kernel {}, schedule {} of {}, mean {}{}", k.entry->name, schedule.entry->name,
                     p.tables.continuous() ? "continuous time" : fmt::format("{} steps", p.steps()), mean.entry->name,
                     variance.made ? ", variance " + variance.entry->name : "");
}

// x⁰ of the three spaces that data comes in, each of which holds the next; a kernel of a space of its own has to take
// one of them.
Tensor some_rows(std::size_t space, std::int64_t n) {
  const stream s = stream(3).fork(static_cast<std::int64_t>(space));
  if (space == 0) return s.normal({n, 2, 3});
  if (space == 1) return s.uniform({n, 2, 3}).lt(0.5);
  const Tensor category = (s.uniform({n, 1, 2}) * 3).to(at::kLong);
  return at::zeros({n, 3, 2}).scatter_(1, category, 1);
}

}

setting_choice twelve_steps() {
  setting_choice c;
  c.schedules = {"{plugin: log_snr, steps: 12}"};
  return c;
}

setting_choice thousand_steps() {
  setting_choice c;
  c.schedules = {"{plugin: log_snr, steps: 1000}"};
  return c;
}

std::vector<setting> settings(const subject& s, const setting_choice& choice) {
  std::vector<setting> all;
  for (const instance& k : kernels_for(s))
    for (const instance& schedule : schedules_for(s, choice.schedules))
      for (const instance& variance : variances_for(s, *part_of<kernel>(k), choice.variances)) {
        process p;
        p.kernel = part_of<kernel>(k);
        p.schedule = part_of<noneq::schedule>(schedule);
        p.variance = part_of<noneq::variance>(variance);
        {
          at::NoGradGuard values_only;
          p = p.refreshed();
        }
        for (const instance& mean : means_for(s, k, p.tables, choice.means)) {
          p.mean = part_of<noneq::mean>(mean);
          all.push_back({p, text_of_parts(k, p, schedule, mean, variance)});
        }
      }
  if (all.empty())
    throw error(fmt::format("no process can be made for {}, which works in {} space", s.name(),
                            s.entry().spaces.empty() ? "any" : fmt::format("{}", fmt::join(s.entry().spaces, " or "))));
  return all;
}

Tensor data_of(const kernel& k, std::int64_t n, at::ScalarType type) {
  constexpr std::size_t spaces = 3;
  for (std::size_t space = 0; space < spaces; ++space) {
    const Tensor x0 = some_rows(space, n).to(type);
    try {
      k.check_data(x0);
      return x0;
    } catch (const error&) {
    }
  }
  throw error("the kernel takes neither numbers, nor bits, nor one-hot categories");
}

Tensor times_of(const process& p) {
  constexpr std::int64_t most = 13;
  const std::int64_t n = std::min(p.steps(), most);
  const Tensor even = at::linspace(0, static_cast<double>(p.steps() - 1), n, at::kDouble);
  return p.tables.continuous() ? even : even.round().to(at::kLong);
}

noised noised_states(const process& p, std::int64_t rows_a_time, at::ScalarType type) {
  noised n;
  n.index = times_of(p).repeat_interleave(rows_a_time);
  n.x0 = data_of(*p.kernel, n.index.size(0), type);
  n.noise = p.kernel->noise(n.x0.sizes().vec(), stream(5), 0).to(type);
  n.c = coefficients_at(p.tables, n.index, n.x0);
  n.xt = p.kernel->jump(n.x0, n.c, n.noise);
  return n;
}

void in_each(const std::vector<setting>& all, const std::function<void(const process&)>& f) {
  for (const setting& s : all) {
    try {
      f(s.process);
    } catch (...) {
      throw error(fmt::format("{} (with {})", text_of(std::current_exception()), s.text));
    }
  }
}

}
