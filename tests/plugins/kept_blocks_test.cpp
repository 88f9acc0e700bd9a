// Blocks of rows in memory, against the numbers of the rows.
#include "../../plugins/loaders/kept_blocks.hpp"

#include <thread>

#include "doctest.hpp"

using noneq::Tensor;
using shipped::kept_blocks;
using shipped::row_order;

namespace {

std::shared_ptr<const shipped::lazy_rows> of(const Tensor& rows) {
  noneq::storage::raw_chunks stored;
  stored.plain = rows;
  shipped::raw_rows raw{.spans = {}, .rows = rows.size(0), .dtype = rows.scalar_type()};
  raw.spans.push_back({std::move(stored)});
  return std::make_shared<const shipped::lazy_rows>(std::move(raw));
}

struct numbers {
  Tensor rows, labels;
};
numbers numbers_of(const kept_blocks::picked& some) {
  const auto n = static_cast<std::int64_t>(some.size());
  numbers all{at::empty({n}, at::kLong), at::empty({n}, at::kLong)};
  some.number(all.rows.data_ptr<std::int64_t>(), all.labels.data_ptr<std::int64_t>());
  return all;
}

}

TEST_CASE("what is gathered is what lies at the slots, whether blocks are kept for good or not") {
  constexpr std::int64_t rows = 103;  // blocks of 10, the last one of 3
  for (const bool for_good : {false, true}) {
    CAPTURE(for_good);
    row_order order(rows, 10, 4, noneq::stream(5));
    kept_blocks blocks(for_good);
    std::int64_t read = 0;
    const auto reader = [&](const row_order::stretch& s) {
      ++read;
      const Tensor numbers = at::arange(s.first, s.first + s.count, at::kLong);
      return shipped::row_block{{of(numbers.to(at::kShort).unsqueeze(1).expand({s.count, 7}).contiguous())},
                                2 * numbers};
    };
    constexpr std::int64_t epochs = 3;
    std::vector<std::int64_t> seen(rows, 0);
    for (std::int64_t position = 0; position < epochs * rows;) {
      const row_order::window w = order.at(position);
      blocks.hold(order.stretches(w), reader);
      std::vector<std::int64_t> slots;
      for (; position < w.first + w.rows; ++position) slots.push_back(row_order::slot(w, position));
      const auto got = blocks.pick(slots);
      const auto number = numbers_of(got);
      CHECK(at::equal(number.labels, 2 * number.rows));
      CHECK(at::equal(got.gather(), number.rows.to(at::kShort).unsqueeze(1).expand({w.rows, 7})));
      for (std::int64_t k = 0; k < w.rows; ++k)
        ++seen.at(static_cast<std::size_t>(number.rows[k].item<std::int64_t>()));
    }
    CHECK(std::all_of(seen.begin(), seen.end(), [](std::int64_t n) { return n == epochs; }));
    CHECK(read == (for_good ? 11 : 11 * epochs));
  }
}

TEST_CASE("what was picked stays there when the next window is held") {
  kept_blocks blocks(false);
  const auto reader = [](const row_order::stretch& s) {
    return shipped::row_block{{of(at::full({s.count, 1}, s.first))}, {}};
  };
  blocks.hold({{4, 2}}, reader);
  const auto got = blocks.pick({1, 0, 1});
  blocks.hold({{8, 2}}, reader);
  CHECK(at::equal(got.gather(), at::full({3, 1}, 4)));
  Tensor numbers = at::empty({3}, at::kLong);
  got.number(numbers.data_ptr<std::int64_t>(), nullptr);
  CHECK(at::equal(numbers, at::tensor({5, 4, 5}, at::kLong)));
}

TEST_CASE("threads that gather from the same compressed blocks get the same rows") {
  // Chunks that hold a row each, stored without filters: decoding them is the work that is shared.
  constexpr std::int64_t n = 64;
  const auto stored = [](std::int64_t first) {
    noneq::storage::raw_chunks raw;
    raw.dtype = at::kLong;
    raw.shape = {n, 4};
    raw.chunk_shape = {1, 4};
    for (std::int64_t k = 0; k < n; ++k) {
      const Tensor row = at::full({4}, first + k, at::kLong);
      raw.chunks.push_back({{k, 0}, 0, {static_cast<const char*>(row.data_ptr()), 32}});
    }
    shipped::raw_rows rows{.spans = {}, .rows = n, .dtype = at::kLong};
    rows.spans.push_back({std::move(raw)});
    return std::make_shared<const shipped::lazy_rows>(std::move(rows));
  };
  kept_blocks blocks(false);
  std::vector<row_order::stretch> all;
  for (std::int64_t k = 0; k < 16; ++k) all.push_back({k * n, n});
  blocks.hold(all, [&](const row_order::stretch& s) { return shipped::row_block{{stored(s.first)}, {}}; });
  std::vector<Tensor> got(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < got.size(); ++i)
    threads.emplace_back([&, i] {
      std::vector<std::int64_t> slots;
      for (std::int64_t k = 0; k < 16 * n; ++k) slots.push_back((k * 37 + static_cast<std::int64_t>(i)) % (16 * n));
      got[i] = blocks.pick(slots).gather().select(1, 0) - at::tensor(slots, at::kLong);
    });
  for (auto& t : threads) t.join();
  for (const Tensor& off : got) CHECK(off.abs().max().item<std::int64_t>() == 0);
}
