// Samples, frames and curves into an HDF5 file, chunk by chunk; provenance as attributes of the file. Chunks are
// encoded by the threads that map batches.
#include <set>

#include "noneq/plugin.hpp"
#include "noneq/storage/dataset_names.hpp"
#include "noneq/storage/file_names.hpp"
#include "noneq/storage/growing_file.hpp"

namespace {

using noneq::Tensor;
namespace storage = noneq::storage;

struct hdf5 : noneq::writer {
  std::vector<std::string> datasets;
  std::map<std::string, std::string> names;
  std::string dtype = "as given", overflow = "refuse", fill = "auto";
  double scale = 1, offset = 0;
  std::int64_t chunk = 0, gzip = 0;
  bool shuffle = true, copy = true;

  std::unique_ptr<noneq::sinking> open(const noneq::writing& w) const override;
  bool in_units() const override { return true; }
  void check_units(std::int64_t rows) const override {
    if (chunk > 0 && rows % chunk != 0)
      throw noneq::error(c10::str("got ", chunk, ", need a divisor of the ", rows, " rows of a unit"), "chunk");
  }

  void check() const override {
    if (scale == 0) throw noneq::error("got 0, need another number", "scale");
    std::set<std::string> seen;
    for (const auto& [tensor, name] : names) {
      if (tensor.empty()) throw noneq::error("got '" + name + "', need a map such as {samples: temperature}", "names");
      need_name_of_dataset(name, "names");
      if (!seen.insert(name).second) throw noneq::error("got '" + name + "' twice, need different names", "names");
    }
  }

  void check_input(const noneq::writer_input& given) const override {
    try {
      storage::need_name_of("HDF5", file);
    } catch (const noneq::error& e) {
      throw noneq::error(e.message(), "file");
    }
    for (const noneq::named_tensor_doc& t : given.tensors)
      if (datasets.empty() && names.count(t.name) == 0) need_name_of_dataset(t.name, "in");
    for (const std::string& name : datasets) {
      given.need(name, "datasets");
      if (names.count(name) == 0) need_name_of_dataset(name, "datasets");
    }
    for (const auto& [tensor, _] : names) given.need(tensor, "names");
  }

  // A group of the file's own holds its checksums.
  static void need_name_of_dataset(const std::string& name, const char* parameter) {
    if (!storage::is_dataset_name(name) || name == "noneq" || name.starts_with("noneq/"))
      throw noneq::error("got '" + name + "', need the name of a dataset, like 'a' or 'a/b'", parameter);
  }

  // The name of the dataset of a tensor.
  const std::string& name_of(const std::string& tensor) const {
    const auto other = names.find(tensor);
    return other == names.end() ? tensor : other->second;
  }

  static void describe(noneq::description<hdf5>& d) {
    std::vector<std::string> types = storage::number_names();
    types.insert(types.begin(), "as given");
    d.doc("Writes everything it is given into an HDF5 file, which appears whole or not at all.")
        .param("datasets", &hdf5::datasets, "the tensors to write; empty: all")
        .param("names", &hdf5::names, "other names for the datasets of tensors, as {samples: temperature}")
        .param(
            "dtype", &hdf5::dtype,
            "the type in which floating-point numbers are stored; integers are stored as they are. For NaN in integer "
            "types see fill",
            noneq::one_of(types))
        .param("scale", &hdf5::scale, "stored = (x − offset)/scale, written as the attribute scale_factor")
        .param("offset", &hdf5::offset, "see scale; written as the attribute add_offset")
        .param("overflow", &hdf5::overflow,
               "numbers that the dtype cannot hold end the run with their row, or become the nearest that it can",
               noneq::one_of({"refuse", "saturate"}))
        .param("fill", &hdf5::fill,
               "auto: in integers the smallest of a signed dtype, the largest of an unsigned one, is _FillValue, which "
               "stands for NaN and for no number; none: the dtype holds all its numbers, and NaN is refused",
               noneq::one_of({"auto", "none"}))
        .param("chunk", &hdf5::chunk, "rows in a chunk; 0: those of a batch, or a part of them that has at most 4 MiB",
               noneq::at_least(0))
        .param("gzip", &hdf5::gzip, "compression, from 0 (none) to 9", noneq::between(0, 9))
        .param("shuffle", &hdf5::shuffle, "whether compressed chunks are shuffled byte by byte before")
        .param("copy", &hdf5::copy,
               "whether datasets get the attributes and dimension scales of the stored data that their rows come from");
  }
};

// The encoded tensors of a batch, by name, on their way from map() to add().
struct encoded_tensor {
  storage::row_format format;
  storage::encoded_rows rows;
};
struct encoded_batch {
  std::map<std::string, encoded_tensor> tensors;
  std::set<std::string> given;  // all tensors, those that are not written too
};

class hdf5_sinking : public noneq::sinking {
 public:
  hdf5_sinking(const hdf5& of, const noneq::writing& w)
      : of_(of),
        file_(of.path(w)),
        surroundings_(w),
        out_(file_, w.units ? storage::growing_file_kind::in_units : storage::growing_file_kind::whole) {
    surroundings_.denoiser = nullptr, surroundings_.pass = {};  // not used, and not to be kept
    for (const auto& [name, text] : w.provenance) out_.attribute("/", name, text);
  }

