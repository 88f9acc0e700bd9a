// The surroundings of a metric that runs by itself: data held in memory, and one thread.
#pragma once

#include "closed_form.hpp"
#include "noneq/laws/detail/data_in_memory.hpp"

namespace testing {

using noneq::Tensor;
using noneq::laws::data_in_memory;
using noneq::laws::pass_over;

struct found {
  std::vector<noneq::measured> records;
  noneq::batch arrays;

  const noneq::measured& at(const std::string& name) const {
    for (const auto& r : records)
      if (r.name == name) return r;
    throw noneq::error("no record is called " + name);
  }
};

inline noneq::measurement measuring(const noneq::denoiser& d, noneq::source& data,
                                    const std::filesystem::path& folder = "", std::uint64_t seed = 21) {
  static const std::vector<noneq::measured> nothing;
  return {d, data.info(), noneq::stream(seed), pass_over(data), nothing, folder};
}

// What a metric of a model finds on the rows that it requests.
inline found measure(const std::string& yaml, const noneq::denoiser& d, noneq::source& data, std::uint64_t seed = 21) {
  const auto metric = make<noneq::metric>(yaml);
  metric->check_data(data.info());
  noneq::measurement m = measuring(d, data, "", seed);
  const noneq::row_request rows = metric->rows(data.info());
  m.part = rows.part;
  const auto sink = metric->open(m);
  m.pass(
      rows, [&](noneq::batch b) { return sink->map(std::move(b)); }, [&](const noneq::batch& b) { sink->add(b); });
  const noneq::outcome o = sink->finish();
  return {o.records, o.arrays};
}

// What a metric of samples finds on `samples`, which come in chunks.
inline found follow(const std::string& yaml, noneq::source& data, const Tensor& samples,
                    const std::filesystem::path& folder = "", std::int64_t chunk = 300) {
  const auto metric = std::dynamic_pointer_cast<noneq::sample_metric>(make<noneq::metric>(yaml));
  static const auto nobody = make_denoiser(make_process("gaussian", "linear", "epsilon", "fixed_small"),
                                           [](const noneq::network_input& in) { return in.x; });
  metric->check_data(data.info());
  metric->check_count(samples.size(0));
  const noneq::measurement m = measuring(nobody, data, folder);
  const auto sink = metric->open(m);
  for (std::int64_t k = 0; k * chunk < samples.size(0); ++k)
    sink->add(sink->map({k, k * chunk, {{"samples", samples.slice(0, k * chunk, (k + 1) * chunk)}}}));
  const noneq::outcome o = sink->finish();
  return {o.records, o.arrays};
}

}
