// Data as the noise that the probability flow ODE carries it to.
#include "flow_map.hpp"

namespace {

struct encode : noneq::model_transform, shipped::tolerances {
  std::unique_ptr<noneq::applied> open(const noneq::application& a) const override;

  static void describe(noneq::description<encode>& d) {
    d.doc(
        "x^T of each row, by the probability flow ODE from t = 1 to T with adaptive steps of order 5; transform.decode "
        "is its inverse. A self-conditioned network is told nothing.");
    shipped::describe_tolerances(d, "x", "has a latent that is not a number");
    d.reads("x0", "[n, …]: the data")
        .writes("latent", "float32 [n, …], in units of the model: x^T", noneq::extent::like_samples)
        .writes("latent_t", "float64 [n]: t of the latent; T, or where the ODE stopped")
        .spaces({"gaussian"});
  }
};

class encoding : public noneq::applied {
 public:
  encoding(const encode& of, const noneq::application& a) : a_(a), map_(a.denoiser, of) {}

  noneq::batch run(const noneq::batch& rows) const override {
    const auto there = map_.to_noise(rows.at("x0"), a_.denoiser.given(rows));
    return {rows.step, rows.first, {{"latent", there.x.to(at::kFloat)}, {"latent_t", there.t}}};
  }

 private:
  const noneq::application& a_;
  const shipped::flow_map map_;
};

std::unique_ptr<noneq::applied> encode::open(const noneq::application& a) const {
  return std::make_unique<encoding>(*this, a);
}

}

NONEQ_PLUGIN(encode);
