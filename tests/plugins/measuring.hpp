// The surroundings of a metric that runs by itself: data held in memory, and one thread.
#pragma once

#include "closed_form.hpp"

namespace testing {

using noneq::Tensor;

// Rows in x⁰ units by the name of their part.
struct data_in_memory : noneq::source {
  std::map<std::string, Tensor> rows;
  noneq::dataset_info known;

  explicit data_in_memory(std::map<std::string, Tensor> parts, std::string identity = "") : rows(std::move(parts)) {
    for (const auto& [name, x] : rows) known.parts[name] = x.size(0);
    known.shape = rows.begin()->second.sizes().slice(1).vec();
    known.count = known.parts.count("train") ? known.parts.at("train") : 0;
    known.measured = known.parts.at(noneq::measured_part(known));
    known.identity = std::move(identity);
  }
  const noneq::dataset_info& info() const override { return known; }
  noneq::batch fetch(std::int64_t, const noneq::stream&) override { throw noneq::error("nobody trains here"); }
  noneq::batch fetch_rows(std::int64_t first, std::int64_t count) override {
    return fetch_part(noneq::measured_part(known), first, count);
  }
  noneq::batch fetch_part(const std::string& part, std::int64_t first, std::int64_t count) override {
    return {0, first, {{"x0", rows.at(part).slice(0, first, first + count).to(at::kFloat)}}};
  }
};

struct found {
  std::vector<noneq::measured> records;
  noneq::batch arrays;

  const noneq::measured& at(const std::string& name) const {
    for (const auto& r : records)
      if (r.name == name) return r;
    throw noneq::error("no record is called " + name);
  }
};

// A pass over the rows of a source by this thread.
inline noneq::row_pass pass_over(noneq::source& data) {
  return [&data](const noneq::row_request& rows, const auto& map, const auto& add) {
    for (std::int64_t i = 0; i < rows.batches(); ++i) {
      const std::int64_t first = rows.begin + i * rows.block, n = std::min(rows.block, rows.count - i * rows.block);
      noneq::batch b;
      if (rows.data)
        b = data.prepare(rows.part.empty() ? data.fetch_rows(first, n) : data.fetch_part(rows.part, first, n));
      b.step = i, b.first = first;
      add(map(std::move(b)));
    }
  };
}

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
