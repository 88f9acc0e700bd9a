// Stateful plugins that draw samples. They are called once an event where there is one chunk.
#include "stateful.hpp"

namespace stateful {

namespace samplers {
// One step from noise that grows with each chunk.
struct counting : counted<noneq::sampler> {
  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    noneq::sizes shape = r.shape;
    shape.insert(shape.begin(), r.count);
    const Tensor noise = d.process().kernel->noise(shape, r.stream.fork("start"), r.first);
    return d.predict((1 + 0.01 * calls.next()) * noise, kept_steps(d.process()).back(), r.given).x0;
  }
  void check_request(const noneq::process&, const noneq::sampling_request&) const override { calls.next(); }
  static void describe(noneq::description<counting>& d) { d.doc("One step from noise that grows with each chunk."); }
};
NONEQ_PLUGIN(counting);
}

namespace grids {
struct counting : counted<noneq::grid> {
  std::vector<std::int64_t> indices(std::int64_t n, const noneq::tables& t) const override {
    std::vector<std::int64_t> kept(static_cast<std::size_t>(n));
    std::iota(kept.begin(), kept.end(), static_cast<std::int64_t>(calls.next()) % (t.steps() - n + 1));
    return kept;
  }
  static void describe(noneq::description<counting>& d) { d.doc("Steps that follow one another, later each time."); }
};
NONEQ_PLUGIN(counting);
}

namespace guides {
struct pulling : noneq::guidance {
  explicit pulling(double b) : by(b) {}
  Tensor gradient(const noneq::guided_state& at) const override { return at::full_like(at.xt, by); }
  const double by;
};

struct counting : counted<noneq::guide> {
  double by = 1;
  std::unique_ptr<noneq::guidance> begin(const noneq::guided_chunk&) const override {
    return std::make_unique<pulling>(0.01 * calls.next(by));
  }
  static void describe(noneq::description<counting>& d) {
    d.doc("Pulls further with each chunk.").param("by", &counting::by, "how much further");
  }
};
NONEQ_PLUGIN(counting);
}

}
