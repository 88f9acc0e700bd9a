#include "noneq/plugin/roles/schedule.hpp"

namespace noneq {

tables tables_of(const schedule& s) {
  if (!s.steps.continuous) return make_tables(s.beta());
  const auto last = static_cast<double>(s.steps.T - 1);
  // ln ᾱ = ln σ(ln SNR)
  return make_tables([&s, last](const Tensor& index) { return -at::softplus(-s.log_snr_at(index / last), 1, 700); },
                     s.steps.T);
}

}
