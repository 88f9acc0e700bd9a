// Categories redrawn uniformly (Hoogeboom et al. 2021; Austin et al. 2021, app. A.2.1).
#include "categorical.hpp"

struct uniform : shipped::categorical_kernel {
  noneq::Tensor probabilities(std::int64_t K) const override {
    return at::full({K}, 1 / static_cast<double>(K), at::kDouble);
  }

  static void describe(noneq::description<uniform>& d) {
    d.doc("Categories, one-hot [K, …]; a step keeps each with probability 1−β, else redraws it from all K alike.");
    d.spaces({"categorical"});
  }
};
NONEQ_PLUGIN(uniform);
