#include "noneq/storage/versions.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include "noneq/storage/detail/hdf5_file.hpp"
#include "noneq/storage/detail/hdf5_filters.hpp"

namespace noneq::storage {

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

std::vector<hdf5_filter> hdf5_filters() {
  // Numbers above 255 are registered with the HDF Group; such filters come as plugins of HDF5.
  constexpr struct {
    const char* name;
    H5Z_filter_t number;
    bool parallel;
  } known[] = {{"gzip", H5Z_FILTER_DEFLATE, true},
               {"shuffle", H5Z_FILTER_SHUFFLE, true},
               {"lzf", filter_lzf, true},
               {"fletcher32", H5Z_FILTER_FLETCHER32, false},
               {"szip", H5Z_FILTER_SZIP, false},
               {"nbit", H5Z_FILTER_NBIT, false},
               {"scaleoffset", H5Z_FILTER_SCALEOFFSET, false},
               {"bzip2", 307, false},
               {"blosc", 32001, false},
               {"lz4", 32004, false},
               {"bitshuffle", 32008, false},
               {"zfp", 32013, false},
               {"zstd", 32015, false},
               {"blosc2", 32026, false}};
  const hdf5_lock lock;
  std::vector<hdf5_filter> all;
  for (const auto& f : known) all.push_back({f.name, H5Zfilter_avail(f.number) > 0, f.parallel});
  return all;
}

}
