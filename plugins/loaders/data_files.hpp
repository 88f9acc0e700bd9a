// The HDF5 files of a loader, in order. However many there are, only some are held open. One thread at a time.
#pragma once

#include <algorithm>
#include <list>

#include "noneq/core/error.hpp"
#include "noneq/storage/file_names.hpp"
#include "noneq/storage/hdf5.hpp"

namespace shipped {

class data_files {
 public:
  // Names, or patterns of names, each for the files that match it, in their natural order. Throws noneq::error about
  // `parameter` for a pattern that matches nothing, and for a file that comes twice.
  data_files(const std::vector<std::filesystem::path>& names, const std::string& parameter) {
    for (const auto& name : names) {
      const auto found = noneq::storage::matching_files(name);
      if (found.empty()) throw noneq::error("got '" + name.string() + "', which matches no file", parameter);
      for (const auto& file : found) {
        if (std::find(paths_.begin(), paths_.end(), file) != paths_.end())
          throw noneq::error("got '" + file.string() + "' twice, need each file once", parameter);
        paths_.push_back(file);
      }
    }
  }

  std::size_t size() const { return paths_.size(); }
  const std::vector<std::filesystem::path>& paths() const { return paths_; }

  // Errors: the file cannot be opened.
  noneq::storage::hdf5_reader reader(std::size_t file) const {
    constexpr std::size_t most_open = 200;  // a process may have 1024 files open
    const auto at = std::find_if(open_.begin(), open_.end(), [&](const auto& o) { return o.first == file; });
    if (at != open_.end()) {
      open_.splice(open_.begin(), open_, at);
      return open_.front().second;
    }
    if (open_.size() >= most_open) open_.pop_back();
    open_.emplace_front(file, noneq::storage::hdf5_reader(paths_[file]));
    return open_.front().second;
  }

  // For messages: a dataset in one of the files, and in all of them.
  std::string where(std::size_t file, const std::string& dataset) const {
    return paths_[file].string() + ": dataset '" + dataset + "'";
  }
  std::string where(const std::string& dataset) const {
    return size() == 1 ? where(0, dataset)
                       : c10::str(paths_.front().string(), " … ", paths_.back().string(), " (", size(),
                                  " files): dataset '", dataset, "'");
  }

 private:
  std::vector<std::filesystem::path> paths_;
  mutable std::list<std::pair<std::size_t, noneq::storage::hdf5_reader>> open_;  // the latest first
};

}
