// Rows of a dataset in an HDF5 file, read in long stretches and shuffled as they pass. One thread reads bytes; the
// threads that prepare batches decompress and gather them.
#include <deque>

#include "../row_checks.hpp"
#include "class_labels.hpp"
#include "examination.hpp"
#include "hdf5_options.hpp"
#include "kept_blocks.hpp"
#include "noneq/core/dtype.hpp"
#include "noneq/plugin.hpp"
#include "row_notes.hpp"
#include "row_order.hpp"
#include "stored_rows.hpp"

namespace {

using noneq::error;
using noneq::sizes;
using noneq::Tensor;

constexpr std::int64_t most_classes = 1'000'000;

struct hdf5 : noneq::loader, shipped::hdf5_options {
  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>& known,
                                      const noneq::stream& s) const override;
  void redirect(const std::filesystem::path& other) override { file = other; }
  void check() const override { check_alone(); }

  static void describe(noneq::description<hdf5>& d) {
    d.doc("Rows of a dataset in an HDF5 file of any size, any rank and any type of number, as they are stored.");
    describe_options(d);
  }
};

// Rows between fetch() and prepare().
struct unprepared {
  std::string dataset;
  std::function<Tensor()> rows;  // [n, …] as stored; may be called concurrently
};

class hdf5_source : public noneq::source {
 public:
  hdf5_source(const hdf5& parameters, bool of_trained_model, const noneq::stream& s)
      : of_(parameters),
        stored_(of_.file, of_.dataset),
        trained_model_(of_trained_model),
        trained_(trained_rows(of_, stored_.layout().shape[0])),
        order_(trained_, stored_.block(),
               std::max<std::int64_t>(1, shipped::stored_rows::window_bytes / (stored_.block() * stored_.row_bytes())),
               of_.order == "shuffled" ? std::optional(s.fork("order")) : std::nullopt),
        blocks_(trained_ * (stored_.row_bytes() + (of_.labels.empty() ? 0 : 8)) <= shipped::stored_rows::kept_bytes) {
    info_.shape = stored_.sample_shape();
    info_.numbers = stored_.layout().dtype;
    info_.block = stored_.block();
    info_.if_channels_first = shipped::note_channels(info_.shape);
    info_.count = trained_;
    open_parts();
    if (!of_.labels.empty()) count_classes();
  }

  const noneq::dataset_info& info() const override { return info_; }

  void examine(const onlooker& also) override {
    const auto attributes = stored_.reader().attributes(of_.dataset);
    shipped::seen_rows seen(shipped::fill_values(attributes));
    const auto found = shipped::examine(
        stored_, parts_, trained_model_, seen, [&](const std::string& part, const Tensor& rows, std::int64_t first) {
          const shipped::dataset_part& p = parts_.at(part);
          noneq::batch b{0, first - p.first, {{"row", at::arange(first, first + rows.size(0), at::kLong)}}};
          if (info_.classes > 0) b.set("label", stored_.labels(p.labels, first, rows.size(0), of_.first_class));
          also(part, with_rows(std::move(b), rows, p.dataset));
        });
    info_.found = seen.range();
    info_.examined = found.extent;
    info_.identity = c10::str(found.contents, ", first class ", of_.first_class);
    shipped::note_packing(attributes, stored_.where(), info_.notes);
    shipped::note_missing(seen, stored_.where(), info_.notes);
  }

