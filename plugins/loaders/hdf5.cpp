// Rows of datasets in HDF5 files, read in long stretches and shuffled as they pass. One thread reads bytes; the threads
// that prepare batches decompress and gather them.
#include "class_labels.hpp"
#include "examination.hpp"
#include "finished_rows.hpp"
#include "kept_blocks.hpp"
#include "reading_blocks.hpp"
#include "recent_rows.hpp"
#include "row_notes.hpp"
#include "row_order.hpp"

namespace {

using noneq::error;
using noneq::Tensor;

constexpr std::int64_t most_classes = 1'000'000;
// Data of no more than this stays in memory once it was read.
constexpr std::int64_t kept_bytes = std::int64_t{256} << 20;

struct hdf5 : noneq::loader, shipped::hdf5_options {
  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>& known,
                                      const noneq::stream& s) const override;
  void redirect(const std::filesystem::path& other) override {
    file = other;
    files.clear(), validation_files.clear(), test_files.clear();
  }
  void check() const override { check_alone(); }
  std::vector<std::string> gives() const override {
    std::vector<std::string> all;
    for (const auto& [name, _] : read_datasets())
      if (!is_x0(name)) all.push_back(name);
    if (missing == "nan" && gives_x0() && read.count("mask") == 0) all.push_back("mask");
    return all;
  }
  bool gives_x0() const override { return is_x0(read_datasets().front().first); }

  static void describe(noneq::description<hdf5>& d) {
    d.doc("Rows of datasets in HDF5 files of any size, any rank and any type of number, as they are stored.");
    describe_options(d);
  }
};

// Rows between fetch() and prepare().
struct unprepared {
  std::shared_ptr<const shipped::row_table> table;
  bool training;
  std::function<std::vector<Tensor>()> columns;  // [n, …]; undefined for one that is the same in all rows
};

class hdf5_source : public noneq::source {
 public:
  hdf5_source(const hdf5& parameters, bool of_trained_model, const noneq::stream& s)
      : of_(parameters),
        trained_model_(of_trained_model),
        parts_(shipped::parts_reader(of_).open()),
        trained_(parts_.at("train")),
        finish_(table(), parts_, of_.missing == "nan"),
        reading_(shipped::reading_blocks_of(trained_)),
        order_(trained_.count(), reading_.rows, reading_.per_window,
               of_.order == "shuffled" ? std::optional(s.fork("order")) : std::nullopt),
        blocks_(trained_.count() * (table().row_bytes() + (of_.labels.empty() ? 0 : 8)) <= kept_bytes),
        recent_(of_.first_class) {
    finish_.describe(table(), info_);
    info_.block = reading_.rows;
    info_.axes = named_axes();
    if (finish_.has_x0() && info_.axes.empty()) info_.if_channels_first = shipped::note_channels(info_.shape);
    info_.count = trained_.count();
    for (const auto& [name, p] : parts_) {
      info_.parts[name] = p.count();
      info_.part_names[name] = p.where;
    }
    info_.measured = info_.parts.at(noneq::measured_part(info_));
    if (!of_.labels.empty()) count_classes();
  }

  const noneq::dataset_info& info() const override { return info_; }

  void examine(const onlooker& also) override {
    // As far as they are not honoured, the attributes of netCDF are worth a note.
    const auto attributes = of_.conventions == "netcdf" ? std::map<std::string, std::string>{}
                                                        : trained_.table->files().reader(0).attributes(x().dataset());
    shipped::seen_rows seen(shipped::fill_values(attributes));
    const auto found = shipped::examine(parts_, info_.block, of_.first_class, trained_model_,
                                        [&](const std::string& part, const shipped::read_rows& rows) {
                                          const shipped::table_part& p = parts_.at(part);
                                          noneq::batch b{0, rows.first, {{"row", numbers(p, rows.first, rows.count)}}};
                                          if (rows.labels.defined()) b.set("label", rows.labels);
                                          b = finished(std::move(b), rows.columns, *p.table);
                                          if (finish_.has_x0()) seen.add(b.at("x0"), b.at("row"));
                                          if (part == "train" && info_.untrainable.empty())
                                            info_.untrainable = finish_.untrainable(b, *p.table);
                                          also(part, b);
                                        });
    info_.found = seen.range();
    info_.examined = found.extent;
    info_.identity = c10::str(found.contents, ", first class ", of_.first_class);
    shipped::note_packing(attributes, x().where(), info_.notes);
    shipped::note_missing(seen, x().where(), info_.notes);
  }

