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

// Values, and masks that say which of them are known. Const use is thread-safe.
struct known_rows {
  given_rows masks, values;

  // Throws noneq::error when there are no such datasets, or of different shapes.
  known_rows(const std::filesystem::path& file, const std::string& mask, const std::string& value)
      : masks(file, mask), values(file, value) {
    if (values.row_shape() != masks.row_shape())
      throw masks.wrong("got rows of shape " + to_string(masks.row_shape()) + ", need that of the values, " +
                        to_string(values.row_shape()));
  }

  struct rows {
    Tensor known, values;  // bool and float64 [count, …]
  };
  // Those of the chunk's samples. Throws noneq::error when they have not the shape of samples, or a mask no bits.
  rows of(const guided_chunk& chunk) const {
    const Tensor mask = masks.of(chunk, chunk.shape);
    if (!((mask == 0) | (mask == 1)).all().item<bool>())
      throw masks.wrong("got other numbers than 0 and 1, need 1 where the value is known");
    return {mask == 1, values.of(chunk, chunk.shape)};
  }
};

}
