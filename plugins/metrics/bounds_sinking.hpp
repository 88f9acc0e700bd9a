// Metrics of the bounds on the log likelihood of the rows of a stream.
#pragma once

#include "../bound_of_rows.hpp"
#include "rows.hpp"

namespace shipped {

// Measures the bounds of the rows of a stream; derived classes report them.
class bounds_sinking : public keeping_sinking {
 public:
  bounds_sinking(const noneq::measurement& m, std::int64_t times)
      : keeping_sinking(m), strata_(count_strata(times, m.denoiser.process().steps())) {}

  noneq::batch map(noneq::batch rows) const override {
    const bounds_of_rows b =
        measure_bounds(m_.denoiser, m_.info, rows.at("x0"), m_.denoiser.given(rows), rows.first, strata_, m_.stream);
    return {rows.step,
            rows.first,
            {{"K", b.K},
             {"null", b.null},
             {"kl_sum", b.kl_sum},
             {"L_T", b.L_T},
             {"L_0", b.L_0},
             {"kl", b.kl},
             {"kl_squares", b.kl_squares}}};
  }

 protected:
  // Sets the arrays t, kl and kl_stderr of `samples` rows in all.
  void set_steps(noneq::batch& arrays, std::int64_t samples, double per_nat) const {
    arrays.set("t", centres(strata_, m_.denoiser.process().steps()));
    set_costs(arrays, kept_.summed("kl"), kept_.summed("kl_squares"), samples, per_nat);
  }

 private:
  const std::int64_t strata_;
};

}
