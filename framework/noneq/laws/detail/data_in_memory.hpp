// Data that is held in memory, and a pass over its rows by the calling thread.
#pragma once

#include "noneq/plugin/roles/loader.hpp"
#include "noneq/plugin/row_pass.hpp"

namespace noneq::laws {

// Rows in x⁰ units by the name of their part. Rows of a training step are not made.
struct data_in_memory : source {
  std::map<std::string, Tensor> rows;
  dataset_info known;

  explicit data_in_memory(std::map<std::string, Tensor> parts, std::string identity = "") : rows(std::move(parts)) {
    for (const auto& [name, x] : rows) known.parts[name] = x.size(0);
    known.shape = rows.begin()->second.sizes().slice(1).vec();
    known.count = known.parts.count("train") ? known.parts.at("train") : 0;
    known.measured = known.parts.at(measured_part(known));
    known.identity = std::move(identity);
  }
  const dataset_info& info() const override { return known; }
  batch fetch(std::int64_t, const stream&) override { throw error("nobody trains here"); }
  batch fetch_rows(std::int64_t first, std::int64_t count) override {
    return fetch_part(measured_part(known), first, count);
  }
  batch fetch_part(const std::string& part, std::int64_t first, std::int64_t count) override {
    return {0, first, {{"x0", rows.at(part).slice(0, first, first + count).to(at::kFloat)}}};
  }
};

// The source must outlive the pass.
inline row_pass pass_over(source& data) {
  return [&data](const row_request& rows, const auto& map, const auto& add) {
    for (std::int64_t i = 0; i < rows.batches(); ++i) {
      const std::int64_t first = rows.begin + i * rows.block, n = std::min(rows.block, rows.count - i * rows.block);
      batch b;
      if (rows.data)
        b = data.prepare(rows.part.empty() ? data.fetch_rows(first, n) : data.fetch_part(rows.part, first, n));
      b.step = i, b.first = first;
      add(map(std::move(b)));
    }
  };
}

}
