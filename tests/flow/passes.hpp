// HDF5 files of rows, loaders that read them, and graphs without a trainer.
#pragma once

#include "flow/pipeline.hpp"
#include "noneq/storage/hdf5.hpp"

namespace testing {

// A file with `rows` rows of two numbers each, "x", and their sum, "s".
inline std::filesystem::path data_file(const std::filesystem::path& folder, std::int64_t rows,
                                       const std::string& name = "rows.h5") {
  std::filesystem::create_directories(folder);
  const at::Tensor x = noneq::stream(5).normal({rows, 2});
  noneq::storage::hdf5_writer out(folder / name);
  out.write("x", x);
  out.write("s", x.sum(1, true));
  out.close();
  return folder / name;
}

inline std::string rows_of(const std::string& id, const std::filesystem::path& file, const std::string& more = "") {
  return fmt::format("graph.{}={{plugin: loader.hdf5, file: '{}', batch: 32{}}}", id, file.string(), more);
}

inline const char* const pass = "name: pass\nseed: 4\ngraph: {}\n";

inline std::string problems_of_pass(const std::vector<std::string>& changes) {
  try {
    const noneq::flow::plan p = small_plan(changes, pass);
    scratch_folder folder;
    noneq::flow::run(p, {folder.path, noneq::flow::if_there::refuse, 2, true});
  } catch (const noneq::error& e) {
    return e.what();
  }
  return "";
}

inline void run_pass(const std::vector<std::string>& changes, const scratch_folder& folder, int threads = 2) {
  noneq::flow::run(small_plan(changes, pass), {folder.path, noneq::flow::if_there::refuse, threads, true});
}

inline at::Tensor all_rows(const std::filesystem::path& file, const std::string& dataset) {
  const noneq::storage::hdf5_reader in(file);
  return in.rows(dataset, 0, in.layout(dataset).shape[0]);
}

}
