// Numbers that were observed, in place of those that a sampler drew for them.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct restore : noneq::sample_transform {
  std::vector<std::string> makes() const override { return {"samples"}; }

  noneq::batch run(const noneq::batch& b) const override {
    const Tensor& samples = b.at("samples");
    const Tensor values = b.at("values").to(samples.scalar_type());
    if (values.sizes() == samples.sizes()) return put_back(b, samples, values);
    if (values.dim() + 1 != samples.dim() || values.size(0) != samples.size(0) ||
        values.sizes().slice(1) != samples.sizes().slice(2))
      throw noneq::error(c10::str("got rows of values ", noneq::to_string(values.sizes().slice(1).vec()),
                                  " beside samples ", noneq::to_string(samples.sizes().slice(1).vec()),
                                  ", need the shape of one sample a row"));
    return put_back(b, samples, values.unsqueeze(1));
  }

  static void describe(noneq::description<restore>& d) {
    d.doc(
         "Puts the numbers that are known back into the samples of each row: a model that reads them as a condition "
         "draws them almost, not exactly. The samples of filled gaps then differ from the data in the gaps alone.")
        .reads("values", "[n, …], in data units: the known numbers, NaN where a number is not known")
        .writes("samples", "[n, K, …] or [n, …], as it receives them", noneq::extent::like_samples);
  }

 private:
  static noneq::batch put_back(const noneq::batch& b, const Tensor& samples, const Tensor& values) {
    noneq::batch made{b.step, b.first, {}};
    made.set("samples", at::where(values.isnan(), samples, values));
    return made;
  }
};

}

NONEQ_PLUGIN(restore);
