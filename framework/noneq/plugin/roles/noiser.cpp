#include "noneq/plugin/roles/noiser.hpp"

namespace noneq {

// t − 1 anywhere in [0, T − 1]. The steps of length 1 that end there make a walk from T to the data for each offset, of
// T − 1 steps in the mean.
static drawn_times any_times(const time_sampler& time, std::int64_t B, std::int64_t T, const stream& s) {
  const double last = static_cast<double>(T - 1);
  return {time.draw_unit(B, s) * last, at::full({B}, last / static_cast<double>(T), at::kFloat)};
}

void noiser::check_continuous() const { time->draw_unit(1, stream(0)); }

void noiser::draw(batch& b, const process& p, const stream& s) const {
  const Tensor& x0 = b.at("x0");
  const drawn_times times = p.tables.continuous() ? any_times(*time, x0.size(0), p.steps(), s.fork("t"))
                                                  : time->draw(x0.size(0), p.steps(), s.fork("t"));
  b.set("t", times.index);
  b.set("weight", times.weight);
  b.set("noise", p.kernel->noise(x0.sizes().vec(), s.fork("noise"), b.first));
}

void noiser::drop_labels(batch& b, std::int64_t no_class, const stream& s) const {
  if (label_dropout == 0 || !b.has("label")) return;
  const Tensor& label = b.at("label");
  const Tensor dropped = s.fork("label").uniform({label.size(0)}, b.first).lt(label_dropout);
  b.set("label", label.masked_fill(dropped, no_class));
}

}
