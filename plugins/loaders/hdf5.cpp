// Rows of a dataset in an HDF5 file, read in long stretches and shuffled as they pass.
#include "class_labels.hpp"
#include "examination.hpp"
#include "hdf5_options.hpp"
#include "kept_blocks.hpp"
#include "noneq/core/dtype.hpp"
#include "noneq/core/row_kernels.hpp"
#include "noneq/plugin.hpp"
#include "row_checks.hpp"
#include "row_notes.hpp"
#include "row_order.hpp"
#include "standardised.hpp"
#include "stored_rows.hpp"

namespace {

using noneq::error;
using noneq::sizes;
using noneq::Tensor;

constexpr std::int64_t most_classes = 1'000'000;

struct hdf5 : noneq::loader, noneq::hdf5_options {
  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>& known,
                                      const noneq::stream& s) const override;
  void redirect(const std::filesystem::path& other) override { file = other; }
  void check() const override { check_alone(); }

  static void describe(noneq::description<hdf5>& d) {
    d.doc("Rows of a dataset in an HDF5 file of any size, any rank and any type of number.");
    describe_options(d);
  }
};

class hdf5_source : public noneq::source {
 public:
  hdf5_source(const hdf5& parameters, const std::optional<noneq::normalisation>& known, const noneq::stream& s)
      : of_(parameters),
        stored_(of_.file, of_.dataset, of_.channels),
        trained_(trained_rows(of_, stored_.layout().shape[0])),
        order_(trained_, stored_.block(),
               std::max<std::int64_t>(1, noneq::stored_rows::window_bytes / (stored_.block() * stored_.row_bytes())),
               of_.order == "shuffled" ? std::optional(s.fork("order")) : std::nullopt),
        noise_(s.fork("dequantise")),
        blocks_(trained_ * (stored_.row_bytes() + (of_.labels.empty() ? 0 : 8)) <= noneq::stored_rows::kept_bytes) {
    info_.shape = stored_.sample_shape();
    if (of_.dequantise && !at::isIntegralType(stored_.layout().dtype, false))
      throw error(c10::str(stored_.where(), " got numbers of type ", noneq::dtype_text(stored_.layout().dtype),
                           ", need integers to dequantise"));
    noneq::refuse_channel_order(info_.shape, of_.channels, stored_.where());
    info_.axes = stored_.axes();
    info_.stored_order = stored_.stored_order();
    if (of_.channels == "none") info_.if_channels_first = noneq::note_channels(info_.shape);
    info_.count = trained_;
    open_parts();
    if (!of_.labels.empty()) count_classes();
    const auto attributes = stored_.reader().attributes(of_.dataset);
    noneq::seen_rows seen(noneq::fill_values(attributes));
    const std::int64_t standardised = normalise(known, seen);
    examine(seen, standardised, known.has_value());
    note(attributes, seen, known.has_value());
    if (!known) info_.normal.dtype = needed_type();
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
    const noneq::dataset_part& p = parts_.at(name);
    const std::int64_t begin = std::clamp<std::int64_t>(first, 0, p.rows), n = std::min(count, p.rows - begin);
    const std::int64_t from = p.first + begin;
    noneq::batch b{
        0, first, {{"raw", stored_.read(p.dataset, from, n)}, {"row", at::arange(from, from + n, at::kLong)}}};
    if (info_.classes > 0) b.set("label", stored_.labels(p.labels, from, n, of_.first_class));
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
    Tensor x0 = x0_of(raw.at("raw"), raw.at("row"), dataset, of_.dequantise ? &noise : nullptr);
    noneq::batch done{raw.step, raw.first, {{"x0", std::move(x0)}, {"row", raw.at("row")}}};
    if (raw.has("label")) done.set("label", raw.at("label"));
    return done;
  }

