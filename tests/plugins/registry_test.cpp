#include "make.hpp"

using namespace noneq;

TEST_CASE("the parts, noisers, losses and trainers are built, found, and describe themselves") {
  const std::map<std::string, std::vector<std::string>> expected{
      {"kernel", {"binomial", "gaussian"}},
      {"schedule", {"constant", "cosine", "learned", "linear", "log_snr", "quadratic", "reciprocal", "sigmoid"}},
      {"mean", {"decay", "epsilon", "mean", "perturbation", "score", "v", "x0"}},
      {"variance", {"fixed_large", "fixed_small", "learned", "learned_range", "perturbation"}},
      {"time_sampler", {"antithetic", "loss_second_moment", "uniform"}},
      {"weighting", {"min_snr", "p2"}},
      {"guide", {"gaussian_observation", "known_values", "linear_observation"}},
      {"noiser", {"marginal", "trajectory"}},
      {"loss", {"bound", "hybrid", "simple", "vlb"}},
      {"trainer", {"adam", "adamw"}}};
  for (const auto& [role, names] : expected) {
    CAPTURE(role);
    const auto built = built_plugins().names(role);
    for (const std::string& name : names) {
      CAPTURE(name);
      CHECK(std::find(built.begin(), built.end(), name) != built.end());
      const plugin_entry& e = built_plugins().find(role, name);
      CHECK(!e.doc.empty());
      CHECK(make_object(e) != nullptr);
      for (const parameter& p : e.parameters) CHECK(!p.doc.empty());
    }
  }
}

TEST_CASE("parts of the same name but another role are different plugins") {
  CHECK(built_plugins().find("schedule", "learned").find("bumps") != nullptr);
  CHECK(built_plugins().find("variance", "learned").find("bumps") == nullptr);
  CHECK(built_plugins().find("variance", "perturbation").doc != built_plugins().find("mean", "perturbation").doc);
}
