#include "noneq/core/random.hpp"

#include "noneq/core/detail/philox.hpp"

namespace noneq {
namespace {

std::uint64_t mix(std::uint64_t z) {  // splitmix64's finaliser (Steele et al. 2014)
  z += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

template <class Law>
Tensor filled(const sizes& shape, std::int64_t first, std::uint64_t key, Law law) {
  Tensor out = at::empty(shape, at::kFloat);
  const std::int64_t rows = shape.empty() ? 1 : shape[0];
  if (out.numel() > 0) law({key, first, rows, out.numel() / rows}, out.data_ptr<float>());
  return out;
}

}

stream stream::fork(std::string_view name) const {
  std::uint64_t h = 0xcbf29ce484222325ull;  // FNV-1a
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return stream(mix(key_ ^ mix(h)));
}

stream stream::fork(std::int64_t step) const { return stream(mix(mix(key_) + static_cast<std::uint64_t>(step))); }

Tensor stream::normal(const sizes& shape, std::int64_t first) const {
  return filled(shape, first, key_, philox::normal);
}

Tensor stream::uniform(const sizes& shape, std::int64_t first) const {
  return filled(shape, first, key_, philox::uniform);
}

std::uint64_t stream::bits(std::uint64_t index) const { return mix(mix(key_) ^ mix(index)); }

std::int64_t permuted(const stream& s, std::int64_t k, std::int64_t n) {
  int half = 1;
  while ((std::int64_t{1} << (2 * half)) < n) ++half;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  auto value = static_cast<std::uint64_t>(k);
  do {
    std::uint64_t left = value >> half, right = value & mask;
    for (std::uint64_t round = 0; round < 6; ++round) {
      const std::uint64_t next = left ^ (s.bits((round << 48) ^ right) & mask);
      left = right;
      right = next;
    }
    value = (left << half) | right;
  } while (value >= static_cast<std::uint64_t>(n));
  return static_cast<std::int64_t>(value);
}

}
