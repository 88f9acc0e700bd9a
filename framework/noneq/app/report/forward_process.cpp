#include "noneq/app/report/forward_process.hpp"

#include "noneq/app/trained_run.hpp"
#include "noneq/flow/trimmed_pipeline.hpp"
#include "noneq/plugin/row_pass.hpp"

namespace noneq::app {
namespace {

Tensor first_rows(source& data, std::int64_t count) {
  std::vector<Tensor> rows;
  const std::int64_t there = data.info().measured;  // negative: without end
  const row_request all{"", there < 0 ? count : std::min(count, there)};
  for (std::int64_t k = 0; k < all.batches(); ++k)
    rows.push_back(data.prepare(flow::fetch_rows(&data, all, k)).at("x0"));
  return at::cat(rows);
}

}

Tensor forward_frames(report_source& run, const std::vector<std::int64_t>& times, std::int64_t count) {
  if (!run.plan || !run.plan->trains() || run.trained.is_null()) return {};
  try {
    const at::NoGradGuard values_only;
    const auto opened =
        open_run(run.folder.path().string(), run.plugins, [](config::value& d) { flow::remove_beside_model(d); });
    source* data = opened->data_if_there();
    if (data == nullptr) return {};
    const Tensor x0 = first_rows(*data, count).nan_to_num(0.);
    const process p = opened->denoiser("raw").process();
    const dataset_info& info = opened->info();
    std::vector<Tensor> frames;
    for (const std::int64_t t : times) {
      Tensor xt = x0;
      if (t > 0) {
        const auto c = coefficients_at(p.tables, at::full({x0.size(0)}, t - 1, at::kLong), x0);
        // One noise for all times: a sample moves along a straight way that the eye can follow.
        xt = p.kernel->jump(x0, c, p.kernel->noise(x0.sizes().vec(), opened->stream().fork("forward"), 0));
      }
      frames.push_back(info.as_stored(info.normal.restore(xt)));
    }
    return at::stack(frames, 1);
  } catch (const error&) {
    return {};
  }
}

}
