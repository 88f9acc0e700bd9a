// Precision and recall of samples (Kynkäänniemi et al. 2019): the share of samples within the data's manifold, and of
// the data within the samples'. A manifold is the union of balls around its points that reach to the k-th neighbour.
#include "feature_sets.hpp"
#include "manifold.hpp"

namespace {

using noneq::Tensor;

struct precision_recall : noneq::sample_metric, shipped::compared {
  std::int64_t neighbours = 3;

  std::unique_ptr<noneq::sinking> open(const noneq::measurement& m) const override;

  void check_data(const noneq::dataset_info& info) const override {
    compared::check_data(info);
    need(shipped::choose_rows(info, with, wanted_rows > 0 ? wanted_rows : neighbours + 1, 256, "with", "rows").count,
         "rows to compare with");
  }
  void check_count(std::int64_t samples) const override { need(samples, "samples"); }

  static void describe(noneq::description<precision_recall>& d) {
    d.doc(
         "Precision, how many samples look like data, and recall, how much of the data the samples can look like, in a "
         "space of features. Both depend on the number of samples and rows: compare equal numbers only.")
        .param("neighbours", &precision_recall::neighbours, "the k whose k-th nearest neighbour bounds a ball",
               noneq::between(1, 100));
    describe_common(d);
  }

 private:
  void need(std::int64_t have, const char* what) const {
    if (have <= neighbours)
      throw noneq::error(c10::str("got ", have, " ", what, ", need more than ", neighbours, ", the neighbours"));
  }
};

class manifold_sinking : public shipped::feature_sets {
 public:
  manifold_sinking(const precision_recall& of, const noneq::measurement& m) : feature_sets(of, m), k_(of.neighbours) {}

  noneq::outcome finish() override {
    noneq::outcome out;
    const Tensor x = samples(), y = data(x.size(0));
    const auto share = [&](const char* what, const shipped::manifold& manifold, const Tensor& points) {
      const double p = manifold.holds(points, m_.pass).to(at::kDouble).mean().item<double>();
      const auto n = static_cast<double>(points.size(0));
      out.records.push_back({name(what), p, "", std::sqrt(p * (1 - p) / n), part(), x.size(0)});
    };
    share("precision", shipped::manifold(y, k_, m_.pass), x);
    share("recall", shipped::manifold(x, k_, m_.pass), y);
    return out;
  }

 private:
  const std::int64_t k_;
};

std::unique_ptr<noneq::sinking> precision_recall::open(const noneq::measurement& m) const {
  return std::make_unique<manifold_sinking>(*this, m);
}

}

NONEQ_PLUGIN(precision_recall);
