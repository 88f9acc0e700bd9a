// The number of parts of a batch. In YAML a number, or the word auto: as many as the CPUs that the process may use when
// the run begins, at most the batch. A plan replaces auto by that number, and the pipeline of a run states it; until
// then the number is 1.
#pragma once

#include <cstdint>
#include <string>

#include "noneq/config/read.hpp"
#include "noneq/core/error.hpp"

namespace noneq {

constexpr std::int64_t most_shards = 256;

struct shard_count {
  std::int64_t number = 1;
  bool automatic = true;

  shard_count() = default;
  shard_count(std::int64_t shards) : number(shards), automatic(false) {}
  operator std::int64_t() const { return number; }
};

inline void read_into(const config::value& v, shard_count& out) {
  out = {};
  if (v.is_scalar() && v.text() == "auto") return;
  out.automatic = false;
  try {
    config::read_into(v, out.number);
  } catch (const error&) {
    config::refuse(v, "an integer, or auto");
  }
}

}
