// noneq predict RUN_DIR: the network once, for comparing with other programs.
#include <fmt/format.h>

#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/trained_run.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/storage/safetensors.hpp"

namespace noneq {
namespace {

// The tensors of the file, each problem with its name.
class input_tensors {
 public:
  explicit input_tensors(const std::string& file) : file_(file), all_(load_safetensors(file)) {}

  Tensor get(const std::string& name) const {
    const auto it = all_.tensors.find(name);
    if (it == all_.tensors.end()) refuse(name, "is missing; need x, t, and class_labels if the model has classes");
    return it->second;
  }

  // Integers [n] in 0 … end − 1.
  Tensor indices(const std::string& name, std::int64_t n, std::int64_t end) const {
    const Tensor t = get(name);
    if (!at::isIntegralType(t.scalar_type(), false))
      refuse(name, fmt::format("got numbers of type {}, need integers", c10::toString(t.scalar_type())));
    if (t.sizes() != at::IntArrayRef{n})
      refuse(name, fmt::format("got shape {}, need [{}]", to_string(t.sizes().vec()), n));
    for (const Tensor& extreme : {t.min(), t.max()})
      if (const auto i = extreme.item<std::int64_t>(); i < 0 || i >= end)
        refuse(name, fmt::format("got {}, need a value in [0, {}]", i, end - 1));
    return t.to(at::kLong);
  }

  Tensor samples(const sizes& shape) const {
    const Tensor x = get("x");
    if (x.is_complex() || x.dim() == 0 || x.size(0) == 0 || x.sizes().slice(1) != at::IntArrayRef(shape)) {
      const std::string inner = to_string(shape);
      refuse("x", fmt::format("got shape {}, need [n, {}", to_string(x.sizes().vec()), inner.substr(1)));
    }
    return x.to(at::kFloat);
  }

 private:
  [[noreturn]] void refuse(const std::string& name, const std::string& what) const {
    throw error(what, name, {file_, 0, 0});
  }
  const std::string file_;
  const tensor_file all_;
};

network_input read_input(const session& s, const std::string& file) {
  const input_tensors in(file);
  network_input result{in.samples(s.shape()), {}, {}, {}};
  const std::int64_t n = result.x.size(0);
  result.t = in.indices("t", n, s.plan().process.steps());
  const std::int64_t labels = s.info().classes + (s.denoiser("raw").network().knows_no_class() ? 1 : 0);
  if (s.info().classes > 0) result.label = in.indices("class_labels", n, labels);
  result.log_snr = s.plan().process.log_snr(result.t);
  return result;
}

}

void add_predict(CLI::App& program) {
  struct options {
    std::string folder, in, out, weights = "ema";
  };
  auto o = std::make_shared<options>();
  CLI::App* verb = program.add_subcommand("predict", "the network's output for given x and t");
  verb->add_option("RUN_DIR", o->folder, "the folder of the run")->required();
  verb->add_option("--in", o->in, "safetensors file with x, t (0-based), and class_labels if any")->required();
  verb->add_option("--out", o->out, "safetensors file to write, with y")->required();
  verb->add_option("--weights", o->weights, "ema or raw")->check(CLI::IsMember({"ema", "raw"}));
  verb->callback([o] {
    registry plugins = installed_plugins();
    need_writable(o->out);
    const session s = open_run(o->folder, plugins, [](value& document) { remove_beside_model(document); });
    at::NoGradGuard values_only;
    const network_input in = as_input([&] { return read_input(s, o->in); });
    const Tensor y = s.denoiser(o->weights).network().forward(in);
    save_safetensors(o->out, {{{"y", y.contiguous()}}, {}});
  });
}

}
