// What a guide is given in an HDF5 file, a row a sample: sample k gets row k, and from the beginning again when there
// are fewer rows than samples. Const use is thread-safe.
#pragma once

#include "noneq/plugin.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq {

class given_rows {
 public:
  // Throws noneq::error when there is no such dataset.
  given_rows(const std::filesystem::path& file, std::string dataset)
      : file_(file), dataset_(std::move(dataset)), layout_(file_.layout(dataset_)) {
    where_ = file.string() + ": dataset '" + dataset_ + "'";
  }

  const sizes& shape() const { return layout_.shape; }
  sizes row_shape() const { return {layout_.shape.begin() + 1, layout_.shape.end()}; }
  error wrong(const std::string& text) const { return error(where_ + ": " + text); }

  // The rows [count, …] of the chunk's samples. Throws noneq::error when a row has not the shape `need`.
  Tensor of(const guided_chunk& chunk, const sizes& need) const {
    if (row_shape() != need) throw wrong("got rows of shape " + to_string(row_shape()) + ", need " + to_string(need));
    std::vector<std::int64_t> rows;
    for (std::int64_t k = chunk.first; k < chunk.first + chunk.count; ++k) rows.push_back(k % shape()[0]);
    return file_.rows(dataset_, rows).to(at::kDouble);
  }

  // Throws noneq::error when one of the numbers `seen` cannot be data.
  void need_data(const Tensor& seen, const guided_chunk& chunk) const {
    if (!seen.isfinite().all().item<bool>()) throw wrong("got a number that is not finite, need data");
    if (chunk.range.empty() || seen.numel() == 0) return;
    const double least = seen.min().item<double>(), most = seen.max().item<double>();
    if (least < chunk.range[0] || most > chunk.range[1])
      throw wrong(c10::str("got ", least < chunk.range[0] ? least : most, ", need values from ", chunk.range[0], " to ",
                           chunk.range[1], ", which the data has"));
  }

 private:
  hdf5_reader file_;
  std::string dataset_, where_;
  dataset_layout layout_;
};

}
