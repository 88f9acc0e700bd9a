// The numbers of a dataset, in one file or in several, in a few of their own: smallest, largest, mean and standard
// deviation of each channel, and how many are missing. The attributes of netCDF are honoured. Constant memory. One
// thread.
#pragma once

#include <functional>
#include <optional>

#include "noneq/core/moments.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq::app {

class data_statistics {
 public:
  // Reads all rows of a dataset. Throws noneq::error where they cannot be read, or have another shape than those
  // before.
  // `read` is called with the bytes of each block of rows.
  void add(const storage::hdf5_reader& reader, const std::string& dataset,
           const std::function<void(double bytes)>& read = {});
  // Returns a line for all numbers, and one for each channel where there are several.
  std::string text(const std::string& indent) const;

 private:
  struct group {
    moments of;
    Tensor least = {}, most = {};  // float64 [channels]; of what was observed
    double numbers = 0;            // of each channel, with those that are missing

    void add(const Tensor& rows);
    std::string line(std::int64_t channel) const;
  };

  sizes row_;  // the shape of a row
  group all_{moments(one_scale::for_all)};
  std::optional<group> channels_;
};

}
