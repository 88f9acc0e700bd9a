// Measures a model, and says with what error.
#pragma once

#include <cmath>
#include <limits>

#include "noneq/plugin/denoiser.hpp"
#include "noneq/plugin/roles/loader.hpp"

namespace noneq {

struct measured {
  std::string name;
  double value;
  std::string unit;
  double standard_error = std::numeric_limits<double>::quiet_NaN();  // NaN: exact, not an estimate
};

struct measurement {
  const noneq::denoiser& denoiser;
  source& data;
  noneq::stream stream;
  // Runs f(chunk) for chunk = 0..n−1 on the worker threads; results must go to places of their own.
  std::function<void(std::int64_t n, const std::function<void(std::int64_t)>& f)> parallel;
  const std::vector<measured>& earlier;  // what other metrics of this occasion said before
  std::vector<measured> records{};
  batch arrays{};  // e.g. per-step curves, for writers
};

struct metric : role<"metric"> {
  std::string weights = "ema";

  virtual void measure(measurement& m) const = 0;

  template <class P>
  static void common(description<P>& d) {
    d.param("weights", &P::weights, "which weights to use", one_of({"ema", "raw"}));
  }
};

}
