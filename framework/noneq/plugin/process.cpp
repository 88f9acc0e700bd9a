#include "noneq/plugin/process.hpp"

#include "noneq/diffusion/respace.hpp"

namespace noneq {

process process::refreshed() const {
  process p = *this;
  p.tables = make_tables(schedule->beta());
  return p;
}

process process::respaced(const std::vector<std::int64_t>& indices) const {
  process p = *this;
  p.tables = make_tables(respaced_beta(tables, indices));
  p.kept = indices;
  if (kept.empty())
    p.trained = tables;
  else  // respaced before: the network knows original steps only
    for (std::int64_t& i : p.kept) i = kept[static_cast<std::size_t>(i)];
  return p;
}

Tensor process::log_snr(const Tensor& index) const {
  return tables.snr.detach().index_select(0, index).clamp_min(1e-12).log().to(at::kFloat);
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
  return {mean->location(z, here), here.log_variance};
}

}
