// Datasets in an HDF5 file, and a loader that reads them.
#pragma once

#include "make.hpp"
#include "noneq/flow/branch.hpp"
#include "noneq/storage/hdf5.hpp"
#include "plugins/message.hpp"

namespace testing {

struct data_file : scratch {
  std::filesystem::path path = *this / "data.h5";
  explicit data_file(const std::map<std::string, noneq::Tensor>& datasets, int gzip = 0) {
    noneq::storage::hdf5_writer out(path, gzip);
    for (const auto& [name, values] : datasets) out.write(name, values);
    out.close();
  }
  std::string yaml(const std::string& more = "") const {
    return "{plugin: hdf5, file: '" + path.string() + "'" + (more.empty() ? "" : ", " + more) + "}";
  }
  std::shared_ptr<noneq::source> open(const std::string& more = "", std::uint64_t seed = 1,
                                      const std::optional<noneq::normalisation>& known = {}) const {
    const auto s = make<noneq::loader>(yaml(more))->open(known, noneq::stream(seed));
    s->examine([](const std::string&, const noneq::batch&) {});
    return s;
  }
  // The data behind transforms, as the noiser gets it.
  using transforms = std::vector<std::string>;
  std::shared_ptr<noneq::source> through(const transforms& yamls, const std::string& more = "", std::uint64_t seed = 1,
                                         const std::optional<noneq::normalisation>& known = {}) const {
    std::vector<noneq::flow::branch_node> nodes;
    for (const std::string& each : yamls)
      nodes.push_back({"transform " + std::to_string(nodes.size()), make_instance("transform", each)});
    return std::make_shared<noneq::flow::branch>(make<noneq::loader>(yaml(more))->open(known, noneq::stream(seed)),
                                                 std::move(nodes), noneq::stream(seed), known);
  }
};

// The rows of a training step as the noiser gets them.
inline noneq::batch training(noneq::source& s, std::int64_t step) {
  return s.prepare(s.fetch(step, noneq::stream(99)));
}
// Rows to measure on, prepared, and those of a part.
inline noneq::batch measured_of(noneq::source& s, std::int64_t first, std::int64_t count) {
  return s.prepare(s.fetch_rows(first, count));
}
inline noneq::batch measured_of(noneq::source& s, const std::string& part, std::int64_t first, std::int64_t count) {
  return s.prepare(s.fetch_part(part, first, count));
}

}
