// What a metric needs to run by itself: data held in memory, and one thread.
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

inline noneq::measurement measuring(const noneq::denoiser& d, noneq::source& data,
                                    const std::filesystem::path& folder) {
  static const std::vector<noneq::measured> nothing;
  const auto one_by_one = [](std::int64_t n, const std::function<void(std::int64_t)>& f) {
    for (std::int64_t i = 0; i < n; ++i) f(i);
  };
  return {d, data, noneq::stream(21), one_by_one, nothing, folder};
}

inline found measure(const std::string& yaml, const noneq::denoiser& d, noneq::source& data) {
  const auto metric = noneq::make<noneq::metric>(yaml);
  metric->check_data(data.info());
  noneq::measurement m = measuring(d, data, "");
  metric->measure(m);
  return {m.records, m.arrays};
}

// What a metric of samples says of `samples`, which come in chunks.
inline found follow(const std::string& yaml, noneq::source& data, const Tensor& samples,
                    const std::filesystem::path& folder = "", std::int64_t chunk = 300) {
  const auto metric = std::dynamic_pointer_cast<noneq::sample_metric>(noneq::make<noneq::metric>(yaml));
  static const auto nobody = make_denoiser(noneq::make_process("gaussian", "linear", "epsilon", "fixed_small"),
                                           [](const noneq::network_input& in) { return in.x; });
  metric->check_data(data.info());
  metric->check_count(samples.size(0));
  noneq::measurement m = measuring(nobody, data, folder);
  const auto meter = metric->follow(m);
  for (std::int64_t k = 0; k * chunk < samples.size(0); ++k)
    meter->add(meter->digest({k, k * chunk, {{"samples", samples.slice(0, k * chunk, (k + 1) * chunk)}}}));
  meter->finish(m);
  return {m.records, m.arrays};
}

}
