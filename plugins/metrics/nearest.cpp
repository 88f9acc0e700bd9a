// The training row closest to each sample: has the model learned the data by heart? Rows that were not trained on tell
// how close new data comes by itself.
#include "distances.hpp"
#include "reference.hpp"

namespace {

using noneq::Tensor;

struct nearest : noneq::sample_metric {
  std::int64_t samples = 1000, pairs = 32;
  double quantile = 0.01;
  std::filesystem::path cache;

  std::unique_ptr<noneq::meter> follow(noneq::measurement& m) const override;

  void check_data(const noneq::dataset_info& info) const override {
    if (info.parts.empty())
      throw noneq::error("got data that is drawn without end, need a file: only its rows can be learned by heart");
  }

  static void describe(noneq::description<nearest>& d) {
    d.doc(
         "The distance from each sample to the closest training row, root mean square over the numbers of a sample, in "
         "data units, or in normalised units where numbers have scales of their own (per: channel or dim); and, where "
         "rows were held out, theirs, and the share of samples that are closer than those.")
        .param("samples", &nearest::samples, "samples to look at, from the first", noneq::at_least(2))
        .param("pairs", &nearest::pairs, "samples given to writers beside their closest rows, the closest first",
               noneq::between(1, 1e6))
        .param("quantile", &nearest::quantile,
               "a sample counts as memorised when it is closer than this share of the held-out rows are",
               noneq::inside(0, 1))
        .param("cache", &nearest::cache,
               "folder that keeps the distances of held-out rows; left out: reference/ in the folder of the run")
        .writes("samples", "float32 [pairs, …]: the samples closest to the training data, in data units",
                noneq::extent::like_samples)
        .writes("nearest", "float32 [pairs, …]: the training row closest to each", noneq::extent::like_samples)
        .writes("distance", "float64 [pairs]: between the two, as it is measured")
        .writes("row", "int64 [pairs]: the number of the training row");
  }
};

struct closest_rows {
  Tensor distance, row;  // float64 [n], int64 [n]
};

// Whether numbers of a sample have scales of their own: the large ones alone would say what is close then.
bool scales_differ(const noneq::dataset_info& info) {
  return (info.normal.scale != info.normal.scale.flatten()[0]).any().item<bool>();
}

// The training row closest to each of `points` [n, …] in data units.
closest_rows closest(noneq::measurement& m, const Tensor& points) {
  const noneq::dataset_info& info = m.data.info();
  const bool normalised = scales_differ(info);
  const auto compared = [&](const Tensor& rows) {
    const Tensor exact = rows.to(at::kDouble);
    return (normalised ? exact / info.normal.scale.to(at::kDouble) : exact).flatten(1);
  };
  const Tensor x = compared(points);
  closest_rows best{at::full({x.size(0)}, INFINITY, at::kDouble), at::zeros({x.size(0)}, at::kLong)};
  const auto among = [&](std::int64_t first, const noneq::batch& some) -> closest_rows {
    const Tensor y = compared(info.normal.restore(some.at("x0")));
    const auto [distance, row] = noneq::squared_distances(x, y).min(1);
    return {distance, row + first};
  };
  noneq::use_blocks(m, {"train", info.parts.at("train")}, 256, among, [&](const closest_rows& p) {
    const Tensor closer = p.distance < best.distance;
    best = {at::where(closer, p.distance, best.distance), at::where(closer, p.row, best.row)};
  });
  return {(best.distance / static_cast<double>(x.size(1))).sqrt(), best.row};
}

class nearest_meter : public noneq::meter {
 public:
  nearest_meter(const nearest& of, noneq::measurement& m) : of_(of), info_(m.data.info()) {}

  noneq::batch digest(const noneq::batch& chunk) const override {
    const std::int64_t wanted = std::max<std::int64_t>(0, of_.samples - chunk.first);
    return {chunk.step, chunk.first, {{"x", noneq::on_grid(info_, chunk.at("samples").slice(0, 0, wanted))}}};
  }
  void add(const noneq::batch& digested) override { parts_.push_back(digested.at("x")); }

  void finish(noneq::measurement& m) override {
    const Tensor x = at::cat(parts_);
    const closest_rows found = closest(m, x);
    report(m, "nearest", found.distance, "train");
    const std::string held_out = noneq::measured_part(info_);
    if (held_out != "train") {
      const Tensor others = held_out_distances(m, held_out);
      report(m, "nearest_held_out", others, held_out);
      const double limit = at::quantile(others, of_.quantile).item<double>();
      const double share = (found.distance < limit).to(at::kDouble).mean().item<double>();
      m.records.push_back({"memorised", share, "", std::sqrt(share * (1 - share) / static_cast<double>(x.size(0))),
                           held_out, x.size(0)});
    }
    give_pairs(m, x, found);
  }

 private:
  static void report(noneq::measurement& m, const char* name, const Tensor& distances, const std::string& part) {
    const noneq::estimate e = noneq::estimate_mean(distances);
    m.records.push_back({name, e.value, "", e.stderr, part, distances.size(0)});
  }

  Tensor held_out_distances(noneq::measurement& m, const std::string& part) const {
    const auto chosen = noneq::choose_rows(info_, part, of_.samples);
    const std::string key = info_.identity.empty()
                                ? ""
                                : c10::str("distances of ", info_.identity, "; part ", part, ", ", chosen.count,
                                           " rows", scales_differ(info_) ? ", normalised" : "");
    return noneq::kept_or_made(of_.cache.empty() ? m.folder / "reference" : of_.cache, "distances", key,
                               !of_.cache.empty(),
                               [&]() -> noneq::kept_tensors {
                                 const noneq::batch rows = m.data.prepare(m.data.fetch_part(part, 0, chosen.count));
                                 return {{"distance", closest(m, info_.normal.restore(rows.at("x0"))).distance}};
                               })
        .at("distance");
  }

  void give_pairs(noneq::measurement& m, const Tensor& x, const closest_rows& found) const {
    const Tensor order = found.distance.argsort().slice(0, 0, of_.pairs), row = found.row.index_select(0, order);
    std::vector<Tensor> images;
    for (std::int64_t k = 0; k < row.size(0); ++k)
      images.push_back(m.data.prepare(m.data.fetch_part("train", row[k].item<std::int64_t>(), 1)).at("x0"));
    m.arrays.set("samples", x.index_select(0, order).to(info_.normal.dtype));
    m.arrays.set("nearest", info_.normal.restore(at::cat(images)));
    m.arrays.set("distance", found.distance.index_select(0, order));
    m.arrays.set("row", row);
  }

  const nearest& of_;
  const noneq::dataset_info info_;
  std::vector<Tensor> parts_;
};

std::unique_ptr<noneq::meter> nearest::follow(noneq::measurement& m) const {
  return std::make_unique<nearest_meter>(*this, m);
}

}

NONEQ_PLUGIN(nearest);
