#include "noneq/flow/joined_source.hpp"

#include <fmt/format.h>

#include "noneq/flow/fields.hpp"

namespace noneq::flow {
namespace {

std::string rows_text(std::int64_t rows) { return rows < 0 ? "rows without end" : fmt::format("{} rows", rows); }

class joined final : public source {
 public:
  explicit joined(std::vector<joined_input> inputs) : inputs_(std::move(inputs)) {
    const joined_input& first = inputs_.front();
    for (const joined_input& other : inputs_) {
      need_rows(first, other, "", first.from->info().count, other.from->info().count);
      for (const auto& [part, rows] : first.from->info().parts) {
        const auto it = other.from->info().parts.find(part);
        need_rows(first, other, part, rows, it == other.from->info().parts.end() ? 0 : it->second);
      }
    }
    std::vector<described_input> all;
    for (const joined_input& each : inputs_) all.push_back({each.from->info(), each.as});
    info_ = joined_info(all);
  }

  const dataset_info& info() const override { return info_; }

  batch fetch(std::int64_t step, const stream& s) override {
    return fetched([&](source& each) { return each.fetch(step, s); });
  }
  batch fetch_rows(std::int64_t first, std::int64_t count) override {
    return fetched([&](source& each) { return each.fetch_rows(first, count); });
  }
  batch fetch_part(const std::string& part, std::int64_t first, std::int64_t count) override {
    return fetched([&](source& each) { return each.fetch_part(part, first, count); });
  }

  batch prepare(batch raw) const override {
    if (!raw.fetched) return raw;
    const auto all = std::static_pointer_cast<const std::vector<batch>>(raw.fetched);
    batch whole;
    for (std::size_t k = 0; k < all->size(); ++k) {
      batch more = renamed(inputs_[k].from->prepare((*all)[k]), inputs_[k].as);
      if (k == 0)
        whole = std::move(more);
      else
        join_into(whole, std::move(more));
    }
    whole.step = raw.step, whole.first = raw.first;
    return whole;
  }

 private:
  static void need_rows(const joined_input& first, const joined_input& other, const std::string& part,
                        std::int64_t have, std::int64_t got) {
    if (have == got) return;
    throw error(fmt::format("joins {} ({}) with {} ({}){}, need as many rows in each", first.id, rows_text(have),
                            other.id, rows_text(got), part.empty() ? "" : " in the part " + part));
  }

  template <class Fetch>
  batch fetched(const Fetch& fetch) {
    std::vector<batch> all;
    for (const joined_input& each : inputs_) all.push_back(fetch(*each.from));
    batch raw{all.front().step, all.front().first, {}};
    raw.fetched = std::make_shared<const std::vector<batch>>(std::move(all));
    return raw;
  }

  const std::vector<joined_input> inputs_;
  dataset_info info_;
};

}

std::shared_ptr<source> joined_source(std::vector<joined_input> inputs) {
  return std::make_shared<joined>(std::move(inputs));
}

batch renamed(batch b, const std::map<std::string, std::string>& as) {
  if (as.empty()) return b;
  std::map<std::string, Tensor> under_new_names;
  for (auto& [name, tensor] : b.tensors) {
    const auto to = as.find(name);
    under_new_names[to == as.end() ? name : to->second] = std::move(tensor);
  }
  b.tensors = std::move(under_new_names);
  return b;
}

void join_into(batch& b, batch more) {
  if (!b.tensors.empty() && !more.tensors.empty() && b.size() != more.size())
    throw error(fmt::format("got {} and {} rows in batch {}, need as many in each input of a join", b.size(),
                            more.size(), b.step));
  const Tensor here = b.find("row"), there = more.find("row");
  if (here.defined() && there.defined() && !at::equal(here, there))
    throw error(
        "joins rows of different numbers in their files, need order: sequential in both loaders, and data of one "
        "layout");
  for (auto& [name, tensor] : more.tensors)
    if (const auto [known, added] = b.tensors.emplace(name, tensor);
        !added && name != "row" && !(name == "label" && at::equal(known->second, tensor)))
      throw error(fmt::format("got the tensor '{}' from two inputs, need other names by as:", name));
}

batch joined_rows(const std::vector<batch>& parts) {
  if (parts.size() == 1) return parts.front();
  batch all{parts.front().step, parts.front().first, {}};
  for (const auto& [name, _] : parts.front().tensors) {
    std::vector<Tensor> each;
    for (const batch& p : parts) each.push_back(p.at(name));
    all.set(name, at::cat(each));
  }
  return all;
}

}
