// Blocks of rows in memory, against the numbers of the rows.
#include "../../plugins/loaders/kept_blocks.hpp"

#include "doctest.hpp"

using noneq::kept_blocks;
using noneq::row_order;
using noneq::Tensor;

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
      return kept_blocks::block{numbers.to(at::kShort).unsqueeze(1).expand({s.count, 7}).contiguous(), 2 * numbers};
    };
    constexpr std::int64_t epochs = 3;
    std::vector<std::int64_t> seen(rows, 0);
    for (std::int64_t position = 0; position < epochs * rows;) {
      const row_order::window w = order.at(position);
      blocks.hold(order.stretches(w), reader);
      std::vector<std::int64_t> slots;
      for (; position < w.first + w.rows; ++position) slots.push_back(row_order::slot(w, position));
      const auto got = blocks.gather(slots);
      CHECK(at::equal(got.labels, 2 * got.numbers));
      CHECK(at::equal(got.rows, got.numbers.to(at::kShort).unsqueeze(1).expand({w.rows, 7})));
      for (std::int64_t k = 0; k < w.rows; ++k)
        ++seen.at(static_cast<std::size_t>(got.numbers[k].item<std::int64_t>()));
    }
    CHECK(std::all_of(seen.begin(), seen.end(), [](std::int64_t n) { return n == epochs; }));
    CHECK(read == (for_good ? 11 : 11 * epochs));
  }
}

TEST_CASE("rows without labels have none") {
  kept_blocks blocks(true);
  blocks.hold({{4, 2}}, [](const row_order::stretch&) { return kept_blocks::block{at::ones({2, 1}), {}}; });
  const auto got = blocks.gather({1, 0, 1});
  CHECK_FALSE(got.labels.defined());
  CHECK(at::equal(got.numbers, at::tensor({5, 4, 5}, at::kLong)));
}
