#include "noneq/plugin/roles/noiser.hpp"

namespace noneq {

void noiser::draw(batch& b, const process& p, const stream& s) const {
  const Tensor& x0 = b.at("x0");
  // Those of a sample may depend on the number of samples.
  const drawn_times times = time->draw(b.rows_in_all(), p, s.fork("t"));
  const auto here = [&](const Tensor& all) {
    return b.of_rows > 0 ? all.slice(0, b.first, b.first + b.size()).clone() : all;
  };
  b.set("t", here(times.index));
  b.set("weight", here(times.weight));
  b.set("noise", p.kernel->noise(x0.sizes().vec(), s.fork("noise"), b.first));
}

void noiser::drop_labels(batch& b, std::int64_t no_class, const stream& s) const {
  if (label_dropout == 0 || !b.has("label")) return;
  const Tensor& label = b.at("label");
  const Tensor dropped = s.fork("label").uniform({label.size(0)}, b.first).lt(label_dropout);
  b.set("label", label.masked_fill(dropped, no_class));
}

}
