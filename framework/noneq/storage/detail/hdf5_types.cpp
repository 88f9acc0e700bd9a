#include "noneq/storage/detail/hdf5_types.hpp"

#include <strings.h>

#include <fmt/format.h>
#include <hdf5.h>

namespace noneq::storage {

static hdf5_handle copy_of(hid_t type) { return {H5Tcopy(type), H5Tclose}; }

// A 16-bit float; HDF5 1.10 has no name for either kind.
static hdf5_handle short_float(std::size_t exponent_bits, std::size_t mantissa_bits) {
  hdf5_handle type = copy_of(H5T_IEEE_F32LE);
  H5Tset_fields(type, 15, mantissa_bits, exponent_bits, 0, mantissa_bits);
  H5Tset_precision(type, 16);
  H5Tset_size(type, 2);
  H5Tset_ebias(type, (std::size_t{1} << (exponent_bits - 1)) - 1);
  return type;
}

static hdf5_handle half() { return short_float(5, 10); }
static hdf5_handle bfloat16() { return short_float(8, 7); }

static bool is_boolean(hid_t type) {
  if (H5Tget_nmembers(type) != 2) return false;
  for (const auto& [name, value] : {std::pair{"FALSE", 0}, std::pair{"TRUE", 1}}) {
    bool found = false;
    for (unsigned i = 0; i < 2; ++i) {
      long long bytes[4] = {};
      char* member = H5Tget_member_name(type, i);
      const bool same = member && strcasecmp(member, name) == 0;
      H5free_memory(member);
      if (!same || H5Tget_size(type) > sizeof bytes || H5Tget_member_value(type, i, bytes) < 0) continue;
      const hdf5_handle base(H5Tget_super(type), H5Tclose);
      found = H5Tconvert(base, H5T_NATIVE_LLONG, 1, bytes, nullptr, H5P_DEFAULT) >= 0 && bytes[0] == value;
    }
    if (!found) return false;
  }
  return true;
}

static std::optional<number_type> integer(hid_t type) {
  const std::size_t size = H5Tget_size(type);
  if (size > 8) return {};
  if (H5Tget_sign(type) == H5T_SGN_NONE) {
    if (size == 1) return number_type{at::kByte, copy_of(H5T_NATIVE_UINT8)};
    if (size == 2) return number_type{at::kInt, copy_of(H5T_NATIVE_INT32)};
    if (size <= 4) return number_type{at::kLong, copy_of(H5T_NATIVE_INT64)};
    return number_type{at::kLong, copy_of(H5T_NATIVE_UINT64), true};
  }
  if (size == 1) return number_type{at::kChar, copy_of(H5T_NATIVE_INT8)};
  if (size == 2) return number_type{at::kShort, copy_of(H5T_NATIVE_INT16)};
  if (size <= 4) return number_type{at::kInt, copy_of(H5T_NATIVE_INT32)};
  return number_type{at::kLong, copy_of(H5T_NATIVE_INT64)};
}

static std::optional<number_type> floating(hid_t type) {
  std::size_t sign = 0, exponent_at = 0, exponent = 0, mantissa_at = 0, mantissa = 0;
  if (H5Tget_fields(type, &sign, &exponent_at, &exponent, &mantissa_at, &mantissa) < 0) return {};
  const std::size_t size = H5Tget_size(type);
  if (size > sizeof(long double)) return {};
  if (size == 2 && exponent == 5 && mantissa == 10) return number_type{at::kHalf, half()};
  if (size == 2 && exponent == 8 && mantissa == 7) return number_type{at::kBFloat16, bfloat16()};
  if (exponent <= 8 && mantissa <= 23) return number_type{at::kFloat, copy_of(H5T_NATIVE_FLOAT)};
  return number_type{at::kDouble, copy_of(H5T_NATIVE_DOUBLE)};
}

std::optional<number_type> number_type_of(std::int64_t stored) {
  switch (H5Tget_class(stored)) {
    case H5T_INTEGER:
      return integer(stored);
    case H5T_FLOAT:
      return floating(stored);
    case H5T_ENUM: {
      if (is_boolean(stored)) return number_type{at::kBool, copy_of(H5T_NATIVE_INT8)};
      const hdf5_handle base(H5Tget_super(stored), H5Tclose);
      return integer(base);
    }
    default:
      return {};
  }
}

std::string kind_of(std::int64_t stored) {
  switch (H5Tget_class(stored)) {
    case H5T_INTEGER:
      return fmt::format("{}-bit integers", 8 * H5Tget_size(stored));
    case H5T_FLOAT:
      return fmt::format("{}-bit floats", 8 * H5Tget_size(stored));
    case H5T_ENUM:
      return "an enumeration";
    case H5T_STRING:
      return "strings";
    case H5T_COMPOUND:
      return "compound records";
    case H5T_ARRAY:
      return "array elements";
    case H5T_VLEN:
      return "rows of varying length";
    case H5T_OPAQUE:
      return "opaque bytes";
    case H5T_REFERENCE:
      return "references";
    case H5T_BITFIELD:
      return "bit fields";
    case H5T_TIME:
      return "times";
    default:
      return "an unknown type";
  }
}

static hdf5_handle boolean() {
  hdf5_handle type(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
  for (const auto& [name, value] : {std::pair{"FALSE", std::int8_t{0}}, std::pair{"TRUE", std::int8_t{1}}})
    H5Tenum_insert(type, name, &value);
  return type;
}

hdf5_handle stored_type(at::ScalarType dtype) {
  switch (dtype) {
    case at::kByte:
      return copy_of(H5T_STD_U8LE);
    case at::kChar:
      return copy_of(H5T_STD_I8LE);
    case at::kShort:
      return copy_of(H5T_STD_I16LE);
    case at::kInt:
      return copy_of(H5T_STD_I32LE);
    case at::kLong:
      return copy_of(H5T_STD_I64LE);
    case at::kHalf:
      return half();
    case at::kBFloat16:
      return bfloat16();
    case at::kFloat:
      return copy_of(H5T_IEEE_F32LE);
    case at::kDouble:
      return copy_of(H5T_IEEE_F64LE);
    case at::kBool:
      return boolean();
    default:
      return {};
  }
}

}
