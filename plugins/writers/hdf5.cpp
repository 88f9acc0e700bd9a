// Samples, frames and curves into an HDF5 file, chunk by chunk; provenance as attributes of the file.
#include "noneq/storage/hdf5.hpp"
#include <set>

#include "noneq/plugin.hpp"
#include "noneq/storage/file_names.hpp"

namespace {

using noneq::Tensor;

struct hdf5 : noneq::writer {
  std::vector<std::string> datasets;
  std::int64_t gzip = 0;

  std::unique_ptr<noneq::sinking> open(const noneq::writing& w) const override;

  void check_input(const noneq::writer_input& given) const override {
    try {
      noneq::storage::need_name_of("HDF5", file);
    } catch (const noneq::error& e) {
      throw noneq::error(e.message(), "file");
    }
    for (const std::string& name : datasets) given.need(name, "datasets");
  }

  static void describe(noneq::description<hdf5>& d) {
    d.doc("Writes everything it is given into an HDF5 file, which appears whole or not at all.")
        .param("datasets", &hdf5::datasets, "the tensors to write; empty: all")
        .param("gzip", &hdf5::gzip, "compression, from 0 (none) to 9", noneq::between(0, 9));
  }
};

class hdf5_sinking : public noneq::sinking {
 public:
  hdf5_sinking(const hdf5& of, const noneq::writing& w)
      : wanted_(of.datasets),
        file_(of.path(w)),
        provenance_(w.provenance),
        frame_times_(w.frame_times),
        info_(w.info),
        out_(file_, static_cast<int>(of.gzip)) {}

  // The tensors in the order of dimensions that the file has.
  noneq::batch map(noneq::batch b) const override {
    for (auto& [name, tensor] : b.tensors)
      if (is_wanted(name)) tensor = tensor.dim() == 0 ? tensor.unsqueeze(0) : as_stored(name, tensor);
    return b;
  }

  void add(const noneq::batch& mapped) override {
    bool any = false;
    for (const auto& [name, tensor] : mapped.tensors) {
      given_.insert(name);
      if (!is_wanted(name)) continue;
      out_.append(name, tensor);
      has_frames_ |= name == "frames" && tensor.size(0) > 0;
      any = true;
    }
    if (!any && !wanted_.empty()) refuse(wanted_.front());
  }

  noneq::outcome finish() override {
    for (const auto& [name, text] : provenance_) out_.attribute("/", name, text);
    if (has_frames_) out_.attribute("frames", "frame_times", c10::str(c10::Join(", ", frame_times_)));
    out_.close();
    // Checked only now, so that results of hours of work are kept in any case.
    for (const std::string& name : wanted_)
      if (given_.count(name) == 0) refuse(name);
    return {{}, {}, {file_}};
  }

 private:
  bool is_wanted(const std::string& name) const {
    return wanted_.empty() || std::find(wanted_.begin(), wanted_.end(), name) != wanted_.end();
  }

  // Samples, and states on the way to them, as the data's own files have them.
  Tensor as_stored(const std::string& name, const Tensor& x) const {
    if (name == "frames") return info_.as_stored(x.flatten(0, 1)).unflatten(0, x.sizes().slice(0, 2));
    const bool like_samples = x.dim() > 0 && x.sizes().slice(1) == at::IntArrayRef(info_.shape);
    return like_samples ? info_.as_stored(x) : x;
  }

  [[noreturn]] void refuse(const std::string& name) const {
    throw noneq::error("datasets got '" + name + "', need one of " + c10::Join(", ", given_));
  }

  const std::vector<std::string> wanted_;
  const std::filesystem::path file_;
  const std::map<std::string, std::string> provenance_;
  const std::vector<std::int64_t> frame_times_;
  const noneq::dataset_info info_;
  noneq::storage::hdf5_writer out_;
  std::set<std::string> given_;
  bool has_frames_ = false;
};

std::unique_ptr<noneq::sinking> hdf5::open(const noneq::writing& w) const {
  return std::make_unique<hdf5_sinking>(*this, w);
}

}

NONEQ_PLUGIN(hdf5);
