// noneq predict RUN_DIR: the network once, for comparing with other programs.
#include <fmt/format.h>

#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/trained_run.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/storage/safetensors.hpp"

namespace noneq {
namespace {

Tensor needed(const tensor_file& in, const std::string& name, const std::string& file) {
  const auto it = in.tensors.find(name);
  if (it == in.tensors.end()) throw input_error({error(fmt::format("has no tensor '{}'; need x, t, and class_labels if the model has classes", name), "", {file})});
  return it->second;
}

network_input read_input(const session& s, const std::string& file) {
  const tensor_file in = load_safetensors(file);
  network_input result{needed(in, "x", file).to(at::kFloat), needed(in, "t", file).to(at::kLong), {}, {}};
  const auto bad = [&](const std::string& what) { return input_error({error(what, "", {file})}); };
  sizes sample = result.x.sizes().vec();
  if (!sample.empty()) sample.erase(sample.begin());
  if (sample != s.shape()) throw bad(fmt::format("x: got samples of shape {}, need {}", to_string(sample), to_string(s.shape())));
  const std::int64_t n = result.x.size(0), T = s.plan().process.steps();
  if (result.t.sizes() != at::IntArrayRef{n}) throw bad(fmt::format("t: got {}, need [{}]", to_string(result.t.sizes().vec()), n));
  if (n > 0 && (result.t.min().item<std::int64_t>() < 0 || result.t.max().item<std::int64_t>() >= T)) throw bad(fmt::format("t: need indices in 0..{}", T - 1));
  if (s.info().classes > 0) result.label = needed(in, "class_labels", file).to(at::kLong);
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
    session s = run_folder::open(o->folder, plugins, [](value& document) { remove_beside_model(document); });
    at::NoGradGuard values_only;
    try {
      const Tensor y = s.denoiser(o->weights).network().forward(read_input(s, o->in));
      save_safetensors(o->out, {{{"y", y.contiguous()}}, {}});
    } catch (const input_error&) {
      throw;
    } catch (const error& e) {
      throw input_error({e});
    }
  });
}

}
