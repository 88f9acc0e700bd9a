// The schedule as it is now, for a figure of a learned one.
#include "noneq/plugin.hpp"

struct schedule : noneq::metric {
  // Receives no rows.
  struct tables_sinking : noneq::sinking {
    const noneq::tables& tables;
    explicit tables_sinking(const noneq::tables& t) : tables(t) {}

    void add(const noneq::batch&) override {}
    noneq::outcome finish() override {
      noneq::outcome out;
      out.records.push_back({"beta_1", tables.beta_1(), ""});
      out.records.push_back({"last_alpha_bar", tables.alpha_bar[tables.steps() - 1].item<double>(), ""});
      out.arrays.set("log_snr", tables.snr.log());
      return out;
    }
  };

  std::unique_ptr<noneq::sinking> open(const noneq::measurement& m) const override {
    return std::make_unique<tables_sinking>(m.denoiser.process().tables);
  }

  static void describe(noneq::description<schedule>& d) {
    d.doc("The signal-to-noise ratio at every step, to be drawn: what a learned schedule has come to.")
        .writes("log_snr", "float64 [T]: ln SNR; −∞ from where no signal is left", noneq::extent::per_step);
  }
};
NONEQ_PLUGIN(schedule);
