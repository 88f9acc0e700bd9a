// Filters that HDF5 itself lacks: h5py's lzf (filter 32000), by liblzf. Private to the room.
#pragma once

#include <cstddef>
#include <cstdint>

namespace noneq::storage {

inline constexpr int filter_lzf = 32000;

// Lets HDF5 itself read and write chunks packed by these filters. Call it once, before any other call of HDF5.
void register_filters();

// Unpacks into exactly `size` bytes. Returns how many there were; 0 when the packed bytes are damaged or there are more
// than that. May be called concurrently, and without hdf5_lock.
std::size_t unpack_lzf(const char* packed, std::size_t packed_size, char* to, std::size_t size);

}
