// The framing of TensorFlow's record files, in which event files are kept: of each record its length, the checksum of
// the length, its bytes and their checksum, little-endian. A reader stops at a record that is not whole. Pure
// functions, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace noneq::storage {

// Returns the CRC-32C (Castagnoli) of bytes.
std::uint32_t crc32c(std::string_view bytes);

// Returns a checksum in the form that the files have, in which the checksum of bytes that hold checksums is no special
// case: rotated right by 15 bits, plus a constant.
std::uint32_t masked(std::uint32_t checksum);

// Returns the record of these bytes.
std::string tf_record(std::string_view bytes);

}
