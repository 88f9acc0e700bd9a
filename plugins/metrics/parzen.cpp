// Parzen-window estimate of the log likelihood of data under samples: a Gaussian of width σ around each sample, σ
// chosen on rows that are not measured (Breuleux et al. 2011; the measure of table 1 in Sohl-Dickstein et al. 2015,
// there of 10,000 samples). It means little in many dimensions: memorised data passes it best.
#include "distances.hpp"
#include "noneq/diffusion/bound.hpp"
#include "reference.hpp"

namespace {

using noneq::Tensor;

struct parzen : noneq::sample_metric {
  static constexpr std::int64_t block = 64;  // rows that are compared with all samples at a time
  std::int64_t samples = 1000, tuning = 1000, candidates = 20;
  double sigma = 0;
  std::string split = "auto";

  std::unique_ptr<noneq::sinking> open(const noneq::measurement& m) const override;

  void check_data(const noneq::dataset_info& info) const override {
    shipped::choose_rows(info, split, samples);
    if (sigma == 0) shipped::choose_rows(info, tuned_on(info), tuning, block, "split", "tuning");
    if (sigma == 0 && !info.parts.empty() && tuned_on(info) == measured_on(info))
      throw noneq::error("got data of one part only, need another part to choose σ on, or sigma: a number");
  }
  void check_count(std::int64_t drawn) const override {
    if (drawn < 2) throw noneq::error(c10::str("got a sampler of count ", drawn, ", need at least 2 samples"));
  }

  std::string measured_on(const noneq::dataset_info& info) const {
    return split == "auto" ? noneq::measured_part(info) : split;
  }
  std::string tuned_on(const noneq::dataset_info& info) const {
    const bool validates = info.parts.count("validation") && measured_on(info) != "validation";
    return validates ? "validation" : "train";
  }

  static void describe(noneq::description<parzen>& d) {
    d.doc(
         "Log likelihood of data under Gaussian windows around the samples, in bits per sample of the data and of "
         "densities in data units. Take 10,000 samples to compare with published numbers.")
        .param("samples", &parzen::samples, "rows of the data to measure on, from the first", noneq::at_least(2));
    shipped::describe_split(d);
    d.param("sigma", &parzen::sigma,
            "width of the windows in data units; 0: the best on validation rows, or on training rows without them",
            noneq::at_least(0))
        .param("tuning", &parzen::tuning, "rows that σ is chosen on", noneq::at_least(2))
        .param("candidates", &parzen::candidates,
               "widths tried, in equal ratios from 1/100 to 1 of the spread of the samples", noneq::between(2, 1e4));
  }
};

class parzen_sinking : public noneq::sinking {
 public:
  parzen_sinking(const parzen& of, const noneq::measurement& m) : of_(of), m_(m) {}

  noneq::batch map(noneq::batch b) const override {
    return {b.step, b.first, {{"x", b.at("samples").flatten(1).to(at::kDouble)}}};
  }
  void add(const noneq::batch& mapped) override { kept_.add(mapped); }

  noneq::outcome finish() override {
    const noneq::dataset_info& info = m_.info;
    const Tensor x = kept_.joined("x");
    double sigma = of_.sigma;
    if (sigma == 0) {
      const double spread = std::sqrt(x.var(0).mean().item<double>());
      if (!(spread > 0)) throw noneq::error("got samples that are all alike, need samples that differ, or sigma");
      const Tensor widths = spread * at::pow(10., at::linspace(-2, 0, of_.candidates, at::kDouble));
      // Data without parts is drawn afresh: the rows behind those that are measured.
      const auto chosen = info.parts.empty() ? noneq::row_request{"", of_.tuning, of_.samples, of_.block}
                                             : shipped::choose_rows(info, of_.tuned_on(info), of_.tuning, of_.block);
      sigma = widths[log_density(chosen, x, widths).mean(0).argmax()].item<double>();
    }
    const auto chosen = shipped::choose_rows(info, of_.split, of_.samples, of_.block);
    const Tensor nats = log_density(chosen, x, at::scalar_tensor(sigma, at::kDouble).view({1})).squeeze(1);
    const noneq::estimate e = noneq::estimate_mean(nats);
    noneq::outcome out;
    out.records.push_back(
        {"parzen", noneq::bits(e.value), "bits/sample", noneq::bits(e.stderr), chosen.part, nats.size(0)});
    out.records.push_back({"parzen_sigma", sigma, ""});
    return out;
  }

 private:
  // ln of the mean over samples x [S, D] of N(row; sample, σ²), for each row and each of `widths` [K]: [n, K].
  Tensor log_density(const noneq::row_request& chosen, const Tensor& x, const Tensor& widths) const {
    return shipped::mapped(
               m_.pass, chosen,
               [&](const noneq::batch& rows) -> noneq::batch {
                 const Tensor y = m_.info.normal.restore(rows.at("x0")).flatten(1).to(at::kDouble);
                 const Tensor distances = shipped::squared_distances(y, x);
                 std::vector<Tensor> of_width;
                 for (const Tensor& s : widths.unbind())
                   of_width.push_back(at::logsumexp(distances / (-2 * s * s), 1) -
                                      static_cast<double>(x.size(1)) * (s * std::sqrt(2 * M_PI)).log());
                 const Tensor log_sum = at::stack(of_width, 1);
                 return {rows.step, rows.first, {{"log_density", log_sum - std::log(static_cast<double>(x.size(0)))}}};
               })
        .joined("log_density");
  }

  const parzen& of_;
  const noneq::measurement& m_;
  shipped::mapped_batches kept_;
};

std::unique_ptr<noneq::sinking> parzen::open(const noneq::measurement& m) const {
  return std::make_unique<parzen_sinking>(*this, m);
}

}

NONEQ_PLUGIN(parzen);
