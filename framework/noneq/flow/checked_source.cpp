#include "noneq/flow/checked_source.hpp"

#include <mutex>

#include <fmt/format.h>

#include "noneq/plugin/returned.hpp"

namespace noneq::flow {
namespace {

class looked_at : public source {
 public:
  looked_at(std::shared_ptr<source> opened, std::string by) : source_(std::move(opened)), by_(std::move(by)) {
    check_returned_info(by_, info());
  }

  const dataset_info& info() const override { return source_->info(); }
  // Once, also when several branches share this source.
  void examine(const onlooker& also) override {
    if (std::exchange(examined_, true)) return;
    source_->examine([&](const std::string& part, const batch& rows) {
      check_returned_data(by_, rows, info());
      also(part, rows);
    });
    check_returned_info(by_, info());
  }

  batch fetch(std::int64_t step, const stream& s) override {
    const std::lock_guard one(fetching_);
    return some_of(source_->fetch(step, s));
  }
  batch fetch_share(std::int64_t step, const stream& s, const batch_share& share) override {
    const std::lock_guard one(fetching_);
    batch raw = some_of(source_->fetch_share(step, s, share));
    const std::int64_t all = raw.of_rows, begin = share.begin(all), end = share.end(all);
    if (all > 0 && (raw.first != begin || raw.size() != end - begin))
      throw error(fmt::format("{} returned rows {} to {} of the {} of a step, need {} to {}", by_, raw.first,
                              raw.first + raw.size() - 1, all, begin, end - 1));
    return raw;
  }
  batch fetch_rows(std::int64_t first, std::int64_t count) override {
    const std::lock_guard one(fetching_);
    return no_more_than(count, source_->fetch_rows(first, count));
  }
  batch fetch_part(const std::string& part, std::int64_t first, std::int64_t count) override {
    const std::lock_guard one(fetching_);
    return no_more_than(count, source_->fetch_part(part, first, count));
  }
  void state(const state_visitor& visit) override {
    const std::lock_guard one(fetching_);
    source_->state(visit);
  }
  // The caller sets the number of a batch, and it stays.
  batch prepare(batch raw) const override {
    const batch place = raw.place();
    batch b = source_->prepare(std::move(raw));
    check_returned_data(by_, b, info());
    b.put_at(place);
    return b;
  }

 private:
  batch some_of(batch raw) const {
    check_returned_batch(by_, raw);
    if (raw.size() < 1) throw error(by_ + " returned an empty batch, need samples");
    return raw;
  }
  batch no_more_than(std::int64_t count, batch raw) const {
    check_returned_batch(by_, raw);
    if (raw.size() > count)
      throw error(fmt::format("{} returned {} rows, need at most the {} that were asked for", by_, raw.size(), count));
    return raw;
  }

  const std::shared_ptr<source> source_;
  const std::string by_;
  std::mutex fetching_;  // events read rows while the training reads ahead
  bool examined_ = false;
};

}

std::shared_ptr<source> checked_source(std::shared_ptr<source> opened, std::string by) {
  need_made(opened, by, "source");
  return std::make_shared<looked_at>(std::move(opened), std::move(by));
}

}
