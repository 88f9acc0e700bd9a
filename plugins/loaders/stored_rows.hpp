// The rows of a dataset as an HDF5 file has them, and where a sample has its channels. Const use is thread-safe.
#pragma once

#include "noneq/core/error.hpp"
#include "noneq/storage/chunks.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq {

class stored_rows {
 public:
  // What is held in memory at once of a dataset that is not kept, whatever its size.
  static constexpr std::int64_t window_bytes = std::int64_t{32} << 20;
  // A dataset of no more than this stays in memory once it was read.
  static constexpr std::int64_t kept_bytes = std::int64_t{256} << 20;

  // channels: none, first, last or add. Throws noneq::error when there is no such dataset, or it has too few
  // dimensions.
  stored_rows(const std::filesystem::path& file, std::string dataset, std::string channels)
      : file_(file.string()),
        dataset_(std::move(dataset)),
        channels_(std::move(channels)),
        reader_(file),
        layout_(reader_.layout(dataset_)) {
    const std::size_t need = channels_ == "first" || channels_ == "last" ? 3 : 1;
    if (layout_.shape.size() < need)
      throw error(c10::str(where(), " has shape ", to_string(layout_.shape), " and channels: ", channels_,
                           ", need at least [N, positions, channels] in either order, or channels: none or add"));
  }

  const hdf5_reader& reader() const { return reader_; }
  const dataset_layout& layout() const { return layout_; }

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
  Tensor read(const std::string& dataset, std::int64_t first, std::int64_t count) const {
    return decode(read_raw(reader_, dataset, first, count));
  }
  // Class numbers from 0, of labels that begin with first_class.
  Tensor labels(const std::string& dataset, std::int64_t first, std::int64_t count, std::int64_t first_class) const {
    return reader_.rows(dataset, first, count).reshape({count}).to(at::kLong) - first_class;
  }

  // Stored rows with their channels first, and what a sample then is.
  Tensor arranged(const Tensor& stored) const {
    const Tensor x = stored.dim() == 1 ? stored.unsqueeze(1) : stored;
    if (channels_ == "add") return x.unsqueeze(1);
    if (channels_ == "last") return x.movedim(-1, 1);
    return x;
  }
  // The dimensions of a sample in the order of the file, as dataset_info has it.
  sizes stored_order() const {
    sizes order;
    const auto rank = static_cast<std::int64_t>(sample_shape().size());
    if (channels_ != "add" && channels_ != "last") return order;
    for (std::int64_t d = 1; d < rank; ++d) order.push_back(d);
    if (channels_ == "last") order.push_back(0);
    return order;
  }
  // The name of each dimension of a sample, as far as it was stated.
  std::vector<std::string> axes() const {
    if (channels_ == "none") return {};
    switch (sample_shape().size()) {
      case 2:
        return {"channels", "length"};
      case 3:
        return {"channels", "height", "width"};
      case 4:
        return {"channels", "depth", "height", "width"};
      default:
        return {};
    }
  }
  sizes sample_shape() const {
    return arranged(at::empty(layout_.shape, at::device(at::kMeta).dtype(layout_.dtype))).sizes().slice(1).vec();
  }

 private:
  const std::string file_, dataset_, channels_;
  const hdf5_reader reader_;
  const dataset_layout layout_;
};

}
