// The binary heartbeat of Sohl-Dickstein et al. 2015 (§3.1.2): a one at every period-th place of a sequence of zeros,
// from a random phase on. Endless; all its sequences are known, so its entropy is log₂ period bits.
#include <cmath>

#include "generated.hpp"

namespace {

using noneq::Tensor;

struct heartbeat : noneq::loader {
  std::int64_t length = 20, period = 5;

  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>& known,
                                      const noneq::stream& s) const override;

  void check() const override {
    if (period > length)
      throw noneq::error(c10::str("period got ", period, ", need at most the length ", length,
                                  ": longer ones leave sequences without a beat"));
  }

  static void describe(noneq::description<heartbeat>& d) {
    d.doc("Sequences of bits with a one at every period-th place, drawn afresh without end; its density is known.")
        .param("length", &heartbeat::length, "bits of a sequence", noneq::at_least(1), noneq::at_most(1e6))
        .param("period", &heartbeat::period, "places from one beat to the next", noneq::at_least(1));
  }
};

class beat_source : public shipped::generated_source {
 public:
  beat_source(const heartbeat& of, const noneq::stream& s) : generated_source(of.batch_size, s), of_(of) {
    info_.shape = {of.length};
    const Tensor place = at::arange(of.length, at::kLong), phase = at::arange(of.period, at::kLong).unsqueeze(1);
    info_.truth = noneq::mixture{place.remainder(of.period).eq(phase).to(at::kFloat),
                                 at::full({of.period}, -std::log(static_cast<double>(of.period))), 0};
  }

 private:
  Tensor samples(const noneq::stream& s, std::int64_t first, std::int64_t count) const override {
    const Tensor phase = (s.uniform({count}, first).to(at::kDouble) * of_.period).to(at::kLong);
    return info_.truth->atoms.index_select(0, phase);
  }

  const heartbeat of_;
};

// Bits are bits: a model's normalisation can only be the identity, which they have anyway.
std::shared_ptr<noneq::source> heartbeat::open(const std::optional<noneq::normalisation>&,
                                               const noneq::stream& s) const {
  return std::make_shared<beat_source>(*this, s);
}

}

NONEQ_PLUGIN(heartbeat);
