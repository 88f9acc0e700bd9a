// A sampler that does one thing wrong, as `how` says.
#include <limits>

#include "noneq/plugin.hpp"

namespace misbehaving_sampler {

using noneq::Tensor;

struct misbehaves : noneq::sampler {
  std::string how = "well";

  Tensor sample(const noneq::denoiser&, const noneq::sampling_request& r) const override {
    noneq::sizes shape{r.count};
    shape.insert(shape.end(), r.shape.begin(), r.shape.end());
    const Tensor good = at::zeros(shape);
    if (how == "one") return good.narrow(0, 0, 1);
    if (how == "wide") return at::cat({good, good}, 1);
    if (how == "bf16") return good.to(at::kBFloat16);
    if (how == "undefined") return {};
    if (how == "nan") good[0] = std::numeric_limits<float>::quiet_NaN();
    if (how == "unlucky") {  // with some noise
      const Tensor x = r.stream.fork("start").normal(shape, r.first), lost = x.flatten(1).select(1, 0).gt(1.8);
      return x.masked_fill(lost.unsqueeze(1).expand_as(x), std::numeric_limits<float>::quiet_NaN());
    }
    if (how == "frame") r.visit(0, at::zeros({r.count, 7}));
    return good;
  }

  static void describe(noneq::description<misbehaves>& d) {
    d.doc("Does one thing wrong.").param("how", &misbehaves::how, "what");
  }
};

NONEQ_PLUGIN(misbehaves);

}
