#include "noneq/storage/detail/hdf5_unwritten.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include "noneq/storage/detail/hdf5_file.hpp"

namespace noneq::storage {

// Returns the offset of the first chunk, in the order of the rows, that the file does not hold.
static sizes first_missing(const open_dataset& d) {
  const std::size_t rank = d.layout.shape.size();
  std::vector<hsize_t> at(rank, 0);
  for (;;) {
    hsize_t bytes = 0;
    if (H5Dget_chunk_storage_size(d.id, at.data(), &bytes) < 0 || bytes == 0) return {at.begin(), at.end()};
    std::size_t i = rank;
    for (; i-- > 0;) {
      at[i] += static_cast<hsize_t>(d.layout.chunk[i]);
      if (at[i] < static_cast<hsize_t>(d.layout.shape[i])) break;
      at[i] = 0;
    }
    if (i >= rank) return {};
  }
}

std::string unwritten_part(const open_dataset& d) {
  const hdf5_handle creation(H5Dget_create_plist(d.id), H5Pclose), space(H5Dget_space(d.id), H5Sclose);
  const H5D_layout_t kind = H5Pget_layout(creation);
  if (kind == H5D_CONTIGUOUS && H5Pget_external_count(creation) == 0)
    return H5Dget_offset(d.id) == HADDR_UNDEF ? "has room for its numbers, but they were never written" : "";
  if (kind != H5D_CHUNKED) return "";
  hsize_t stored = 0;
  std::int64_t all = 1;
  for (std::size_t i = 0; i < d.layout.shape.size(); ++i)
    if (__builtin_mul_overflow(all, (d.layout.shape[i] - 1) / d.layout.chunk[i] + 1, &all)) return "";
  if (H5Dget_num_chunks(d.id, space, &stored) < 0 || static_cast<std::int64_t>(stored) >= all) return "";
  if (stored == 0) return fmt::format("has room for {} chunks, but none was ever written", all);
  const sizes missing = first_missing(d);
  if (missing.empty()) return "";
  return fmt::format("got {} of its {} chunks, the others were never written, the first of them at row {}", stored, all,
                     missing[0]);
}

}
