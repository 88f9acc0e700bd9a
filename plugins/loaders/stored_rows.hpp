// The rows of a dataset as an HDF5 file has them. Const use is thread-safe.
#pragma once

#include <memory>

#include "lazy_rows.hpp"
#include "noneq/core/error.hpp"
#include "noneq/storage/chunks.hpp"
#include "noneq/storage/hdf5.hpp"

namespace shipped {

class stored_rows {
 public:
  // The largest amount of a dataset in memory at once when it is not kept, whatever its size.
  static constexpr std::int64_t window_bytes = std::int64_t{32} << 20;
  // A dataset of no more than this stays in memory once it was read.
  static constexpr std::int64_t kept_bytes = std::int64_t{256} << 20;

  // Throws noneq::error when there is no such dataset.
  stored_rows(const std::filesystem::path& file, std::string dataset)
      : file_(file.string()), dataset_(std::move(dataset)), reader_(file), layout_(reader_.layout(dataset_)) {}

  const noneq::storage::hdf5_reader& reader() const { return reader_; }
  const noneq::storage::dataset_layout& layout() const { return layout_; }

  // For messages.
  std::string where() const { return where(dataset_); }
  std::string where(const std::string& dataset) const { return file_ + ": dataset '" + dataset + "'"; }

  std::int64_t row_bytes() const { return std::max<std::int64_t>(1, layout_.bytes / layout_.shape[0]); }

  // Rows of a block: whole chunks, unless a chunk is so large that holding one is too much.
  std::int64_t block() const {
    constexpr std::int64_t block_bytes = std::int64_t{4} << 20, block_rows = 1024;
    const std::int64_t fitting = std::clamp<std::int64_t>(block_bytes / row_bytes(), 1, block_rows);
    const std::int64_t chunk = layout_.chunk.empty() ? 1 : layout_.chunk[0];
    return chunk * row_bytes() <= window_bytes ? chunk * std::max<std::int64_t>(1, fitting / chunk) : fitting;
  }

  // Rows of this dataset, or of another with rows like its own, as they are stored.
  noneq::Tensor read(const std::string& dataset, std::int64_t first, std::int64_t count) const {
    return noneq::storage::decode(noneq::storage::read_raw(reader_, dataset, first, count));
  }
  // Class numbers from 0, of labels that begin with first_class.
  noneq::Tensor labels(const std::string& dataset, std::int64_t first, std::int64_t count,
                       std::int64_t first_class) const {
    return reader_.rows(dataset, first, count).reshape({count}).to(at::kLong) - first_class;
  }

  // Rows of this dataset, or of another with rows like its own, that are decompressed when they are needed.
  std::shared_ptr<const lazy_rows> lazily(const std::string& dataset, std::int64_t first, std::int64_t count) const {
    return std::make_shared<const lazy_rows>(noneq::storage::read_raw(reader_, dataset, first, count));
  }

  // The shape of a sample; rows that are single numbers make samples [1].
  noneq::sizes sample_shape() const {
    const noneq::sizes shape(layout_.shape.begin() + 1, layout_.shape.end());
    return shape.empty() ? noneq::sizes{1} : shape;
  }
  static noneq::Tensor as_samples(const noneq::Tensor& rows) { return rows.dim() == 1 ? rows.unsqueeze(1) : rows; }

 private:
  const std::string file_, dataset_;
  const noneq::storage::hdf5_reader reader_;
  const noneq::storage::dataset_layout layout_;
};

}
