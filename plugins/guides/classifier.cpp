// A factor that a network gives: ln r(x), or the probability of a class. Sohl-Dickstein et al. 2015, §2.5; Dhariwal &
// Nichol 2021, "classifier guidance", of a network that knows data without noise.
//
// `exact` takes r(x̂⁰(x^t)) for r_t(x^t) = E[r(x⁰)|x^t] (Chung et al. 2023, "Diffusion posterior sampling"): exact where
// ln r is linear as far as x⁰ reaches given x^t, and for small noise; a curved ln r counts as if x⁰ were x̂⁰. `paper`
// moves the mean of every step from μ to μ + Σ ∇ ln r(μ) (Dhariwal & Nichol 2021, algorithm 1).
#include <mutex>

#include <torch/csrc/autograd/autograd.h>

#include "../script_file.hpp"

namespace {

using noneq::Tensor;

// Both modes need the derivative of `scale` · ln r.
struct log_factor : noneq::guidance {
  const shipped::script_file script;
  const noneq::normalisation normal;
  const double scale;
  const std::int64_t label;

  log_factor(shipped::script_file f, noneq::normalisation n, double s, std::int64_t of_class)
      : script(std::move(f)), normal(std::move(n)), scale(s), label(of_class) {}

  // Returns the derivative by x0 [n, …], in units of the model.
  Tensor slope(const Tensor& x0) const {
    const at::AutoGradMode with_gradients(true);
    const Tensor x = x0.detach().requires_grad_();
    const Tensor log_r = of_data(normal.restore(x).to(at::kFloat));
    const Tensor strange = log_r.detach().masked_select(log_r.isfinite().logical_not());
    if (strange.numel() > 0)
      throw script.wrong(c10::str("the network gave ln r(x) = ", strange[0].item<double>(),
                                  ", need finite numbers: r must be zero nowhere"));
    const Tensor by_x = log_r.requires_grad() ? torch::autograd::grad({log_r.sum()}, {x}, {}, c10::nullopt, false,
                                                                      /*allow_unused=*/true)[0]
                                              : Tensor{};
    if (!by_x.defined()) throw script.wrong("what the network gives has no derivative by x, need one that has");
    if (!by_x.isfinite().all().item<bool>())
      throw script.wrong("got a derivative of ln r(x) that is not finite, need finite numbers");
    return scale * by_x;
  }

 private:
  // Returns ln r [n] of data [n, …].
  Tensor of_data(const Tensor& x) const {
    std::vector<torch::jit::IValue> inputs{x};
    if (script.arguments() == 2) inputs.emplace_back(at::full({x.size(0)}, label, at::kLong));
    const torch::jit::IValue said = script.forward(std::move(inputs));
    const auto need = [&](const std::string& text) {
      return script.wrong("the network gave " + shipped::script_file::kind(said) + ", need " + text);
    };
    const std::string n = std::to_string(x.size(0));
    if (!said.isTensor() || said.toTensor().dim() < 1 || said.toTensor().dim() > 2 ||
        said.toTensor().size(0) != x.size(0) || !said.toTensor().is_floating_point())
      throw need("ln r(x) [" + n + "] or logits [" + n + ", classes] of floating type");
    const Tensor y = said.toTensor();
    if (y.dim() == 1) {
      if (label >= 0 && script.arguments() == 1) throw need("logits [" + n + ", classes], because there is a label");
      return y;
    }
    if (label < 0 || label >= y.size(1))
      throw need(c10::str("a label from 0 to ", y.size(1) - 1, " with it, got label: ", label));
    return y.log_softmax(1).select(1, label);
  }
};

struct class_of_states final : log_factor {
  using log_factor::log_factor;
  Tensor gradient(const noneq::guided_state& at) const override {
    return at.limited(at.covariance(slope(at.x0))) / at.reach();
  }
};

struct class_of_steps final : log_factor {
  using log_factor::log_factor;
  noneq::distribution multiplied(const noneq::distribution& p, const noneq::coefficients&) const override {
    return {p.location + p.log_variance.exp() * slope(p.location), p.log_variance};
  }
};

struct classifier : noneq::guide {
  std::filesystem::path file;
  std::string mode = "exact";
  double scale = 1;
  std::int64_t label = -1;

  bool multiplies_steps() const override { return mode == "paper"; }

  std::unique_ptr<noneq::guidance> begin(const noneq::guided_chunk& chunk) const override {
    std::unique_ptr<log_factor> r;
    if (multiplies_steps())
      r = std::make_unique<class_of_steps>(script(), chunk.normal, scale, label);
    else
      r = std::make_unique<class_of_states>(script(), chunk.normal, scale, label);
    noneq::sizes shape = chunk.shape;
    shape.insert(shape.begin(), 2);
    r->slope(at::zeros(shape));  // throws at once when the network does not fit
    return r;
  }

  void check() const override {
    const std::size_t arguments = script().arguments();
    if (arguments != 1 && arguments != 2)
      throw script().wrong(c10::str("got a forward of ", arguments, " arguments, need x, or x and label"));
    if (arguments == 2 && label < 0)
      throw script().wrong("got a forward of x and label, need a label: the class that is wanted");
  }

  static void describe(noneq::description<classifier>& d) {
    d.doc("r(x) of a network: ln r itself, or the probability of a class.")
        .param("file", &classifier::file,
               "TorchScript file: forward(x) or forward(x, label) for data x [n, …] in data units, float32, and label "
               "[n], int64; it gives ln r(x) [n] or logits [n, classes]",
               noneq::required())
        .param("label", &classifier::label, "the class that is wanted; -1: none, the network gives ln r(x)",
               noneq::at_least(-1))
        .param("scale", &classifier::scale, "power to which r is raised", noneq::above(0))
        .param("mode", &classifier::mode,
               "exact: r of x̂⁰(x^t) for r as x^t sees it; paper: r itself moves the mean of every step, as published",
               noneq::one_of({"exact", "paper"}))
        .spaces({"gaussian"});
  }

 private:
  // Read at first use, once for all chunks.
  const shipped::script_file& script() const {
    std::call_once(once_, [this] { script_.emplace(file); });
    return *script_;
  }

  mutable std::once_flag once_;
  mutable std::optional<shipped::script_file> script_;
};

}

NONEQ_PLUGIN(classifier);
