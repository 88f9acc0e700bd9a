// The Fréchet distance between samples and data, taken as Gaussians in a space of features. With the features of the
// Inception network this is the FID of Heusel et al. 2017.
#include "gaussian_fit.hpp"
#include "reference.hpp"

namespace {

using noneq::Tensor;

struct frechet : noneq::sample_metric, shipped::compared {
  std::unique_ptr<noneq::sinking> open(const noneq::measurement& m) const override;

  void check_data(const noneq::dataset_info& info) const override {
    compared::check_data(info);
    shipped::choose_rows(info, with, wanted_rows, 256, "with", "rows");
  }
  void check_count(std::int64_t samples) const override {
    if (samples < 2) throw noneq::error(c10::str("got a sampler of count ", samples, ", need at least 2 samples"));
  }

  static void describe(noneq::description<frechet>& d) {
    d.doc(
        "The squared Fréchet distance between samples and data in a space of features; with Inception's features this "
        "is FID. It falls with the number of samples: compare equal numbers only.");
    describe_common(d);
  }
};

class frechet_sinking : public shipped::feature_sinking {
 public:
  frechet_sinking(const frechet& of, const noneq::measurement& m)
      : feature_sinking(of, m), chosen_(shipped::choose_rows(m.info, of.with, of.wanted_rows, 256, "with", "rows")) {
    kept_ =
        shipped::kept_or_made(of.cache_folder(m), "moments-" + of.features->label(), of.key(m.info, chosen_, "moments"),
                              !of.cache.empty(), [&]() -> shipped::kept_tensors {
                                shipped::gaussian_fit fit;
                                of.visit(m, chosen_, *map_, [&](const Tensor& rows) { fit.add(rows); });
                                return {{"mean", fit.mean()}, {"covariance", fit.covariance()}};
                              });
  }

  void add(const noneq::batch& mapped) override {
    fit_.add(mapped.at("features"));
    count_ += mapped.size();
  }

  noneq::outcome finish() override {
    const double distance =
        shipped::frechet_distance(fit_.mean(), fit_.covariance(), kept_.at("mean"), kept_.at("covariance"));
    noneq::outcome out;
    out.records.push_back(
        {name("frechet"), distance, "", std::numeric_limits<double>::quiet_NaN(), chosen_.part, count_});
    return out;
  }

 private:
  const noneq::row_request chosen_;
  shipped::kept_tensors kept_;
  shipped::gaussian_fit fit_;
  std::int64_t count_ = 0;
};

std::unique_ptr<noneq::sinking> frechet::open(const noneq::measurement& m) const {
  return std::make_unique<frechet_sinking>(*this, m);
}

}

NONEQ_PLUGIN(frechet);
