#include "noneq/storage/encoded_rows.hpp"

#include <memory>
#include <new>

#include <libdeflate.h>

namespace noneq::storage {

std::uint32_t crc32_of(std::string_view bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

std::int64_t usual_chunk_rows(const sizes& row, const stored_numbers& numbers, std::int64_t batch) {
  constexpr std::int64_t most = std::int64_t{4} << 20;
  const std::int64_t bytes =
      std::max<std::int64_t>(1, c10::multiply_integers(row) * static_cast<std::int64_t>(numbers.bytes()));
  std::int64_t rows = std::max<std::int64_t>(1, std::min(batch, most / bytes));
  while (batch % rows != 0) --rows;
  return rows;
}

// HDF5's shuffle: all first bytes, then all second bytes, … of the elements. In blocks that stay in the cache.
static void shuffle_into(const char* from, std::size_t bytes, std::size_t element, std::string& to) {
  constexpr std::size_t block = 4096;
  const std::size_t count = bytes / element;
  to.resize(bytes);
  for (std::size_t begin = 0; begin < count; begin += block) {
    const std::size_t end = std::min(count, begin + block);
    for (std::size_t byte = 0; byte < element; ++byte) {
      char* target = to.data() + byte * count;
      for (std::size_t i = begin; i < end; ++i) target[i] = from[i * element + byte];
    }
  }
}

namespace {

// Memory and tables of encoding, used again from chunk to chunk. One thread.
class chunk_encoder {
 public:
  explicit chunk_encoder(const row_format& f) : format_(f) {
    if (f.gzip > 0) deflates_.reset(libdeflate_alloc_compressor(f.gzip));
    if (f.gzip > 0 && !deflates_) throw std::bad_alloc();
  }

  encoded_chunk operator()(const Tensor& rows) {
    encoded_chunk chunk;
    const Tensor whole = filled_up(rows);
    if (format_.gzip == 0) {
      chunk.plain = whole;
    } else {
      const auto* from = static_cast<const char*>(whole.data_ptr());
      const std::size_t element = format_.numbers.bytes();
      if (format_.shuffle && element > 1) {
        shuffle_into(from, whole.nbytes(), element, shuffled_);
        from = shuffled_.data();
      }
      deflated_.resize(libdeflate_zlib_compress_bound(deflates_.get(), whole.nbytes()));
      const std::size_t bytes =
          libdeflate_zlib_compress(deflates_.get(), from, whole.nbytes(), deflated_.data(), deflated_.size());
      chunk.deflated.assign(deflated_, 0, bytes);
    }
    chunk.crc32 = crc32_of(chunk.bytes());
    return chunk;
  }

 private:
  Tensor filled_up(const Tensor& rows) const {
    if (rows.size(0) == format_.chunk_rows) return rows;
    sizes more = rows.sizes().vec();
    more[0] = format_.chunk_rows - rows.size(0);
    return at::cat({rows, at::zeros(more, rows.scalar_type())}).contiguous();
  }

  const row_format& format_;
  std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> deflates_{nullptr,
                                                                                          libdeflate_free_compressor};
  std::string shuffled_, deflated_;
};

}

encoded_chunk encode_chunk(const row_format& f, const Tensor& rows) { return chunk_encoder(f)(rows); }

encoded_rows encode(const row_format& f, const Tensor& rows, std::int64_t first) {
  encoded_rows all{rows, first, {}};
  if (first % f.chunk_rows != 0) return all;
  chunk_encoder chunk(f);
  for (std::int64_t at = 0; at + f.chunk_rows <= rows.size(0); at += f.chunk_rows)
    all.chunks.push_back(chunk(rows.slice(0, at, at + f.chunk_rows)));
  return all;
}

}
