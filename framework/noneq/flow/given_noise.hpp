// x^T read from a file instead of drawn from π: a dataset of HDF5 with one row a sample.
// Checked as a whole when it is opened; holds the rows it is asked for and no more. Const use is thread-safe.
#pragma once

#include <filesystem>

#include "noneq/plugin/roles/kernel.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq {

class given_noise {
 public:
  // Throws noneq::error when the dataset is missing, is not [count or more, shape …], or has rows that are no states of
  // the kernel: numbers that are not finite, bits other than 0 and 1.
  given_noise(const std::filesystem::path& file, std::string dataset, const sizes& shape, std::int64_t count,
              const kernel& k);

  // Rows first … first+count−1, float64 when stored so, else float32.
  Tensor rows(std::int64_t first, std::int64_t count) const;

 private:
  hdf5_reader file_;
  std::string dataset_;
};

}
