// A metric that compares samples with their truth, run by itself on tensors in memory.
#pragma once

#include "measuring.hpp"
#include "noneq/plugin/returned.hpp"

namespace testing {

// Returns the results of a verification of samples [n, K, …] or [n, …] against truth [n, …], passed in chunks.
inline found verify(const std::string& yaml, const Tensor& samples, const Tensor& truth, const Tensor& mask = {},
                    std::int64_t chunk = 100) {
  const noneq::instance made = make_instance("metric", yaml);
  const auto metric =
      std::dynamic_pointer_cast<noneq::verification>(std::static_pointer_cast<noneq::metric>(made.made));
  noneq::dataset_info info;
  info.shape = truth.sizes().slice(1).vec();
  metric->check();
  metric->check_data(info);
  const auto sink = metric->compare({info, noneq::stream(21), "test"});
  for (std::int64_t k = 0; k * chunk < samples.size(0); ++k) {
    const auto rows = [&](const Tensor& t) { return t.slice(0, k * chunk, (k + 1) * chunk); };
    noneq::batch b{k, k * chunk, {{"samples", rows(samples)}, {"truth", rows(truth)}}};
    if (mask.defined()) b.set("mask", rows(mask));
    sink->add(sink->map(b));
  }
  const noneq::outcome o = sink->finish();
  noneq::check_returned_records(made.entry->full_name(), o.records);
  noneq::check_returned_arrays(made.entry->full_name(), o.arrays, made.entry->writes, info.shape, 0);
  return {o.records, o.arrays};
}

inline Tensor gaussian(std::uint64_t seed, const noneq::sizes& shape) {
  return noneq::stream(seed).normal(shape).to(at::kDouble);
}

// Whether a record is `expected`, give or take four of its standard errors.
inline bool is_near(const noneq::measured& m, double expected) {
  return std::abs(m.value - expected) <= 4 * m.standard_error + 1e-12;
}

}
