// The memory that is held, as it is allocated, freed and given back.
#include "noneq/core/memory.hpp"

#include <vector>

#include "doctest.hpp"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose allocators count for themselves
TEST_CASE("held is what is allocated, whether freed memory was kept or given back") {
  constexpr std::size_t block = 100 << 10, count = 400;
  constexpr double whole = block * count, some = whole / 10;
  noneq::keep_freed_memory();
  const double before = noneq::memory_held();
  std::vector<std::vector<char>> blocks(count);
  for (auto& b : blocks) b.assign(block, 'x');
  CHECK(noneq::memory_held() - before == doctest::Approx(whole).epsilon(0.1));
  for (std::size_t k = 1; k < count; k += 2) std::vector<char>().swap(blocks[k]);
  const double half = noneq::memory_held() - before;
  CHECK(half == doctest::Approx(whole / 2).epsilon(0.1));
  noneq::return_freed_memory();
  CHECK(std::abs(noneq::memory_held() - before - half) < some);
}
#endif