  noneq::batch fetch(std::int64_t step, const noneq::stream&) override {
    const std::int64_t end = (step + 1) * of_.batch_size;
    std::vector<shipped::kept_blocks::picked> all;
    for (std::int64_t at = end - of_.batch_size; at < end;) {
      hold(at);
      std::vector<std::int64_t> slots;
      for (; at < std::min(end, window_.first + window_.rows); ++at) slots.push_back(order_.slot(window_, at));
      all.push_back(blocks_.pick(std::move(slots)));
    }
    const bool labelled = info_.classes > 0;
    const Tensor numbers = at::empty({of_.batch_size}, at::kLong), labels = at::empty({of_.batch_size}, at::kLong);
    std::int64_t at = 0;
    for (const auto& some : all) {
      some.number(numbers.data_ptr<std::int64_t>() + at, labelled ? labels.data_ptr<std::int64_t>() + at : nullptr);
      at += static_cast<std::int64_t>(some.size());
    }
    noneq::batch b{step, 0, {{"row", numbers}}};
    if (labelled) b.set("label", labels);
    return with(std::move(b), of_.dataset, [all = std::move(all)] {
      if (all.size() == 1) return all[0].gather();
      std::vector<Tensor> rows;
      for (const auto& some : all) rows.push_back(some.gather());
      return at::cat(rows);
    });
  }

  noneq::batch fetch_rows(std::int64_t first, std::int64_t count) override {
    return fetch_part(noneq::measured_part(info_), first, count);
  }

  noneq::batch fetch_part(const std::string& name, std::int64_t first, std::int64_t count) override {
    const shipped::dataset_part& p = parts_.at(name);
    const std::int64_t begin = std::clamp<std::int64_t>(first, 0, p.rows), n = std::min(count, p.rows - begin);
    const std::int64_t from = p.first + begin;
    noneq::batch b{0, first, {{"row", at::arange(from, from + n, at::kLong)}}};
    if (info_.classes > 0) b.set("label", stored_.labels(p.labels, from, n, of_.first_class));
    return with(std::move(b), p.dataset, rows_in_order(p.dataset, from, n));
  }

  noneq::batch prepare(noneq::batch raw) const override {
    if (!raw.fetched) return raw;
    const auto some = std::static_pointer_cast<const unprepared>(std::exchange(raw.fetched, nullptr));
    return with_rows(std::move(raw), some->rows(), some->dataset);
  }

 private:
  static noneq::batch with(noneq::batch b, const std::string& dataset, std::function<Tensor()> rows) {
    b.fetched = std::make_shared<const unprepared>(unprepared{dataset, std::move(rows)});
    return b;
  }

  // Throws noneq::error where a number is not finite.
  noneq::batch with_rows(noneq::batch b, const Tensor& stored, const std::string& dataset) const {
    const Tensor x0 = shipped::stored_rows::as_samples(stored);
    shipped::refuse_infinite(x0, b.at("row"), stored_.where(dataset));
    b.set("x0", x0);
    return b;
  }

  // Chunks that were read last are kept, because metrics request few rows at a time.
  std::function<Tensor()> rows_in_order(const std::string& dataset, std::int64_t first, std::int64_t count) {
    const auto layout = stored_.reader().layout(dataset);
    const std::int64_t chunk = layout.chunk.empty() ? 0 : layout.chunk[0], rows = layout.shape[0];
    if (chunk == 0 || count == 0 || chunk * stored_.row_bytes() > shipped::stored_rows::window_bytes)
      return [part = stored_.lazily(dataset, first, count)] { return part->rows(); };
    std::vector<std::shared_ptr<const shipped::lazy_rows>> parts;
    for (std::int64_t at = first / chunk * chunk; at < first + count; at += chunk)
      parts.push_back(recent(dataset, at, std::min(chunk, rows - at)));
    return [parts, begin = first % chunk, count] {
      for (const auto& part : parts) part->begin();
      std::vector<Tensor> rows;
      std::int64_t skipped = begin, left = count;
      for (const auto& part : parts) {
        const Tensor& all = part->rows();
        rows.push_back(all.slice(0, skipped, skipped + left));
        skipped = 0;
        left -= rows.back().size(0);
      }
      return rows.size() == 1 ? rows[0] : at::cat(rows);
    };
  }

