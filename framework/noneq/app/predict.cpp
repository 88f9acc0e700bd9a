// noneq predict RUN_DIR: the network once, for comparing with other programs. In place of a run it may be the folder of
// a UNet2DModel, which has no schedule and no data beside it.
#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/out_file.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/trained_run.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/core/dtype.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/plugin/roles/model.hpp"
#include "noneq/storage/safetensors.hpp"

namespace noneq::app {
namespace {

std::int64_t not_finite(const Tensor& x) { return x.isfinite().logical_not().sum().item<std::int64_t>(); }

// The tensors of the file, each problem with its name.
class input_tensors {
 public:
  explicit input_tensors(const std::string& file) : file_(file), all_(storage::load_safetensors(file)) {}

  Tensor get(const std::string& name) const {
    const auto it = all_.tensors.find(name);
    if (it == all_.tensors.end())
      refuse(name, "is missing; need x, t, class_labels if the model has classes, and its conditions");
    return it->second;
  }

  bool has(const std::string& name) const { return all_.tensors.contains(name); }

  // Integers [n] in 0 … end − 1.
  Tensor indices(const std::string& name, std::int64_t n, std::int64_t end) const {
    const Tensor t = get(name);
    if (!at::isIntegralType(t.scalar_type(), false))
      refuse(name, fmt::format("got numbers of type {}, need integers", dtype_text(t.scalar_type())));
    if (t.sizes() != at::IntArrayRef{n})
      refuse(name, fmt::format("got shape {}, need [{}]", to_string(t.sizes().vec()), n));
    for (const Tensor& extreme : {t.min(), t.max()})
      if (const auto i = extreme.item<std::int64_t>(); i < 0 || i >= end)
        refuse(name, fmt::format("got {}, need a value in [0, {}]", i, end - 1));
    return t.to(at::kLong);
  }

  // [n, …], of any shape.
  Tensor any_samples() const {
    const Tensor x = get("x");
    if (x.is_complex() || x.dim() < 2 || x.numel() == 0)
      refuse("x", fmt::format("got shape {}, need [n, C, H, W]", to_string(x.sizes().vec())));
    return finite(x, "x");
  }

  // [n, …], with rows of this shape.
  Tensor rows(const std::string& name, const sizes& shape) const {
    const Tensor x = get(name);
    if (x.is_complex() || x.dim() == 0 || x.size(0) == 0 || x.sizes().slice(1) != at::IntArrayRef(shape)) {
      const std::string inner = to_string(shape);
      refuse(name, fmt::format("got shape {}, need [n, {}", to_string(x.sizes().vec()), inner.substr(1)));
    }
    return finite(x, name);
  }

 private:
  Tensor finite(const Tensor& given, const std::string& name) const {
    Tensor x = given.to(at::kFloat);
    if (const std::int64_t lost = not_finite(x); lost > 0)
      refuse(name,
             fmt::format("got {} of {} numbers that are not finite in float32, need finite ones", lost, x.numel()));
    return x;
  }
  [[noreturn]] void refuse(const std::string& name, const std::string& what) const {
    throw error(what, name, {file_, 0, 0});
  }
  const std::string file_;
  const storage::tensor_file all_;
};

network_input read_input(const flow::session& s, const std::string& file) {
  const input_tensors in(file);
  network_input result{in.rows("x", s.shape()), {}, {}, {}};
  const std::int64_t n = result.x.size(0);
  result.t = in.indices("t", n, s.plan().process.steps());
  const std::int64_t labels = s.info().classes + (s.denoiser("raw").network().knows_no_class() ? 1 : 0);
  if (s.info().classes > 0) result.given = {{"label", in.indices("class_labels", n, labels)}};
  for (const std::string& name : s.conditions())
    result.given = result.given.with(name, in.rows(name, s.info().fields.at(name).shape));
  result.log_snr = s.plan().process.log_snr(result.t);
  return result;
}

struct predict_options {
  std::string folder, in, weights = "ema";
  out_file out;
};

Tensor answer_of_run(const predict_options& o, registry& plugins) {
  const auto opened = open_run(o.folder, plugins, [](config::value& document) { flow::remove_beside_model(document); });
  const flow::session& s = *opened;
  const network_input input = as_input([&] {
    flow::refuse_files_of_run(o.out.path, s.plan(), o.folder);
    o.out.need_free();
    return read_input(s, o.in);
  });
  return s.denoiser(o.weights).network().forward(input);
}

bool is_diffusers(const std::filesystem::path& folder) {
  return std::filesystem::exists(folder / "config.json") && !std::filesystem::exists(folder / "pipeline.yaml");
}

Tensor answer_of_diffusers(const predict_options& o, registry& plugins) {
  return as_input([&] {
    for (const auto& own : std::filesystem::directory_iterator(o.folder))
      o.out.need_other_file(own.path(), "the model itself");
    o.out.need_free();
    const input_tensors in(o.in);
    constexpr std::int64_t any = INT64_MAX;
    network_input input{in.any_samples(), {}, {}, {}};
    const std::int64_t n = input.x.size(0);
    input.t = in.indices("t", n, any);
    if (in.has("class_labels")) input.given = {{"label", in.indices("class_labels", n, any)}};
    config::problems found;
    config::value from = config::value::map({{"plugin", config::value::scalar("unet")},
                                             {"from", config::value::scalar(o.folder, true)},
                                             {"precision", config::value::scalar("fp32")}});
    const instance made = instantiate("model", from, {plugins, found, ""});
    found.raise();
    const auto net = std::static_pointer_cast<model>(made.made)->build({input.x.sizes().slice(1).vec(), 0, 0, 0});
    return net->forward(input);
  });
}

}

void add_predict(CLI::App& program) {
  auto o = std::make_shared<predict_options>();
  CLI::App* verb = program.add_subcommand("predict", "the network's output for given x and t");
  verb->add_option("RUN_DIR", o->folder, "the folder of the run, or of a UNet2DModel of diffusers")
      ->required()
      ->check(not_empty());
  verb->add_option(
          "--in", o->in,
          "safetensors file with x, t (0-based), and class_labels and conditions, if any, in units of the model")
      ->required();
  o->out.add_to(*verb, "safetensors file to write, with y")->required();
  verb->add_option("--weights", o->weights, "ema or raw")->check(one_of({"ema", "raw"}));
  verb->callback([o] {
    registry plugins = installed_plugins();
    o->out.need_writable("safetensors");
    o->out.need_other_file(o->in, "--in");
    at::NoGradGuard values_only;
    const Tensor y = is_diffusers(o->folder) ? answer_of_diffusers(*o, plugins) : answer_of_run(*o, plugins);
    if (const std::int64_t lost = not_finite(y); lost > 0)
      throw error(fmt::format("{}: the network returned {} of {} numbers that are not finite; nothing was written",
                              o->folder, lost, y.numel()));
    storage::save_safetensors(o->out.path, {{{"y", y.contiguous()}}, {}});
  });
}

}
