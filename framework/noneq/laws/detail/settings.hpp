// The processes in which a plugin is tried: kernels of every state space that the plugin's table declares, with a mean
// and a variance that work there, and schedules that end in noise, in no signal at all, and in continuous time. Where
// the plugin is a part of a process itself, it is that part. States in them are made from fixed random numbers, so that
// all results are repeatable. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "noneq/laws/detail/subject.hpp"
#include "noneq/plugin/process.hpp"

namespace noneq::laws {

struct setting {
  noneq::process process;
  std::string text;  // its parts, for messages: "kernel gaussian, schedule log_snr of 12 steps, …"
};

struct setting_choice {
  std::vector<std::string> schedules{"{plugin: log_snr, steps: 12}", "{plugin: rectified, steps: 12}",
                                     "{plugin: log_snr, steps: continuous}"};
  std::vector<std::string> variances{"fixed_small"};
  std::vector<std::string> means{};  // empty: one that works in the space
};

// Twelve whole steps and nothing else; and a thousand, for plugins with a parameter that needs more than twelve.
setting_choice twelve_steps();
setting_choice thousand_steps();

// Returns all processes that the parts allow. Throws noneq::error when there is none.
std::vector<setting> settings(const subject& s, const setting_choice& choice = {});

// Returns n states x⁰ [n, …] that the kernel takes: numbers, bits or one-hot categories. Throws noneq::error when it
// takes none of these.
Tensor data_of(const kernel& k, std::int64_t n, at::ScalarType type);

// Returns at most 13 step indices t − 1 of a process, first and last among them, int64 or, in continuous time, float64.
Tensor times_of(const process& p);

// States x^t with all that they were made of, a few rows at each of times_of().
struct noised {
  Tensor x0, noise, index, xt;
  coefficients c;
};
noised noised_states(const process& p, std::int64_t rows_a_time, at::ScalarType type);

// Calls f with each setting; an exception of f is rethrown as an error that names the setting.
void in_each(const std::vector<setting>& all, const std::function<void(const process&)>& f);

}