  // Throws noneq::error where it is not finite, or outside of the range.
  Tensor x0_of(const Tensor& stored, const Tensor& row, const std::string& dataset, const noise_rows* noise) const {
    if (const Tensor x0 = bytes_normalised(stored); x0.defined()) return x0;
    // Numbers that float32 cannot tell apart before the shift is taken off may be far apart after it.
    const auto exact = is_wide() || info_.normal.coarse_in_float32() ? at::kDouble : at::kFloat;
    const Tensor x = stored_.arranged(stored).to(exact), shifted = x - info_.normal.shift.to(exact);
    const Tensor drawn = noise ? shifted + noise->table.uniform(x.sizes().vec(), noise->first) : shifted;
    const Tensor x0 = (drawn / info_.normal.scale.to(exact)).to(at::kFloat).contiguous();
    noneq::refuse_infinite(x0, row, stored_.where(dataset));
    if (of_.normalise == "range") noneq::refuse_outside(x, row, of_.range[0], of_.range[1], stored_.where(dataset));
    return x0;
  }
  bool is_wide() const {
    const auto dtype = stored_.layout().dtype;
    return dtype == at::kDouble || dtype == at::kLong || dtype == at::kInt;
  }

  // Bytes under one scale, in one pass; undefined when this is not the case. They cannot be infinite nor, here, outside
  // of the range.
  Tensor bytes_normalised(const Tensor& stored) const {
    const Tensor &shift = info_.normal.shift, &scale = info_.normal.scale;
    if (of_.dequantise || stored.scalar_type() != at::kByte || shift.numel() != 1 || scale.numel() != 1) return {};
    if (of_.normalise == "range" && (of_.range[0] > 0 || of_.range[1] < 255)) return {};
    const Tensor x = stored_.arranged(stored).contiguous(), x0 = at::empty(x.sizes(), at::kFloat);
    noneq::rows::normalise(x.numel(), x.data_ptr<std::uint8_t>(), shift.item<float>(), scale.item<float>(),
                           x0.data_ptr<float>());
    return x0;
  }