  noneq::batch fetch(std::int64_t step, const noneq::stream&) override { return trained_rows(step, 0, of_.batch_size); }
  noneq::batch fetch_share(std::int64_t step, const noneq::stream&, const noneq::batch_share& share) override {
    noneq::batch some = trained_rows(step, share.begin(of_.batch_size), share.end(of_.batch_size));
    some.of_rows = of_.batch_size;
    return some;
  }

  noneq::batch fetch_rows(std::int64_t first, std::int64_t count) override {
    return fetch_part(noneq::measured_part(info_), first, count);
  }

  noneq::batch fetch_part(const std::string& name, std::int64_t first, std::int64_t count) override {
    const shipped::table_part& p = parts_.at(name);
    const std::int64_t begin = std::clamp<std::int64_t>(first, 0, p.count()), n = std::min(count, p.count() - begin);
    noneq::batch b{0, first, {{"row", numbers(p, begin, n)}}};
    auto read = recent_.read(name, p, begin, n);
    if (read.labels.defined()) b.set("label", read.labels);
    return with(std::move(b), p, false, std::move(read.columns));
  }

  noneq::batch prepare(noneq::batch raw) const override {
    if (!raw.fetched) return raw;
    const auto some = std::static_pointer_cast<const unprepared>(std::exchange(raw.fetched, nullptr));
    noneq::batch b = finished(std::move(raw), some->columns(), *some->table);
    if (const std::string why = some->training ? finish_.untrainable(b, *some->table) : ""; !why.empty())
      throw error(why);
    return b;
  }

 private:
  // Rows begin … end − 1 of the batch of a step.
  noneq::batch trained_rows(std::int64_t step, std::int64_t begin, std::int64_t end) {
    const std::int64_t count = end - begin, origin = step * of_.batch_size;
    std::vector<shipped::kept_blocks::picked> all;
    for (std::int64_t at = origin + begin; at < origin + end;) {
      hold(at);
      std::vector<std::int64_t> slots;
      for (; at < std::min(origin + end, window_.first + window_.rows); ++at) slots.push_back(order_.slot(window_, at));
      all.push_back(blocks_.pick(std::move(slots)));
    }
    const bool labelled = info_.classes > 0;
    const Tensor numbers = at::empty({count}, at::kLong), labels = at::empty({count}, at::kLong);
    auto* rows = numbers.data_ptr<std::int64_t>();
    std::int64_t at = 0;
    for (const auto& some : all) {
      some.number(rows + at, labelled ? labels.data_ptr<std::int64_t>() + at : nullptr);
      at += static_cast<std::int64_t>(some.size());
    }
    for (std::int64_t k = 0; k < count; ++k) rows[k] = trained_.rows.at(rows[k]);
    noneq::batch b{step, begin, {{"row", numbers}}};
    if (labelled) b.set("label", labels);
    return with(std::move(b), trained_, true, [all = std::move(all), table = trained_.table] {
      std::vector<Tensor> columns(table->columns().size());
      for (std::size_t c = 0; c < columns.size(); ++c) {
        if (table->constant(c).defined()) continue;
        std::vector<Tensor> rows;
        for (const auto& some : all) rows.push_back(some.gather(c));
        columns[c] = rows.size() == 1 ? rows[0] : at::cat(rows);
      }
      return columns;
    });
  }

  static noneq::batch with(noneq::batch b, const shipped::table_part& of, bool training,
                           std::function<std::vector<Tensor>()> columns) {
    b.fetched = std::make_shared<const unprepared>(unprepared{of.table, training, std::move(columns)});
    return b;
  }

