// Rows of a dataset in an HDF5 file, read in long stretches and shuffled as they pass.
#include "class_labels.hpp"
#include "kept_blocks.hpp"
#include "noneq/core/row_kernels.hpp"
#include "noneq/plugin.hpp"
#include "row_checks.hpp"
#include "row_order.hpp"
#include "standardised.hpp"
#include "stored_rows.hpp"

namespace {

using noneq::error;
using noneq::sizes;
using noneq::Tensor;

constexpr std::int64_t most_classes = 1'000'000;

struct hdf5 : noneq::loader {
  std::filesystem::path file;
  std::string dataset = "x", labels, validation, validation_labels, test, test_labels, normalise = "none", per = "all",
              order = "shuffled", channels = "none";
  std::vector<double> range = {0, 255};
  double held_out = 0;
  bool dequantise = false;
  std::int64_t normalise_rows = 0;

  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>& known,
                                      const noneq::stream& s) const override;
  void redirect(const std::filesystem::path& other) override { file = other; }

  void check() const override {
    if (range.size() != 2 || !(range[0] < range[1]))
      throw error(c10::str("range got [", c10::Join(", ", range), "], need two numbers, the lower one first"));
    if (dataset.empty()) throw error("dataset got '', need the path of a dataset in the file");
    if (!test.empty() && labels.empty() != test_labels.empty())
      throw error("test_labels got '" + test_labels + "', need labels for both of dataset and test, or for neither");
    if (!validation.empty() && labels.empty() != validation_labels.empty())
      throw error("validation_labels got '" + validation_labels +
                  "', need labels for both of dataset and validation, or for neither");
    if (!validation.empty() && held_out > 0)
      throw error(c10::str("held_out got ", held_out, " beside validation: '", validation, "', need one of the two"));
    if (dataset == labels) throw error("labels got '" + labels + "', which is the dataset itself; need another one");
  }

  static void describe(noneq::description<hdf5>& d) {
    d.doc("Rows of a dataset in an HDF5 file of any size, any rank and any type of number.")
        .param("file", &hdf5::file, "the HDF5 file", noneq::required())
        .param("dataset", &hdf5::dataset, "path of the dataset [N, …]; [N] gives samples of shape [1]")
        .param("labels", &hdf5::labels, "path of a dataset of N integers from 0 on; empty: no labels")
        .param("validation", &hdf5::validation, "path of a dataset to measure on during training")
        .param("validation_labels", &hdf5::validation_labels, "path of its labels")
        .param("held_out", &hdf5::held_out,
               "share of the rows, the last ones, that are not trained on but are the validation data",
               noneq::between(0, 0.9))
        .param("test", &hdf5::test,
               "path of a dataset to measure on; empty: measure on the validation data, else on the training rows")
        .param("test_labels", &hdf5::test_labels, "path of its labels")
        .param("normalise", &hdf5::normalise,
               "how stored numbers become x⁰: as they are, to mean 0 and variance 1, or range to [−1, 1]",
               noneq::one_of({"none", "zscore", "range"}))
        .param("range", &hdf5::range, "the two stored values that become −1 and 1 under normalise: range")
        .param(
            "dequantise", &hdf5::dequantise,
            "adds uniform noise of one step, [0, 1), to stored integers, which then have a density; under normalise: "
            "range the second value and its noise end at 1")
        .param("per", &hdf5::per, "zscore: one scale for all numbers, or one per position of a sample",
               noneq::one_of({"all", "dim"}))
        .param(
            "normalise_rows", &hdf5::normalise_rows,
            "zscore: rows that mean and variance are taken from, spread evenly over the file; 0: all of up to 1 GiB, "
            "and 1 GiB (10,000 rows at least) of more",
            noneq::at_least(0))
        .param("order", &hdf5::order, "order of the rows in training", noneq::one_of({"shuffled", "sequential"}))
        .param(
            "channels", &hdf5::channels,
            "where a sample has its channels: not of interest, first, last (moved to the front), or nowhere (add one)",
            noneq::one_of({"none", "first", "last", "add"}))
        .writes("label", "int64 [B]: when labels are given")
        .writes("row", "int64 [B]: number in the dataset, from 0");
  }
};

class hdf5_source : public noneq::source {
 public:
  hdf5_source(const hdf5& parameters, const std::optional<noneq::normalisation>& known, const noneq::stream& s)
      : of_(parameters),
        stored_(of_.file, of_.dataset, of_.channels),
        trained_(stored_.layout().shape[0] -
                 std::llround(of_.held_out * static_cast<double>(stored_.layout().shape[0]))),
        order_(trained_, stored_.block(),
               std::max<std::int64_t>(1, noneq::stored_rows::window_bytes / (stored_.block() * stored_.row_bytes())),
               of_.order == "shuffled" ? std::optional(s.fork("order")) : std::nullopt),
        noise_(s.fork("dequantise")),
        blocks_(trained_ * (stored_.row_bytes() + (of_.labels.empty() ? 0 : 8)) <= noneq::stored_rows::kept_bytes) {
    info_.shape = stored_.sample_shape();
    if (of_.dequantise && !at::isIntegralType(stored_.layout().dtype, false))
      throw error(c10::str(stored_.where(), " got numbers of type ", c10::toString(stored_.layout().dtype),
                           ", need integers to dequantise"));
    noneq::refuse_channel_order(info_.shape, of_.channels, stored_.where());
    info_.count = trained_;
    open_parts();
    if (!of_.labels.empty()) count_classes();
    normalise(known);
    info_.identity = identity();
  }