  static std::int64_t trained_rows(const hdf5& of, std::int64_t rows) {
    const std::int64_t held = std::llround(of.held_out * static_cast<double>(rows));
    if (of.held_out > 0 && (held == 0 || held == rows))
      throw error(c10::str("held_out got ", of.held_out, " of ", rows, rows == 1 ? " row" : " rows", ", which leaves ",
                           held == 0 ? "none to measure on" : "none to train on",
                           rows > 1 ? c10::str("; need ", 1. / static_cast<double>(rows), " or more, and a row left")
                                    : "; need more rows, or held_out: 0"));
    return rows - held;
  }

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
                           noneq::dtype_text(l.dtype), ", need rows like those of '", of_.dataset, "', ",
                           noneq::to_string(stored_.layout().shape), " of ",
                           noneq::dtype_text(stored_.layout().dtype)));
    parts_[name] = {dataset, labels, 0, l.shape[0]};
  }

  // Looks at rows before they are trained on, and finds out by them which data this is.
  void examine(noneq::seen_rows& seen, std::int64_t standardised, bool of_trained_model) {
    const auto check = [&](const std::string& dataset, const Tensor& rows, std::int64_t first) {
      x0_of(rows, at::arange(first, first + rows.size(0), at::kLong), dataset, nullptr);
    };
    const auto found = noneq::examine(stored_, parts_, {standardised, of_trained_model}, seen, check);
    info_.found = seen.range();
    info_.examined = found.extent;
    info_.identity =
        c10::str(found.contents, ", normalise ", of_.normalise, " per ", of_.per, " range ", of_.range[0], " ",
                 of_.range[1], ", channels ", of_.channels, ", noise ", of_.dequantise ? noise_.bits(0) : 0,
                 ", scale of ", of_.normalise_rows, " rows, first class ", of_.first_class);
  }

  void note(const std::map<std::string, std::string>& attributes, const noneq::seen_rows& seen, bool of_trained_model) {
    noneq::note_packing(attributes, stored_.where(), info_.notes);
    noneq::note_missing(seen, stored_.where(), info_.notes);
    if (of_.normalise == "range") noneq::note_narrow(info_.found, of_.range, stored_.where(), info_.notes);
    if (of_.normalise == "none" && !of_trained_model) noneq::note_unscaled(info_.found, stored_.where(), info_.notes);
  }

  // float64 where float32 would round away what the stored numbers and their scale resolve.
  at::ScalarType needed_type() const {
    constexpr double exact_integers = 1 << 24;
    if (!is_wide()) return at::kFloat;
    const bool large = of_.normalise != "none" && !info_.found.empty() &&
                       std::max(std::abs(info_.found[0]), std::abs(info_.found[1])) > exact_integers;
    const bool integers = at::isIntegralType(stored_.layout().dtype, false);
    return info_.normal.coarse_in_float32() || (integers && large) ? at::kDouble : at::kFloat;
  }

  void hold(std::int64_t position) {
    if (window_.holds(position)) return;
    window_ = {};  // until all is read: reading may throw
    const auto next = order_.at(position);
    blocks_.hold(order_.stretches(next), [&](const noneq::row_order::stretch& s) {
      return noneq::kept_blocks::block{
          stored_.read(of_.dataset, s.first, s.count),
          info_.classes > 0 ? stored_.labels(of_.labels, s.first, s.count, of_.first_class) : Tensor()};
    });
    window_ = next;
  }

  void count_classes() {
    const std::string name = of_.file.string();
    const auto counts = noneq::count_labels(stored_.reader(), name, of_.labels, of_.dataset, stored_.layout().shape[0],
                                            of_.first_class, most_classes);
    info_.classes = static_cast<std::int64_t>(counts.size());
    noneq::note_empty_classes(counts, of_.first_class, name + ": labels '" + of_.labels + "'", info_.notes);
    if (of_.first_class != 0)
      info_.notes.push_back(c10::str(name, ": labels '", of_.labels, "' from ", of_.first_class, " to ",
                                     of_.first_class + info_.classes - 1, " are the classes 0 to ", info_.classes - 1,
                                     ", by which samplers and their files number them"));
    for (const auto& [_, p] : parts_)
      if (p.labels != of_.labels)
        noneq::count_labels(stored_.reader(), name, p.labels, p.dataset, p.rows, of_.first_class, info_.classes);
  }

  // Returns how many training rows were looked at for it, none unless these are all that one would wait for.
  std::int64_t normalise(const std::optional<noneq::normalisation>& known, noneq::seen_rows& seen) {
    static const std::map<std::string, noneq::one_scale> scales{{"all", noneq::one_scale::for_all},
                                                                {"channel", noneq::one_scale::per_channel},
                                                                {"dim", noneq::one_scale::per_position}};
    std::int64_t rows = 0;
    const std::vector<double> values = {of_.range[0], of_.range[1] + (of_.dequantise ? 1 : 0)};
    if (known) {
      for (const Tensor& part : {known->shift, known->scale})
        if (!at::is_expandable_to(part.sizes(), info_.shape))
          throw error(c10::str(stored_.where(), " gives samples ", noneq::to_string(info_.shape), ", need ",
                               noneq::to_string(part.sizes().vec()), " as in the data the model was trained with"));
      info_.normal = *known;
    } else if (of_.normalise == "range") {
      info_.normal = {at::scalar_tensor((values[0] + values[1]) / 2, at::kDouble),
                      at::scalar_tensor((values[1] - values[0]) / 2, at::kDouble)};
    } else if (of_.normalise == "zscore") {
      const auto done = noneq::standardised(
          stored_, {of_.dataset, info_.count, of_.normalise_rows, scales.at(of_.per), of_.dequantise,
                    [&](const Tensor& stored, std::int64_t first) { seen.add(stored, first); }});
      info_.normal = done.normal;
      rows = of_.normalise_rows == 0 ? done.rows : 0;
      if (done.constant > 0)
        info_.notes.push_back(c10::str(stored_.where(), " is constant at ", done.constant, " of ",
                                       done.normal.scale.numel(), of_.per == "channel" ? " channels" : " positions",
                                       ", which are scaled as those beside them"));
    }
    if (of_.normalise == "range") info_.range = values;
    if (of_.normalise == "range" && !of_.dequantise && at::isIntegralType(stored_.layout().dtype, false))
      info_.bin_width = 2 / (of_.range[1] - of_.range[0]);
    return rows;
  }

  const hdf5 of_;
  const noneq::stored_rows stored_;
  std::int64_t trained_;
  std::map<std::string, noneq::dataset_part> parts_;
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
