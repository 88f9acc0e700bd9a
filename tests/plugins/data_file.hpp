// Datasets in an HDF5 file, and a loader that reads them.
#pragma once

#include "make.hpp"
#include "noneq/storage/hdf5.hpp"
#include "plugins/message.hpp"

namespace testing {

struct data_file : scratch {
  std::filesystem::path path = *this / "data.h5";
  explicit data_file(const std::map<std::string, noneq::Tensor>& datasets, int gzip = 0) {
    noneq::hdf5_writer out(path, gzip);
    for (const auto& [name, values] : datasets) out.write(name, values);
    out.close();
  }
  std::string yaml(const std::string& more = "") const {
    return "{plugin: hdf5, file: '" + path.string() + "'" + (more.empty() ? "" : ", " + more) + "}";
  }
  std::shared_ptr<noneq::source> open(const std::string& more = "", std::uint64_t seed = 1,
                                      const std::optional<noneq::normalisation>& known = {}) const {
    return noneq::make<noneq::loader>(yaml(more))->open(known, noneq::stream(seed));
  }
};

// The rows of a training step as the noiser gets them.
inline noneq::batch training(noneq::source& s, std::int64_t step) {
  return s.prepare(s.fetch(step, noneq::stream(99)));
}

}