  const noneq::dataset_info& info() const override { return info_; }

  noneq::batch fetch(std::int64_t step, const noneq::stream&) override {
    const std::int64_t end = (step + 1) * of_.batch_size;
    std::vector<Tensor> raw, rows, labels;
    for (std::int64_t at = end - of_.batch_size; at < end;) {
      hold(at);
      std::vector<std::int64_t> slots;
      for (; at < std::min(end, window_.first + window_.rows); ++at) slots.push_back(order_.slot(window_, at));
      const auto part = blocks_.gather(slots);
      raw.push_back(part.rows);
      rows.push_back(part.numbers);
      labels.push_back(part.labels);
    }
    const auto joined = [](const std::vector<Tensor>& parts) { return parts.size() == 1 ? parts[0] : at::cat(parts); };
    noneq::batch b{step, 0, {{"raw", joined(raw)}, {"row", joined(rows)}}};
    if (info_.classes > 0) b.set("label", joined(labels));
    return b;
  }

  noneq::batch fetch_rows(std::int64_t first, std::int64_t count) override {
    return fetch_part(noneq::measured_part(info_), first, count);
  }

  noneq::batch fetch_part(const std::string& name, std::int64_t first, std::int64_t count) override {
    const part& p = parts_.at(name);
    const std::int64_t begin = std::clamp<std::int64_t>(first, 0, p.rows), n = std::min(count, p.rows - begin);
    const std::int64_t from = p.first + begin;
    noneq::batch b{
        0, first, {{"raw", stored_.read(p.dataset, from, n)}, {"row", at::arange(from, from + n, at::kLong)}}};
    if (info_.classes > 0) b.set("label", stored_.labels(p.labels, from, n));
    return normalised(std::move(b), p.dataset, {noise_.fork("measured").fork(p.dataset), from});
  }

  noneq::batch prepare(noneq::batch raw) const override {
    if (!raw.has("raw")) return raw;
    const std::int64_t position = raw.step * of_.batch_size + raw.first;  // another one for each visit to a row
    return normalised(std::move(raw), of_.dataset, {noise_.fork("trained"), position});
  }

 private:
  // Rows first, first + 1, … of a table of noise.
  struct noise_rows {
    noneq::stream table;
    std::int64_t first;
  };

  // Stored rows of a dataset as x⁰.
  noneq::batch normalised(noneq::batch raw, const std::string& dataset, const noise_rows& noise) const {
    const Tensor& stored = raw.at("raw");
    Tensor x0 = bytes_normalised(stored);
    if (!x0.defined()) {
      const auto dtype = stored.scalar_type();
      // Numbers that float32 cannot tell apart before the shift is taken off may be far apart after it.
      const bool wide = dtype == at::kDouble || dtype == at::kLong || dtype == at::kInt;
      const Tensor x = stored_.arranged(stored).to(wide ? at::kDouble : at::kFloat);
      const Tensor shifted = x - info_.normal.shift;
      const Tensor drawn = of_.dequantise ? shifted + noise.table.uniform(x.sizes().vec(), noise.first) : shifted;
      x0 = (drawn / info_.normal.scale).to(at::kFloat).contiguous();
      noneq::refuse_infinite(x0, raw.at("row"), stored_.where(dataset));
      if (of_.normalise == "range")
        noneq::refuse_outside(x, raw.at("row"), of_.range[0], of_.range[1], stored_.where(dataset));
    }
    noneq::batch done{raw.step, raw.first, {{"x0", std::move(x0)}, {"row", raw.at("row")}}};
    if (raw.has("label")) done.set("label", raw.at("label"));
    return done;
  }

  // Bytes under one scale, in one pass; undefined when this is not the case. They cannot be infinite nor, here, outside
  // of the range.
  Tensor bytes_normalised(const Tensor& stored) const {
    const auto& [shift, scale] = info_.normal;
    if (of_.dequantise || stored.scalar_type() != at::kByte || shift.numel() != 1 || scale.numel() != 1) return {};
    if (of_.normalise == "range" && (of_.range[0] > 0 || of_.range[1] < 255)) return {};
    const Tensor x = stored_.arranged(stored).contiguous(), x0 = at::empty(x.sizes(), at::kFloat);
    noneq::rows::normalise(x.numel(), x.data_ptr<std::uint8_t>(), shift.item<float>(), scale.item<float>(),
                           x0.data_ptr<float>());
    return x0;
  }