  std::shared_ptr<const shipped::lazy_rows> recent(const std::string& dataset, std::int64_t first, std::int64_t count) {
    for (const auto& r : recent_)
      if (r.first == first && r.dataset == dataset) return r.rows;
    const auto most = static_cast<std::size_t>(
        std::max<std::int64_t>(1, shipped::stored_rows::window_bytes / (count * stored_.row_bytes())));
    while (recent_.size() >= std::min<std::size_t>(most, 64)) recent_.pop_front();
    recent_.push_back({dataset, first, stored_.lazily(dataset, first, count)});
    return recent_.back().rows;
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
    for (const auto& [name, p] : parts_) {
      info_.parts[name] = p.rows;
      info_.part_names[name] = stored_.where(p.dataset);
    }
    info_.measured = info_.parts.at(noneq::measured_part(info_));
  }

  void open_part(const std::string& name, const std::string& dataset, const std::string& labels) {
    const noneq::storage::dataset_layout l = stored_.reader().layout(dataset);
    sizes need = stored_.layout().shape;
    need[0] = l.shape[0];
    if (l.shape != need || l.dtype != stored_.layout().dtype)
      throw error(c10::str(of_.file.string(), ": dataset '", dataset, "' got ", noneq::to_string(l.shape), " of ",
                           noneq::dtype_text(l.dtype), ", need rows like those of '", of_.dataset, "', ",
                           noneq::to_string(stored_.layout().shape), " of ",
                           noneq::dtype_text(stored_.layout().dtype)));
    parts_[name] = {dataset, labels, 0, l.shape[0]};
  }

  void hold(std::int64_t position) {
    if (window_.holds(position)) return;
    window_ = {};  // until all is read: reading may throw
    const auto next = order_.at(position);
    blocks_.hold(order_.stretches(next), [&](const shipped::row_order::stretch& s) {
      return shipped::kept_blocks::block{
          stored_.lazily(of_.dataset, s.first, s.count),
          info_.classes > 0 ? stored_.labels(of_.labels, s.first, s.count, of_.first_class) : Tensor()};
    });
    window_ = next;
  }

  void count_classes() {
    const std::string name = of_.file.string();
    const auto counts = shipped::count_labels(stored_.reader(), name, of_.labels, of_.dataset,
                                              stored_.layout().shape[0], of_.first_class, most_classes);
    info_.classes = static_cast<std::int64_t>(counts.size());
    info_.first_class = of_.first_class;
    shipped::note_empty_classes(counts, of_.first_class, name + ": labels '" + of_.labels + "'", info_.notes);
    if (of_.first_class != 0)
      info_.notes.push_back(c10::str(name, ": labels '", of_.labels, "' from ", of_.first_class, " to ",
                                     of_.first_class + info_.classes - 1, " are the classes 0 to ", info_.classes - 1,
                                     " of a sampler's labels; files of samples have them as they are here"));
    for (const auto& [_, p] : parts_)
      if (p.labels != of_.labels || p.dataset != of_.dataset)
        shipped::count_labels(stored_.reader(), name, p.labels, p.dataset, p.rows, of_.first_class, info_.classes);
  }

  struct recent_rows {
    std::string dataset;
    std::int64_t first;
    std::shared_ptr<const shipped::lazy_rows> rows;
  };

  const hdf5 of_;
  const shipped::stored_rows stored_;
  const bool trained_model_;  // for it only the rows of the fingerprint are read
  std::int64_t trained_;
  std::map<std::string, shipped::dataset_part> parts_;
  shipped::row_order order_;
  noneq::dataset_info info_;
  shipped::row_order::window window_;
  shipped::kept_blocks blocks_;
  std::deque<recent_rows> recent_;  // the latest last
};

std::shared_ptr<noneq::source> hdf5::open(const std::optional<noneq::normalisation>& known,
                                          const noneq::stream& s) const {
  return std::make_shared<hdf5_source>(*this, known.has_value(), s);
}

}

NONEQ_PLUGIN(hdf5);