  // Encodes the tensors, in the order of dimensions that the file has, as far as the batch alone has whole chunks.
  noneq::batch map(noneq::batch b) const override {
    auto all = std::make_shared<encoded_batch>();
    for (const auto& [name, tensor] : b.tensors) {
      all->given.insert(name);
      if (!is_wanted(name)) continue;
      const Tensor x = tensor.dim() == 0 ? tensor.unsqueeze(0) : as_stored(name, tensor);
      all->tensors.emplace(name, encoded(name, x, b.first));
    }
    return {b.step, b.first, {}, std::move(all)};
  }

  void add(const noneq::batch& mapped) override {
    const auto all = std::static_pointer_cast<const encoded_batch>(mapped.fetched);
    given_.insert(all->given.begin(), all->given.end());
    if (all->tensors.empty() && !of_.datasets.empty()) refuse(of_.datasets.front());
    for (const auto& [name, t] : all->tensors)
      if (t.rows.rows.size(0) > 0 && !out_.has(of_.name_of(name))) create(name, t);
    for (const auto& [name, t] : all->tensors)
      if (t.rows.rows.size(0) > 0) out_.append(of_.name_of(name), t.rows);
  }

  void end_unit(std::int64_t first, std::int64_t rows) override { out_.end_unit(first, rows); }

  noneq::outcome finish() override {
    out_.close();
    // Checked only now, so that results of hours of work are kept in any case.
    for (const std::string& name : of_.datasets)
      if (given_.count(name) == 0) refuse(name);
    return {{}, {}, {file_}};
  }

 private:
  bool is_wanted(const std::string& name) const {
    return of_.datasets.empty() || std::find(of_.datasets.begin(), of_.datasets.end(), name) != of_.datasets.end();
  }

  // Samples, one or several a row, and states on the way to them, as the data's own files have them.
  Tensor as_stored(const std::string& name, const Tensor& x) const {
    const noneq::dataset_info& info = surroundings_.info;
    const auto is_behind = [&](std::int64_t dimensions) {
      return x.dim() > dimensions && x.sizes().slice(dimensions) == at::IntArrayRef(info.shape);
    };
    if ((name == "frames" || name == "samples") && is_behind(2))
      return info.as_stored(x.flatten(0, 1)).unflatten(0, x.sizes().slice(0, 2));
    return is_behind(1) ? info.as_stored(x) : x;
  }

  bool is_converted(const Tensor& x) const {
    return x.is_floating_point() && (of_.dtype != "as given" || of_.scale != 1 || of_.offset != 0);
  }

  storage::row_format format_of(const Tensor& x) const {
    storage::row_format f{storage::numbers_of(x.scalar_type()), 1, static_cast<int>(of_.gzip), of_.shuffle};
    if (is_converted(x)) {
      if (of_.dtype != "as given") f.numbers = *storage::numbers_named(of_.dtype);
      f.by = {of_.scale, of_.offset, of_.overflow == "saturate", {}};
      if (f.numbers.integer && of_.fill == "auto")  // as far from the usual numbers as can be
        f.by.fill = static_cast<std::int64_t>(f.numbers.least < 0 ? f.numbers.least : f.numbers.most);
    }
    const std::int64_t batch = surroundings_.batch > 0 ? surroundings_.batch : x.size(0);
    f.chunk_rows = of_.chunk > 0 ? of_.chunk
                                 : storage::usual_chunk_rows(x.sizes().slice(1).vec(), f.numbers,
                                                             std::max<std::int64_t>(1, batch));
    return f;
  }

  encoded_tensor encoded(const std::string& name, const Tensor& x, std::int64_t first) const {
    try {
      const storage::row_format f = format_of(x);
      const Tensor rows = is_converted(x) ? storage::packed(x, f.numbers, f.by, first) : x.detach().contiguous();
      // Where batches are not alike, the chunks are those of the first one, which add() knows.
      if (surroundings_.batch == 0) return {f, {rows, first, {}}};
      return {f, storage::encode(f, rows, first)};
    } catch (const noneq::error& e) {
      throw noneq::error("dataset '" + of_.name_of(name) + "' " + e.message());
    }
  }

  void create(const std::string& tensor, const encoded_tensor& t) {
    const std::string& name = of_.name_of(tensor);
    out_.create(name, t.rows.rows.sizes().slice(1).vec(), t.format);
    if (of_.copy) {
      const auto& stored = surroundings_.stored;
      if (const auto own = stored.find(tensor); own != stored.end())
        out_.copy_description(name, own->second.files, own->second.dataset, surroundings_.rows,
                              storage::description_of::numbers);
      else if (const auto of_rows = stored.find(""); of_rows != stored.end())
        out_.copy_description(name, of_rows->second.files, of_rows->second.dataset, surroundings_.rows,
                              storage::description_of::rows);
    }
    if (t.format.by.scale != 1 || t.format.by.offset != 0) {
      out_.attribute(name, "scale_factor", t.format.by.scale);
      out_.attribute(name, "add_offset", t.format.by.offset);
    }
    if (t.format.by.fill) out_.fill_value(name, *t.format.by.fill);
    if (tensor == "frames") out_.attribute(name, "frame_times", c10::str(c10::Join(", ", surroundings_.frame_times)));
  }

  [[noreturn]] void refuse(const std::string& name) const {
    throw noneq::error("datasets got '" + name + "', need one of " + c10::Join(", ", given_));
  }

  const hdf5 of_;
  const std::filesystem::path file_;
  noneq::writing surroundings_;
  storage::growing_file out_;
  std::set<std::string> given_;
};

std::unique_ptr<noneq::sinking> hdf5::open(const noneq::writing& w) const {
  return std::make_unique<hdf5_sinking>(*this, w);
}

}

NONEQ_PLUGIN(hdf5);
