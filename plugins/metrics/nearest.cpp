// The training row closest to each sample, to detect a model that learned the data by heart. Rows that were not trained
// on show how close new data comes by itself.
#include "distances.hpp"
#include "reference.hpp"

namespace {

using noneq::Tensor;

struct nearest : noneq::sample_metric {
  std::int64_t samples = 1000, pairs = 32;
  double quantile = 0.01;
  std::filesystem::path cache;

  std::unique_ptr<noneq::sinking> open(const noneq::measurement& m) const override;

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

// Returns whether numbers of a sample have scales of their own, or are not only scaled: the large ones alone would then
// decide what is close.
bool scales_differ(const noneq::dataset_info& info) {
  return !info.normal.affine() || (info.normal.scale != info.normal.scale.flatten()[0]).any().item<bool>();
}

// The training row closest to each of `points` [n, …] in data units.
closest_rows closest(const noneq::measurement& m, const Tensor& points) {
  const bool normalised = scales_differ(m.info);
  const auto compared = [&](const Tensor& rows) {
    if (!m.info.normal.affine()) return m.info.normal.apply(rows).to(at::kDouble).flatten(1);
    const Tensor exact = rows.to(at::kDouble);
    return (normalised ? exact / m.info.normal.scale.to(at::kDouble) : exact).flatten(1);
  };
  const Tensor x = compared(points);
  closest_rows best{at::full({x.size(0)}, INFINITY, at::kDouble), at::zeros({x.size(0)}, at::kLong)};
  m.pass(
      {"train", m.info.parts.at("train")},
      [&](const noneq::batch& rows) -> noneq::batch {
        const Tensor y = compared(m.info.normal.restore(rows.at("x0")));
        const auto [distance, row] = shipped::squared_distances(x, y).min(1);
        return {rows.step, rows.first, {{"distance", distance}, {"row", row + rows.first}}};
      },
      [&](const noneq::batch& found) {
        const Tensor closer = found.at("distance") < best.distance;
        best = {at::where(closer, found.at("distance"), best.distance), at::where(closer, found.at("row"), best.row)};
      });
  return {(best.distance / static_cast<double>(x.size(1))).sqrt(), best.row};
}

class nearest_sinking : public noneq::sinking {
 public:
  nearest_sinking(const nearest& of, const noneq::measurement& m) : of_(of), m_(m) {}

  noneq::batch map(noneq::batch b) const override {
    const std::int64_t wanted = std::max<std::int64_t>(0, of_.samples - b.first);
    return {b.step, b.first, {{"x", shipped::on_grid(m_.info, b.at("samples").slice(0, 0, wanted))}}};
  }
  void add(const noneq::batch& mapped) override { kept_.add(mapped); }

  noneq::outcome finish() override {
    noneq::outcome out;
    const auto report = [&](const char* name, const Tensor& distances, const std::string& part) {
      const noneq::estimate e = noneq::estimate_mean(distances);
      out.records.push_back({name, e.value, "", e.stderr, part, distances.size(0)});
    };
    const Tensor x = kept_.joined("x");
    const closest_rows found = closest(m_, x);
    report("nearest", found.distance, "train");
    const std::string held_out = noneq::measured_part(m_.info);
    if (held_out != "train") {
      const Tensor others = held_out_distances(held_out);
      report("nearest_held_out", others, held_out);
      const double limit = at::quantile(others, of_.quantile).item<double>();
      const double share = (found.distance < limit).to(at::kDouble).mean().item<double>();
      out.records.push_back({"memorised", share, "", std::sqrt(share * (1 - share) / static_cast<double>(x.size(0))),
                             held_out, x.size(0)});
    }
    set_pairs(out.arrays, x, found);
    return out;
  }

 private:
  // Data [n, …] of the requested rows, in data units.
  Tensor data_of(const noneq::row_request& rows) const {
    const auto restored = [&](const noneq::batch& b) -> noneq::batch {
      return {b.step, b.first, {{"x", m_.info.normal.restore(b.at("x0"))}}};
    };
    return shipped::mapped(m_.pass, rows, restored).joined("x");
  }

  Tensor held_out_distances(const std::string& part) const {
    const noneq::dataset_info& info = m_.info;
    const auto chosen = shipped::choose_rows(info, part, of_.samples);
    const std::string key = info.identity.empty()
                                ? ""
                                : c10::str("distances of ", info.identity, "; part ", part, ", ", chosen.count, " rows",
                                           scales_differ(info) ? ", normalised" : "");
    return shipped::kept_or_made(of_.cache.empty() ? m_.folder / "reference" : of_.cache, "distances", key,
                                 !of_.cache.empty(),
                                 [&]() -> shipped::kept_tensors {
                                   return {{"distance", closest(m_, data_of(chosen)).distance}};
                                 })
        .at("distance");
  }

  void set_pairs(noneq::batch& arrays, const Tensor& x, const closest_rows& found) const {
    const Tensor order = found.distance.argsort().slice(0, 0, of_.pairs), row = found.row.index_select(0, order);
    std::vector<Tensor> rows;
    for (std::int64_t k = 0; k < row.size(0); ++k) rows.push_back(data_of({"train", 1, row[k].item<std::int64_t>()}));
    arrays.set("samples", x.index_select(0, order).to(m_.info.normal.dtype));
    arrays.set("nearest", at::cat(rows));
    arrays.set("distance", found.distance.index_select(0, order));
    arrays.set("row", row);
  }

  const nearest& of_;
  const noneq::measurement& m_;
  shipped::mapped_batches kept_;
};

std::unique_ptr<noneq::sinking> nearest::open(const noneq::measurement& m) const {
  return std::make_unique<nearest_sinking>(*this, m);
}

}

NONEQ_PLUGIN(nearest);
