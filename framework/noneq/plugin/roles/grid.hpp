// Which steps of a schedule a sampler visits. Const and thread-safe.
#pragma once

#include "noneq/diffusion/tables.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

struct grid : role<"grid"> {
  // Steps visited when nobody says how many.
  virtual std::int64_t usual_count(std::int64_t T) const { return T; }
  // `count` (1 … T) indices i = t − 1 of a schedule with these tables, ascending. Throws noneq::error when this rule
  // has no such choice.
  virtual std::vector<std::int64_t> indices(std::int64_t count, const tables& t) const = 0;
};

}
