#include "noneq/plugin/process.hpp"

#include <cmath>

#include "noneq/diffusion/respace.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq {

// Returns the tables of a schedule as it is now. Tables of continuous time keep it alive.
static tables tables_of(const std::shared_ptr<const schedule>& s) {
  if (!s->steps.continuous) {
    const Tensor beta = s->beta();
    check_returned_beta(beta, s->steps);
    return make_tables(beta);
  }
  const auto last = static_cast<double>(s->steps.T - 1);
  const auto log_alpha_bar_at = [s, last](const Tensor& index) {
    const Tensor u = index / last, log_snr = s->log_snr_at(u);
    check_returned_log_snr(log_snr, u);
    return log_alpha_bar(log_snr);
  };
  return make_tables(log_alpha_bar_at, s->steps.T);
}

process process::refreshed() const {
  process p = *this;
  p.tables = tables_of(schedule);
  return p;
}

process process::respaced(const std::vector<std::int64_t>& indices) const {
  process p = *this;
  p.tables = make_tables(respaced_beta(tables, indices));
  p.kept = indices;
  if (kept.empty())
    p.trained = times.defined() ? trained : tables;
  else  // respaced before: the network has the original steps only
    for (std::int64_t& i : p.kept) i = kept[static_cast<std::size_t>(i)];
  return p;
}

process process::with_room_for(std::int64_t steps) const {
  if (!tables.continuous() || steps <= tables.steps()) return *this;
  process p = *this;
  p.times = at::linspace(0, static_cast<double>(tables.steps() - 1), steps, at::kDouble);
  p.trained = tables;
  const double length = static_cast<double>(tables.steps() - 1) / static_cast<double>(steps - 1);
  p.tables = make_tables([f = tables.log_alpha_bar_at, length](const Tensor& i) { return f(i * length); }, steps);
  return p;
}

Tensor process::input(const Tensor& xt, const coefficients& c) const {
  const Tensor x = mean->input(xt, c);
  need_tensor("the mean of the process", "input", x, xt.sizes(), {xt.scalar_type()});
  return x;
}

Tensor process::seen(const Tensor& index) const {
  const Tensor original = kept.empty() ? index : at::tensor(kept, at::kLong).index_select(0, index);
  return times.defined() ? times.index_select(0, original) : original;
}

Tensor process::log_snr(const Tensor& index) const {
  constexpr double least = 1e-12;
  if (index.is_floating_point())
    return noneq::log_snr(tables.log_alpha_bar_at(index).detach()).clamp_min(std::log(least)).to(at::kFloat);
  return tables.snr.detach().index_select(0, index).clamp_min(least).log().to(at::kFloat);
}

process::split_output process::split(const Tensor& output) const {
  const std::int64_t of_mean = mean->outputs(), of_variance = outputs() - of_mean;
  if (of_variance == 0) return {output, {}};
  const std::int64_t width = output.size(1) / outputs();
  return {output.narrow(1, 0, of_mean * width), output.narrow(1, of_mean * width, of_variance * width)};
}

Tensor process::log_variance(const Tensor& raw, const coefficients& c) const {
  return variance ? variance->log_variance(raw, c, steps()) : Tensor{};
}

distribution process::reverse(const Tensor& output, const Tensor& xt, const coefficients& c) const {
  const auto [z, raw] = split(output);
  const reverse_point here{xt, c, *kernel, log_variance(raw, c)};
  distribution p{mean->location(z, here), here.log_variance};
  check_returned_reverse(p, xt);
  return p;
}

}
