// Noise as the data that the probability flow ODE carries it to.
#include "flow_map.hpp"

namespace {

struct decode : noneq::model_transform, shipped::tolerances {
  std::unique_ptr<noneq::applied> open(const noneq::application& a) const override;

  static void describe(noneq::description<decode>& d) {
    d.doc(
        "The data of each x^T, by the probability flow ODE from t = T to 1 with adaptive steps of order 5; the inverse "
        "of transform.encode. The noise of t = 1 stays in it. A self-conditioned network is told nothing.");
    shipped::describe_tolerances(d, "x", "has a sample that is not a number");
    d.reads("latent", "[n, …], in units of the model: x^T", noneq::extent::like_samples)
        .writes("samples", "[n, …], in data units, float32 or float64 as data needs it", noneq::extent::like_samples)
        .writes("samples_t", "float64 [n]: t of the sample; 1, or where the ODE stopped")
        .spaces({"gaussian"});
  }
};

class decoding : public noneq::applied {
 public:
  decoding(const decode& of, const noneq::application& a) : a_(a), map_(a.denoiser, of) {}

  noneq::batch run(const noneq::batch& rows) const override {
    const auto there = map_.to_data(rows.at("latent"), a_.denoiser.given(rows));
    const noneq::normalisation& normal = a_.info.normal;
    return {rows.step, rows.first, {{"samples", normal.restore(there.x).to(normal.dtype)}, {"samples_t", there.t}}};
  }

 private:
  const noneq::application& a_;
  const shipped::flow_map map_;
};

std::unique_ptr<noneq::applied> decode::open(const noneq::application& a) const {
  return std::make_unique<decoding>(*this, a);
}

}

NONEQ_PLUGIN(decode);
