#include "noneq/flow/gradient_watch.hpp"

#include <algorithm>

namespace noneq::flow {

class gradient_watch::shard final : public gradient_listener {
 public:
  explicit shard(gradient_watch& of) : of_(of) {}

  void begin() {
    held_ = Tensor();
    base_ = nullptr;
    broken_ = false;
    left_.clear();
    for (const number_range& r : of_.pieces_) left_.push_back(r.numbers);
  }

  void found(const Tensor& weight, const Tensor& gradient) override {
    const std::int64_t first = weight.data_ptr<float>() - of_.vector_.data_ptr<float>(), end = first + weight.numel();
    if (broken_ || first < 0 || end > of_.vector_.numel() || !gradient.is_contiguous()) return;
    float* base = gradient.data_ptr<float>() - first;
    if (base_ == nullptr) base_ = base, held_ = gradient;
    broken_ = base != base_;
    auto r = std::ranges::upper_bound(of_.pieces_, first, {}, &number_range::first) - 1;
    for (; !broken_ && r != of_.pieces_.end() && r->first < end; ++r) {
      const auto i = static_cast<std::size_t>(r - of_.pieces_.begin());
      left_[i] -= std::min(end, r->first + r->numbers) - std::max(first, r->first);
      broken_ = left_[i] < 0;
      if (left_[i] == 0 && --of_.left_[i] == 0 && of_.known_) of_.known_(i);
    }
    if (of_.found_) of_.found_();
  }

  Tensor part(const number_range& r) const { return at::from_blob(base_ + r.first, {r.numbers}, at::kFloat); }

  bool holds(const Tensor& gradient) const {
    return !broken_ && base_ != nullptr && gradient.defined() && gradient.data_ptr() == base_ &&
           std::ranges::all_of(left_, [](std::int64_t numbers) { return numbers == 0; });
  }

 private:
  gradient_watch& of_;
  Tensor held_;  // the memory of the gradient, of which this is a part
  float* base_ = nullptr;
  bool broken_ = false;
  std::vector<std::int64_t> left_;  // by piece: the numbers that were not found
};

gradient_watch::gradient_watch(const Tensor& vector, std::vector<number_range> pieces, const shard_block& own)
    : vector_(vector), pieces_(std::move(pieces)), own_(own), left_(pieces_.size()) {
  for (std::int64_t s = own.first; s < own.last; ++s) shards_.push_back(std::make_shared<shard>(*this));
}

void gradient_watch::begin(const std::vector<bool>& with_rows, std::function<void(std::size_t)> known,
                           std::function<void()> found) {
  with_rows_ = with_rows;
  known_ = std::move(known), found_ = std::move(found);
  std::int64_t count = 0;
  for (std::int64_t s = own_.first; s < own_.last; ++s) {
    at(s).begin();
    count += with_rows_[static_cast<std::size_t>(s)];
  }
  for (auto& left : left_) left = count;
}

gradient_listener* gradient_watch::of_shard(std::int64_t s) const {
  const bool own = s >= own_.first && s < own_.last;
  return own && with_rows_[static_cast<std::size_t>(s)] ? &at(s) : nullptr;
}

Tensor gradient_watch::gradient(std::int64_t s, std::size_t piece) const { return at(s).part(pieces_[piece]); }

bool gradient_watch::holds(std::int64_t s, const Tensor& gradient) const { return at(s).holds(gradient); }

}
