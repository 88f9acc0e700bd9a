// A node that applies a trained model to each row of a stream. Here how far a row is from what the model knows: it is
// noised to t, and compared with the x̂⁰ that the network then predicts. Rows unlike the data have large numbers.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct my_plugin : noneq::model_transform {
  std::int64_t t = 10;

  // Called once, when the stream begins.
  std::unique_ptr<noneq::applied> open(const noneq::application& a) const override;

  // Everything that can be refused before anything runs.
  void check_process(const noneq::process& p) const override {
    if (t > p.steps())
      throw noneq::error(c10::str("got ", t, ", need at most ", p.steps(), ", the steps of the schedule"), "t");
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("The root mean square of x̂⁰ − x⁰ over the numbers of each row, when it is noised to t.")
        .param("t", &my_plugin::t, "step that rows are noised to", noneq::at_least(1))
        .reads("x0", "[n, …]: the data, in units of the model")
        .writes("surprise", "float32 [n], in units of the model");
  }
};

// The node at work on a stream. run() is called by several threads at once.
class comparing : public noneq::applied {
 public:
  comparing(const my_plugin& of, const noneq::application& a) : a_(a), index_(of.t - 1) {}

  // Returns tensors of a row each, under names that the rows do not have yet. The result of a row may depend on the row
  // and its number in the stream alone: row k takes its random numbers from row rows.first + k.
  noneq::batch run(const noneq::batch& rows) const override {
    const noneq::process& p = a_.denoiser.process();
    const Tensor& x0 = rows.at("x0");
    const auto c = noneq::coefficients_at(p.tables, at::full({x0.size(0)}, index_, at::kLong), x0);
    const Tensor xt = p.kernel->jump(x0, c, p.kernel->noise(x0.sizes().vec(), a_.stream, rows.first));
    const Tensor off = a_.denoiser.predict(xt, index_, a_.denoiser.given(rows)).x0 - x0;
    return {rows.step, rows.first, {{"surprise", off.square().flatten(1).mean(1).sqrt().to(at::kFloat)}}};
  }

 private:
  const noneq::application& a_;
  const std::int64_t index_;
};

std::unique_ptr<noneq::applied> my_plugin::open(const noneq::application& a) const {
  return std::make_unique<comparing>(*this, a);
}

NONEQ_PLUGIN(my_plugin);

}