  // Rows first … first+rows−1 of a dataset, and of its labels.
  struct part {
    std::string dataset, labels;
    std::int64_t first = 0, rows = 0;
  };

  void open_parts() {
    parts_["train"] = {of_.dataset, of_.labels, 0, trained_};
    if (trained_ < stored_.layout().shape[0])
      parts_["validation"] = {of_.dataset, of_.labels, trained_, stored_.layout().shape[0] - trained_};
    if (!of_.validation.empty()) open_part("validation", of_.validation, of_.validation_labels);
    if (!of_.test.empty()) open_part("test", of_.test, of_.test_labels);
    for (const auto& [name, p] : parts_) info_.parts[name] = p.rows;
    info_.measured = info_.parts.at(noneq::measured_part(info_));
  }

  void open_part(const std::string& name, const std::string& dataset, const std::string& labels) {
    const noneq::dataset_layout l = stored_.reader().layout(dataset);
    sizes need = stored_.layout().shape;
    need[0] = l.shape[0];
    if (l.shape != need || l.dtype != stored_.layout().dtype)
      throw error(c10::str(of_.file.string(), ": dataset '", dataset, "' got ", noneq::to_string(l.shape), " of ",
                           c10::toString(l.dtype), ", need rows like those of '", of_.dataset, "', ",
                           noneq::to_string(stored_.layout().shape), " of ", c10::toString(stored_.layout().dtype)));
    parts_[name] = {dataset, labels, 0, l.shape[0]};
  }

  // The file as it is now: a changed one has another size or time.
  std::string identity() const {
    std::error_code unknown;
    const auto bytes = std::filesystem::file_size(of_.file, unknown);
    const auto time = std::filesystem::last_write_time(of_.file, unknown).time_since_epoch().count();
    if (unknown) return "";
    return c10::str(std::filesystem::absolute(of_.file).string(), ", ", bytes, " bytes, time ", time, ", dataset ",
                    of_.dataset, ", normalise ", of_.normalise, ", channels ", of_.channels, ", held out ",
                    of_.held_out, ", validation ", of_.validation, ", test ", of_.test, ", noise ",
                    of_.dequantise ? noise_.bits(0) : 0);
  }

  void hold(std::int64_t position) {
    if (window_.holds(position)) return;
    window_ = {};  // until all is read: reading may throw
    const auto next = order_.at(position);
    blocks_.hold(order_.stretches(next), [&](const noneq::row_order::stretch& s) {
      return noneq::kept_blocks::block{stored_.read(of_.dataset, s.first, s.count),
                                       info_.classes > 0 ? stored_.labels(of_.labels, s.first, s.count) : Tensor()};
    });
    window_ = next;
  }

  void count_classes() {
    const std::string name = of_.file.string();
    info_.classes =
        noneq::check_labels(stored_.reader(), name, of_.labels, of_.dataset, stored_.layout().shape[0], most_classes);
    for (const auto& [_, p] : parts_)
      if (p.labels != of_.labels)
        noneq::check_labels(stored_.reader(), name, p.labels, p.dataset, p.rows, info_.classes);
  }

  void normalise(const std::optional<noneq::normalisation>& known) {
    const std::vector<double> values = {of_.range[0], of_.range[1] + (of_.dequantise ? 1 : 0)};
    if (known) {
      for (const Tensor& part : {known->shift, known->scale})
        if (!at::is_expandable_to(part.sizes(), info_.shape))
          throw error(c10::str(stored_.where(), " gives samples ", noneq::to_string(info_.shape), ", need ",
                               noneq::to_string(part.sizes().vec()), " as in the data the model was trained with"));
      info_.normal = *known;
    } else if (of_.normalise == "range") {
      info_.normal = {at::scalar_tensor((values[0] + values[1]) / 2, at::kFloat),
                      at::scalar_tensor((values[1] - values[0]) / 2, at::kFloat)};
    } else if (of_.normalise == "zscore") {
      info_.normal = noneq::standardised(
          stored_, {of_.dataset, info_.count, of_.normalise_rows, of_.per == "dim", of_.dequantise});
    }
    if (of_.normalise == "range") info_.range = values;
    if (of_.normalise == "range" && !of_.dequantise && at::isIntegralType(stored_.layout().dtype, false))
      info_.bin_width = 2 / (of_.range[1] - of_.range[0]);
  }

  const hdf5 of_;
  const noneq::stored_rows stored_;
  std::int64_t trained_;
  std::map<std::string, part> parts_;
  noneq::row_order order_;
  const noneq::stream noise_;
  noneq::dataset_info info_;
  noneq::row_order::window window_;
  noneq::kept_blocks blocks_;
};

std::shared_ptr<noneq::source> hdf5::open(const std::optional<noneq::normalisation>& known,
                                          const noneq::stream& s) const {
  return std::make_shared<hdf5_source>(*this, known, s);
}

}

NONEQ_PLUGIN(hdf5);
