// Kernel distance between samples and data: the unbiased squared maximum mean discrepancy with the kernel (x·y/D + 1)³
// (KID, Bińkowski et al. 2018, §4). The samples are cut into blocks; their mean is the distance, their spread its
// error.
#include "feature_sets.hpp"
#include "mmd.hpp"
#include "noneq/diffusion/bound.hpp"

namespace {

using noneq::Tensor;

struct kernel_distance : noneq::sample_metric, noneq::compared {
  std::int64_t blocks = 10;

  std::unique_ptr<noneq::meter> follow(noneq::measurement& m) const override;

  void check_data(const noneq::dataset_info& info) const override {
    compared::check_data(info);
    const std::int64_t there = noneq::choose_rows(info, with, rows > 0 ? rows : 2 * blocks, "with", "rows").count;
    if (there < 2 * blocks)
      throw noneq::error(
          c10::str("got ", there, " rows to compare with, need at least ", 2 * blocks, ", two for each block"));
  }
  void check_count(std::int64_t samples) const override {
    if (samples < 2 * blocks)
      throw noneq::error(
          c10::str("got a sampler of count ", samples, ", need at least ", 2 * blocks, " samples, two for each block"));
  }

  static void describe(noneq::description<kernel_distance>& d) {
    d.doc(
         "The unbiased squared kernel distance (KID) between samples and data in a space of features; 0 on average for "
         "samples of the data's own distribution, so that it may be negative.")
        .param("blocks", &kernel_distance::blocks, "blocks into which samples and data are cut for the standard error",
               noneq::between(2, 1000));
    describe_common(d);
  }
};

class kernel_meter : public noneq::feature_sets {
 public:
  kernel_meter(const kernel_distance& of, noneq::measurement& m) : feature_sets(of, m), blocks_(of.blocks) {}

  void finish(noneq::measurement& m) override {
    const Tensor x = samples(), y = data(m, x.size(0));
    Tensor each = at::empty({blocks_}, at::kDouble);
    m.parallel(blocks_, [&](std::int64_t i) {
      const auto block = [&](const Tensor& t) {
        return t.slice(0, i * t.size(0) / blocks_, (i + 1) * t.size(0) / blocks_).to(at::kDouble);
      };
      each[i] = noneq::unbiased_squared_mmd(block(x), block(y));
    });
    const noneq::estimate e = noneq::estimate_mean(each);
    m.records.push_back({name("kernel_distance"), e.value, "", e.stderr, part(), x.size(0)});
  }

 private:
  const std::int64_t blocks_;
};

std::unique_ptr<noneq::meter> kernel_distance::follow(noneq::measurement& m) const {
  return std::make_unique<kernel_meter>(*this, m);
}

}

NONEQ_PLUGIN(kernel_distance);
