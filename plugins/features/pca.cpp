// Principal components of the training data: the directions in which it varies most, in float64. They are those of
// normalised data, or a channel whose numbers are small in data units would be in none of them.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

// The covariance takes d² numbers and its eigenvectors d³ operations.
constexpr std::int64_t most_numbers = 4096;

struct pca_map : noneq::feature_map {
  Tensor mean, basis;  // float64 [d], [d, components], of data units
  pca_map(Tensor m, Tensor b) : mean(std::move(m)), basis(std::move(b)) {}

  Tensor operator()(const Tensor& data) const override {
    return (data.flatten(1).to(at::kDouble) - mean).matmul(basis).to(at::kFloat);
  }
  std::map<std::string, Tensor> learned() const override { return {{"mean", mean}, {"basis", basis}}; }
};

struct pca : noneq::feature {
  std::int64_t components = 64, rows = 10000;

  std::string label() const override { return "pca" + std::to_string(components); }
  std::string identity() const override { return c10::str("normalised pca ", components, " of ", rows, " rows"); }

  void check_data(const noneq::dataset_info& info) const override {
    info.normal.need_affine("pca");
    const std::int64_t d = c10::multiply_integers(info.shape);
    if (d > most_numbers)
      throw noneq::error(
          c10::str("pca got samples of ", d, " numbers, need at most ", most_numbers, ", or features: torchscript"));
    if (components > d)
      throw noneq::error(c10::str("got ", components, ", need at most ", d, ", the numbers of a sample"), "components");
  }

  std::unique_ptr<noneq::feature_map> learn(const noneq::dataset_info& info,
                                            const training_rows& blocks) const override {
    check_data(info);
    const std::int64_t d = c10::multiply_integers(info.shape);
    const Tensor unit = info.normal.scale.to(at::kDouble).expand(info.shape).flatten();
    Tensor origin, sum = at::zeros({d}, at::kDouble), square = at::zeros({d, d}, at::kDouble);
    std::int64_t n = 0;
    const auto flat = [](const Tensor& block) { return block.flatten(1).to(at::kDouble); };
    blocks(rows, flat, [&](const Tensor& block) {
      if (!origin.defined()) origin = block.mean(0);  // near the mean, so that the squares keep their digits
      const Tensor x = (block - origin) / unit;
      sum += x.sum(0);
      square.addmm_(x.t(), x);
      n += x.size(0);
    });
    if (n == 0) throw noneq::error("pca got no training rows, need some");
    const Tensor shift = sum / n, covariance = square / n - shift.outer(shift);
    const auto [values, vectors] = at::linalg_eigh(covariance);  // ascending
    const Tensor kept = values.slice(0, d - components).flip(0).clamp_min(0);
    const double scale = std::sqrt(kept.mean().item<double>());
    if (!(scale > 0)) throw noneq::error("pca got training rows that are all the same, need data that varies");
    return std::make_unique<pca_map>(origin + unit * shift,
                                     vectors.slice(1, d - components).flip(1) / (scale * unit.unsqueeze(1)));
  }

  std::unique_ptr<noneq::feature_map> restore(const noneq::dataset_info&,
                                              const std::map<std::string, Tensor>& learned) const override {
    return std::make_unique<pca_map>(learned.at("mean"), learned.at("basis"));
  }

  static void describe(noneq::description<pca>& d) {
    d.doc(
         "The first principal components of the normalised training data, all divided by one number, so that their "
         "average variance over the training data is 1.")
        .param("components", &pca::components, "how many", noneq::between(1, most_numbers))
        .param("rows", &pca::rows, "training rows they are taken from, from the first", noneq::at_least(2));
  }
};

}

NONEQ_PLUGIN(pca);
