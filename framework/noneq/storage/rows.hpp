// Files of numbers in other formats than HDF5, as rows: IDX (that of MNIST), NumPy's .npy, CSV, and PNG images, each of
// which is one row; all but PNG also compressed by gzip. The content decides the format, not the name. An object
// belongs to one thread. Memory does not grow with the file.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "noneq/core/tensor.hpp"

namespace noneq::storage {

class row_file {
 public:
  virtual ~row_file() = default;
  sizes shape;                        // of one row; empty: a single number
  at::ScalarType dtype = at::kFloat;  // of the numbers
  // Returns the next rows, [n, …] with n up to `most`; n = 0 at the end. Errors: damaged, truncated, more rows than
  // stated.
  virtual Tensor next(std::int64_t most) = 0;
  // Returns how many bytes of the file were read, compressed ones where it is compressed; 0 where that is not known
  // before the end.
  virtual std::int64_t bytes_read() const { return 0; }

  std::int64_t row_bytes() const;
};

// Called with the bytes that were read of a file, as row_file::bytes_read() has them.
using bytes_listener = std::function<void(std::int64_t bytes)>;

// Opens a file. CSV is read once then, to find its type and all errors; `reading` is called meanwhile, now and then.
// Errors: missing, empty, or of no known format, with the bytes found.
std::unique_ptr<row_file> open_rows(const std::filesystem::path& file, const bytes_listener& reading = {});

// Returns how often such a file is read from its beginning to its end: CSV twice, others once.
int times_read(const std::filesystem::path& file);

struct row_files {
  std::vector<std::filesystem::path> files, passed_over;
};

// Returns the PNG images of a folder in natural order (img2 before img10) and its other files, or the file itself.
// Errors: missing, a folder without PNG images.
row_files files_of_rows(const std::filesystem::path& file_or_folder);

}
