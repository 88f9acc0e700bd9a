// A pipeline text with everything in it that a pipeline may hold, and the text of the error a callable throws.
#pragma once

#include <string>

#include "noneq/core/error.hpp"

inline const char* const sample_pipeline = R"(# a comment
name: swiss_roll
seed: 7
defaults: &common {every: 5000, at: end}
process:
  kernel:   gaussian
  schedule: {plugin: log_snr, steps: 40, first_beta: 1.0e-3}
  mean:     "epsilon"
  variance: 'learned'
graph:
  loader:  {plugin: loader.hdf5, file: data/swiss_roll.h5, batch: 512}
  model:
    plugin: model.mlp
    in: [noiser]
    hidden: [128, 128,
             128]
    ema:
      - 0.999
      - 0.9999
  bound:   {<<: *common, plugin: metric.bound, of: model}
  note: |
    two lines
      of text: [not a list]
  nothing: ~
  last: >-
    folded
    text
)";

template <class F>
std::string thrown(F&& f) {
  try {
    f();
  } catch (const noneq::error& e) {
    return e.what();
  }
  return "nothing was thrown";
}