  // Throws noneq::error where a number is not finite.
  noneq::batch finished(noneq::batch b, std::vector<Tensor> columns, const shipped::row_table& of) const {
    for (std::size_t c = 0; c < columns.size(); ++c)
      if (const Tensor& one = of.constant(c); one.defined()) {
        noneq::sizes shape = one.sizes().vec();
        shape[0] = b.size();
        columns[c] = one.expand(shape);
      }
    return finish_(std::move(b), columns, of);
  }

  static Tensor numbers(const shipped::table_part& p, std::int64_t first, std::int64_t count) {
    if (p.rows.is_run() && count > 0) return at::arange(p.rows.at(first), p.rows.at(first) + count, at::kLong);
    const Tensor all = at::empty({count}, at::kLong);
    for (std::int64_t k = 0; k < count; ++k) all.data_ptr<std::int64_t>()[k] = p.rows.at(first + k);
    return all;
  }

  const shipped::row_table& table() const { return *trained_.table; }
  const shipped::column& x() const { return table().columns().front(); }

  // The names of the dimensions of a sample, where the file names all of them.
  std::vector<std::string> named_axes() const {
    std::vector<std::string> names;
    if (!finish_.has_x0() || x().row_shape().empty()) return names;
    const auto dimensions = table().files().reader(0).dimensions(x().dataset());
    for (std::size_t d = 1; d < dimensions.size(); ++d) {
      const noneq::storage::dimension& of = dimensions[d];
      const std::string scale = of.scales.empty() ? "" : of.scales.front();
      names.push_back(of.label.empty() ? scale.substr(scale.rfind('/') + 1) : of.label);
      if (names.back().empty()) return {};
    }
    return names;
  }

  void hold(std::int64_t position) {
    if (window_.holds(position)) return;
    window_ = {};  // until all is read: reading may throw
    const auto next = order_.at(position);
    blocks_.hold(order_.stretches(next), [&](const shipped::row_order::stretch& s) {
      return trained_.read(s.first, s.count, of_.first_class);
    });
    window_ = next;
  }

  void count_classes() {
    std::vector<std::int64_t> counts;
    for (const char* part : {"train", "validation", "test"}) {
      const auto found = parts_.find(part);
      if (found == parts_.end()) continue;
      const shipped::table_part& p = found->second;
      const bool own = p.table == trained_.table;  // shares of the rows: classes are those of all of them
      const auto more = shipped::count_labels(*p.table, p.rows, of_.first_class,
                                              own ? most_classes : static_cast<std::int64_t>(counts.size()));
      if (!own) continue;
      counts.resize(std::max(counts.size(), more.size()));
      for (std::size_t c = 0; c < more.size(); ++c) counts[c] += more[c];
    }
    const std::string name = table().files().paths().front().string();
    info_.classes = static_cast<std::int64_t>(counts.size());
    info_.first_class = of_.first_class;
    shipped::note_empty_classes(counts, of_.first_class, name + ": labels '" + of_.labels + "'", info_.notes);
    if (of_.first_class != 0)
      info_.notes.push_back(c10::str(name, ": labels '", of_.labels, "' from ", of_.first_class, " to ",
                                     of_.first_class + info_.classes - 1, " are the classes 0 to ", info_.classes - 1,
                                     " of a sampler's labels; files of samples have them as they are here"));
  }

  const hdf5 of_;
  const bool trained_model_;  // for it only the rows of the fingerprint are read
  const std::map<std::string, shipped::table_part> parts_;
  const shipped::table_part trained_;
  const shipped::finished_rows finish_;
  const shipped::reading_blocks reading_;
  shipped::row_order order_;
  noneq::dataset_info info_;
  shipped::row_order::window window_;
  shipped::kept_blocks blocks_;
  shipped::recent_rows recent_;
};

std::shared_ptr<noneq::source> hdf5::open(const std::optional<noneq::normalisation>& known,
                                          const noneq::stream& s) const {
  return std::make_shared<hdf5_source>(*this, known.has_value(), s);
}

}

NONEQ_PLUGIN(hdf5);
