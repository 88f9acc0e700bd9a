// Laws of roles/sampler.hpp.
#include "noneq/plugin/roles/sampler.hpp"

#include <fmt/format.h>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/formula.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/settings.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace sampler_laws {

constexpr std::int64_t all_rows = 8;

sampling_request request(const subject& s, const process& p, std::int64_t first, std::int64_t count) {
  const Tensor like = data_of(*p.kernel, all_rows, at::kFloat);
  sampling_request r{first, count, like.sizes().slice(1).vec(), stream(97), {}, {}};
  r.rows = {0, first, {}};
  for (const std::string& name : s.as<sampler>()->reads()) r.rows.set(name, like.slice(0, first, first + count));
  return r;
}

// The processes of whole steps and of continuous time that the sampler accepts.
std::vector<setting> accepted(const subject& s) {
  std::vector<setting> all;
  std::string refusal;
  for (const setting& each :
       settings(s, {.schedules = {"{plugin: log_snr, steps: 12}", "{plugin: log_snr, steps: continuous}"}})) {
    try {
      s.as<sampler>()->kept_steps(each.process);
      s.as<sampler>()->check_request(each.process, request(s, each.process, 0, all_rows));
      all.push_back(each);
    } catch (const error& e) {
      refusal = e.what();
    }
  }
  if (all.empty()) throw error("the sampler refuses every process: " + refusal);
  return all;
}

// Fewer steps where the schedule has many.
std::shared_ptr<sampler> sampler_for(const subject& s, const process& p) {
  auto own = s.as<sampler>();
  if (own->steps > 0 || !p.tables.continuous()) return own;
  try {
    auto quick = s.again<sampler>({{"steps", "10"}});
    quick->kept_steps(p);
    return quick;
  } catch (const error&) {
    return own;
  }
}

void draws_samples(const subject& s) {
  in_each(accepted(s), [&](const process& p) {
    const auto d = plain_denoiser(p);
    sampling_request r = request(s, p, 0, all_rows);
    const Tensor drawn = sampler_for(s, p)->sample(d, r);
    check_returned_samples(s.name(), "samples", drawn, all_rows, r.shape, at::kFloat);
    need_finite(s.name(), "samples", drawn);
    r.start = p.kernel->sample(p.kernel->stationary(data_of(*p.kernel, all_rows, at::kDouble)),
                               p.kernel->noise(drawn.sizes().vec(), stream(2), 0).to(at::kDouble));
    check_returned_samples(s.name(), "samples from a float64 start", sampler_for(s, p)->sample(d, r), all_rows, r.shape,
                           at::kDouble);
  });
}

void works_by_sample(const subject& s) {
  in_each(accepted(s), [&](const process& p) {
    const auto d = plain_denoiser(p);
    const auto plugin = sampler_for(s, p);
    const Tensor all = plugin->sample(d, request(s, p, 0, all_rows));
    for (const auto& [first, count] : {std::pair<std::int64_t, std::int64_t>{0, 1}, {3, 4}})
      need_close(fmt::format("{} samples from number {} on, as a chunk of their own", count, first),
                 plugin->sample(d, request(s, p, first, count)), all.slice(0, first, first + count), 1e-4, 1e-4);
  });
}

void is_repeatable(const subject& s) {
  in_each(accepted(s), [&](const process& p) {
    const auto d = plain_denoiser(p);
    const auto plugin = sampler_for(s, p);
    const sampling_request r = request(s, p, 0, all_rows);
    const Tensor first = plugin->sample(d, r);
    for (const Tensor& again : at_once(threads_at_once, [&](std::size_t) { return plugin->sample(d, r); }))
      need_equal("samples of an equal request, from several threads at once", again, first);
  });
}

void shows_way(const subject& s) {
  in_each(accepted(s), [&](const process& p) {
    sampling_request r = request(s, p, 0, all_rows);
    std::vector<std::int64_t> times;
    Tensor last;
    r.visit = [&](std::int64_t t, const Tensor& x) {
      times.push_back(t);
      last = x.clone();
    };
    const Tensor drawn = sampler_for(s, p)->sample(plain_denoiser(p), r);
    need(times.size() >= 2 && times.back() == 0, "the last t that visit() is called with",
         times.empty() ? "none" : std::to_string(times.back()), "0");
    need(std::adjacent_find(times.begin(), times.end(), std::less_equal<>()) == times.end(),
         "the t that visit() is called with", "one that is not below the last", "t from above to 0");
    need_equal("the last state that visit() is called with", last, drawn);
  });
}

// The denoiser of ε is exact for data N(0, I).
void draws_from_data(const subject& s) {
  if (!s.as<sampler>()->reads().empty()) return;
  for (const setting& each : settings(s, {.schedules = {"{plugin: log_snr, steps: 100}"}, .means = {"epsilon"}})) {
    const process& p = each.process;
    constexpr std::int64_t many = 400;
    sampling_request r = request(s, p, 0, all_rows);
    r.count = many;
    const Tensor x = s.as<sampler>()->sample(plain_denoiser(p), r).to(at::kDouble).flatten();
    // Steps of finite length miss the variance by a few percent.
    need_mean("the mean of samples of N(0, 1)", x, 0, 5, 0.02);
    need_mean("the mean square of samples of N(0, 1)", x.square(), 1, 5, 0.08);
  }
}

bool has_gaussian_states(const subject& s) {
  const auto& spaces = s.entry().spaces;
  return spaces.empty() || std::find(spaces.begin(), spaces.end(), "gaussian") != spaces.end();
}

}

law_list of_sampler() {
  using namespace sampler_laws;
  return {
      {"sample() returns finite x⁰ [count, …] of the type of x^T.", draws_samples},
      {"A sample depends on the seed and its own index alone, never on its chunk.", works_by_sample},
      {"Equal requests give equal samples, also from several threads at once.", is_repeatable},
      {"visit() is called with falling t, at the end with t = 0 and the samples.", shows_way},
      {"With the exact denoiser of N(0, I) samples have its mean and variance.",
       [](const subject& s) {
         if (has_gaussian_states(s)) draws_from_data(s);
       }},
  };
}

}
