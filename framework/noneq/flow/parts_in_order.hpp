// The parts of batches that are mapped at once, held until every batch before theirs is complete. One thread at a time.
#pragma once

#include <any>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace noneq::flow {

class parts_in_order {
 public:
  // Batches are numbered from `first` on, and each has `parts` parts.
  parts_in_order(std::int64_t first, std::int64_t parts) : next_(first), parts_(static_cast<std::size_t>(parts)) {}

  void put(std::int64_t index, std::int64_t part, std::any mapped) {
    batch_parts& b = there_[index];
    b.mapped.resize(parts_);
    b.mapped[static_cast<std::size_t>(part)] = std::move(mapped);
    ++b.arrived;
  }

  struct whole_batch {
    std::int64_t index;
    std::vector<std::any> parts;
  };
  // Removes and returns the next batch, when all its parts are there.
  std::optional<whole_batch> take() {
    const auto it = there_.find(next_);
    if (it == there_.end() || it->second.arrived < parts_) return std::nullopt;
    whole_batch whole{next_++, std::move(it->second.mapped)};
    there_.erase(it);
    return whole;
  }

 private:
  struct batch_parts {
    std::vector<std::any> mapped;
    std::size_t arrived = 0;
  };
  std::int64_t next_;
  const std::size_t parts_;
  std::map<std::int64_t, batch_parts> there_;
};

}
