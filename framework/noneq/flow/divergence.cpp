#include "noneq/flow/divergence.hpp"

#include <fmt/format.h>

namespace noneq::flow {

bool all_finite(const Tensor& x) {
  // A sum that is finite has finite terms, and is cheaper to check; a sum that overflows decides nothing.
  return !x.defined() || x.sum().isfinite().item<bool>() || x.isfinite().all().item<bool>();
}

std::string offending_samples(const std::vector<shard_losses>& shards) {
  constexpr std::int64_t named = 8;
  std::vector<Tensor> index, loss, row;
  for (const auto& s : shards) {
    index.push_back(s.index);
    loss.push_back(s.per_sample);
    if (s.row.defined()) row.push_back(s.row);
  }
  const Tensor t = at::cat(index) + 1, bad = at::cat(loss).isfinite().logical_not();
  const bool known = row.size() == shards.size(), none = !bad.any().item<bool>();
  const Tensor places = none ? at::arange(bad.size(0)) : bad.nonzero().flatten();
  const Tensor numbers = known ? at::cat(row).index_select(0, places) : places;
  std::string text = fmt::format("{} of {} samples: {}", places.size(0), bad.size(0), known ? "rows" : "numbers");
  for (std::int64_t k = 0; k < std::min(named, places.size(0)); ++k)
    text += fmt::format("{} {} (t = {})", k == 0 ? "" : ",", numbers[k].item<std::int64_t>(),
                        t[places[k].item<std::int64_t>()].item<std::int64_t>());
  return places.size(0) > named ? text + ", …" : text;
}

}
