// Power-function averages of weights: their profiles over the steps of training, and the least-squares combination of
// averages to one of another profile (Karras et al. 2024, "Analyzing and improving the training dynamics of diffusion
// models", §3.1 and app. C). An average of exponent γ at step t weighs the weights of step s by s^γ (γ+1)/t^(γ+1).
// Pure, float64.
#pragma once

#include <vector>

namespace noneq::flow {

struct power_profile {
  double step, exponent;  // t > 0 and γ ≥ 0
};

// Return the relative width of a profile, its standard deviation over t, and the exponent of a width in (0, 1/√12].
double width_of_exponent(double exponent);
double exponent_of_width(double width);

// Returns β in θ̂ ← β θ̂ + (1−β) θ for the step t, counted from 1: 0 at the first.
double kept_share(double step, double exponent);

// Returns the inner product of two profiles, ∫ p q ds.
double product(const power_profile& p, const power_profile& q);

struct profile_fit {
  std::vector<double> factors;  // of the given profiles, whose sum is closest to the wanted one
  double error = 0;             // norm of the difference over that of the wanted profile
};

// Requires at least one profile.
profile_fit fit_profile(const std::vector<power_profile>& given, const power_profile& wanted);

}
