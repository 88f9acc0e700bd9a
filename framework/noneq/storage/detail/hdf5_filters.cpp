#include "noneq/storage/detail/hdf5_filters.hpp"

#include <hdf5.h>
#include <liblzf/lzf.h>

namespace noneq::storage {

std::size_t unpack_lzf(const char* packed, std::size_t packed_size, char* to, std::size_t size) {
  return ::lzf_decompress(packed, static_cast<unsigned>(packed_size), to, static_cast<unsigned>(size));
}

// HDF5's interface of a filter: replaces *buffer, of `bytes` bytes, and returns the new number of bytes, or 0 on
// failure, when HDF5 keeps the chunk as it is. Value 2 of the filter is the size of a chunk, which h5py sets.
static std::size_t lzf_filter(unsigned flags, std::size_t values, const unsigned value[], std::size_t bytes,
                              std::size_t* held, void** buffer) {
  const bool unpacks = flags & H5Z_FLAG_REVERSE;
  if (unpacks && (values < 3 || value[2] == 0)) return 0;
  const std::size_t room = unpacks ? value[2] : bytes;
  auto* made = static_cast<char*>(H5allocate_memory(room, false));
  if (made == nullptr) return 0;
  const std::size_t got =
      unpacks ? unpack_lzf(static_cast<const char*>(*buffer), bytes, made, room)
              : ::lzf_compress(*buffer, static_cast<unsigned>(bytes), made, static_cast<unsigned>(room));
  if (got == 0) {
    H5free_memory(made);
    return 0;
  }
  H5free_memory(*buffer);
  *buffer = made;
  *held = room;
  return got;
}

void register_filters() {
  static const H5Z_class2_t lzf{H5Z_CLASS_T_VERS, filter_lzf, 1, 1, "lzf", nullptr, nullptr, lzf_filter};
  H5Zregister(&lzf);
}

}
