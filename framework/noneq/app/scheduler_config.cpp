#include "noneq/app/scheduler_config.hpp"

#include "noneq/diffusion/schedules.hpp"

namespace noneq::app {

using nlohmann::json;

// A plugin of the process, and the value of its key in a diffusers config.
static std::optional<std::string> theirs(const flow::plan& p, const char* role,
                                         const std::map<std::string, std::string>& names) {
  const auto part = p.process_parts.find(role);
  if (part == p.process_parts.end()) return {};
  const auto name = names.find(part->second.entry->name);
  return name == names.end() ? std::nullopt : std::optional(name->second);
}

// Betas by their name where they have one, so that a reader recognises them; as a list otherwise.
static void add_betas(json& c, const Tensor& beta) {
  const std::int64_t T = beta.numel();
  const auto first = beta[0].item<double>(), last = beta[-1].item<double>();
  const auto same = [&](const Tensor& other) { return at::allclose(beta, other, 1e-9, 1e-12); };
  c["trained_betas"] = nullptr;
  if (T > 1 && same(at::linspace(first, last, T, at::kDouble))) {
    c["beta_schedule"] = "linear";
    c["beta_start"] = first;
    c["beta_end"] = last;
  } else if (same(cosine(T))) {
    c["beta_schedule"] = "squaredcos_cap_v2";
  } else {
    c["trained_betas"] = std::vector<double>(beta.data_ptr<double>(), beta.data_ptr<double>() + T);
  }
}

std::optional<json> scheduler_config(const flow::plan& p, const std::string& version) {
  const auto kernel = theirs(p, "kernel", {{"gaussian", "gaussian"}});
  const auto prediction = theirs(p, "mean", {{"epsilon", "epsilon"}, {"x0", "sample"}, {"v", "v_prediction"}});
  const auto variance =
      theirs(p, "variance",
             {{"fixed_small", "fixed_small"}, {"fixed_large", "fixed_large"}, {"learned_range", "learned_range"}});
  if (!kernel || !prediction || !variance) return {};
  json c{{"_class_name", "DDPMScheduler"}, {"_diffusers_version", version}, {"num_train_timesteps", p.process.steps()},
         {"prediction_type", *prediction}, {"variance_type", *variance},    {"clip_sample", false}};
  const Tensor beta = p.process.tables.beta.detach().to(at::kDouble).contiguous();
  add_betas(c, beta);
  return c;
}

}
