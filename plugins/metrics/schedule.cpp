// The schedule as it is now, for a figure of what was learned.
#include "noneq/plugin.hpp"

struct schedule : noneq::metric {
  void measure(noneq::measurement& m) const override {
    const noneq::tables& t = m.denoiser.process().tables;
    m.records.push_back({"beta_1", t.beta_1(), ""});
    m.records.push_back({"last_alpha_bar", t.alpha_bar[t.steps() - 1].item<double>(), ""});
    m.arrays.set("log_snr", t.snr.log());
  }

  static void describe(noneq::description<schedule>& d) {
    d.doc("The signal-to-noise ratio at every step, to be drawn: what a learned schedule has come to.")
        .writes("log_snr", "float64 [T]: ln SNR; −∞ from where no signal is left", noneq::extent::per_step);
  }
};
NONEQ_PLUGIN(schedule);
