// Kernel distance between samples and data: the unbiased squared maximum mean discrepancy with the kernel (x·y/D + 1)³
// (KID, Bińkowski et al. 2018, §4). The samples are cut into blocks; their mean is the distance, their spread its
// error.
#include "feature_sets.hpp"
#include "mmd.hpp"
#include "noneq/diffusion/bound.hpp"

namespace {

using noneq::Tensor;

struct kernel_distance : noneq::sample_metric, shipped::compared {
  std::int64_t blocks = 10;

  std::unique_ptr<noneq::sinking> open(const noneq::measurement& m) const override;

  void check_data(const noneq::dataset_info& info) const override {
    compared::check_data(info);
    const std::int64_t there =
        shipped::choose_rows(info, with, wanted_rows > 0 ? wanted_rows : 2 * blocks, 256, "with", "rows").count;
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

class kernel_sinking : public shipped::feature_sets {
 public:
  kernel_sinking(const kernel_distance& of, const noneq::measurement& m) : feature_sets(of, m), blocks_(of.blocks) {}

  noneq::outcome finish() override {
    const Tensor x = samples(), y = data(x.size(0));
    const auto distance_of_block = [&](const noneq::batch& b) -> noneq::batch {
      const auto block = [&](const Tensor& t) {
        return t.slice(0, b.step * t.size(0) / blocks_, (b.step + 1) * t.size(0) / blocks_).to(at::kDouble);
      };
      return {b.step,
              b.first,
              {{"distance", at::full({1}, shipped::unbiased_squared_mmd(block(x), block(y)), at::kDouble)}}};
    };
    const Tensor each = shipped::mapped(m_.pass, {"", blocks_, 0, 1, false}, distance_of_block).joined("distance");
    const noneq::estimate e = noneq::estimate_mean(each);
    noneq::outcome out;
    out.records.push_back({name("kernel_distance"), e.value, "", e.stderr, part(), x.size(0)});
    return out;
  }

 private:
  const std::int64_t blocks_;
};

std::unique_ptr<noneq::sinking> kernel_distance::open(const noneq::measurement& m) const {
  return std::make_unique<kernel_sinking>(*this, m);
}

}

NONEQ_PLUGIN(kernel_distance);
