// The state that a sampler starts from. In YAML nothing, for noise; the name of a tensor that holds x^T in units of the
// model; {from: x0, t: 300}, for data that is noised to that t first (Meng et al. 2022, "SDEdit"); or
// {from: x0, deviation: 0.2}, for data that holds noise of that deviation already, in data units.
#pragma once

#include <cstdint>
#include <string>

#include "noneq/config/value.hpp"
#include "noneq/diffusion/tables.hpp"
#include "noneq/plugin/normalisation.hpp"

namespace noneq {

struct start_point {
  std::string from = {};  // a tensor of the stream; empty: noise
  std::int64_t t = 0;     // above 0: `from` is data, which is noised to this t
  double deviation = 0;   // above 0: `from` is data with noise

  bool empty() const { return from.empty(); }
  bool of_data() const { return t > 0 || deviation > 0; }
};

void read_into(const config::value& v, start_point& out);
config::value written_as(const start_point& s);

// Throws noneq::error about `parameter` when the map to the units of the model is not one shift and scale for all
// numbers, so that a deviation in data units has no meaning for the model.
void need_one_scale(const normalisation& normal, const std::string& parameter);
// Returns the step index at which x^t/√ᾱ holds noise of this deviation, in data units. Throws as need_one_scale() does,
// and for a deviation that is not that of a step: by more than half a step below the first or above the last.
std::int64_t index_of_deviation(double deviation, const normalisation& normal, const tables& t,
                                const std::string& parameter);

}
