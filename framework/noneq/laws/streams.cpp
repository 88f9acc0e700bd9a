#include "noneq/laws/detail/streams.hpp"

#include "noneq/laws/detail/formula.hpp"
#include "noneq/laws/detail/settings.hpp"
#include "noneq/laws/detail/some_data.hpp"

namespace noneq::laws {
namespace {

constexpr std::int64_t streamed = 24;

written_stream of_samples(const std::string& text, const sizes& shape, std::int64_t frames, const process& p) {
  sizes rows = shape;
  rows.insert(rows.begin(), streamed);
  const stream s(61);
  const Tensor samples = s.normal(rows);
  written_stream w{text, {"sampler.ancestral", {}, shape, p.kernel->has_variance()}, {}, nullptr, nullptr, {}};
  w.data = std::make_shared<data_in_memory>(
      std::map<std::string, Tensor>{{"train", s.fork("train").normal(rows)}, {"test", s.fork("test").normal(rows)}});
  w.denoiser = std::make_shared<denoiser>(plain_denoiser(p));
  w.input.tensors = {{"samples", "float32 [n, …]", extent::like_samples}, {"label", "int64 [n]"}};
  batch all{0, 0, {{"samples", samples}, {"label", at::arange(streamed, at::kLong).remainder(3)}}};
  if (frames > 0) {
    w.input.tensors.push_back({"frames", "[n, F, …]"});
    std::vector<Tensor> each;
    for (std::int64_t k = 0; k < frames; ++k) {
      w.frame_times.push_back(p.steps() * (frames - 1 - k) / (frames - 1));
      each.push_back(k + 1 < frames ? s.fork(k).normal(rows) : samples);
    }
    all.set("frames", at::stack(each, 1));
  }
  w.batches = in_blocks(all, 10);
  return w;
}

written_stream of_curves(const process& p) {
  written_stream w = of_samples("the curves of a metric", {2}, 0, p);
  w.input.from = "metric.bound";
  w.input.tensors = {{"kl", "float64 [k]", extent::per_step}, {"t", "int64 [k]"}};
  const std::int64_t T = p.steps();
  w.batches = {{0, 0, {{"kl", at::linspace(0.1, 2, T - 1, at::kDouble)}, {"t", at::arange(2, T + 1, at::kLong)}}}};
  return w;
}

}

writing written_stream::writing_to(const std::filesystem::path& folder, const std::string& occasion) const {
  writing w{folder,     occasion,         denoiser.get(), pass_over(*data),
            stream(67), {{"seed", "67"}}, frame_times,    data->info()};
  w.tensors = input.tensors;
  w.batch = batches.front().size();
  return w;
}

std::vector<written_stream> streams_to_write(const subject& s) {
  const process p = settings(s, twelve_steps()).front().process;
  return {of_samples("samples that are points", {2}, 0, p),
          of_samples("samples that are pictures", {1, 8, 8}, 0, p),
          of_samples("samples of five channels", {5, 8, 8}, 0, p),
          of_samples("points on their way from noise", {2}, 5, p),
          of_samples("sequences on their way from noise", {16}, 5, p),
          of_curves(p)};
}

}
