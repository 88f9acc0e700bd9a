// Tensors and batches as bytes for other processes of this job, which run on machines of one kind. Pure, thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "noneq/plugin/batch.hpp"

namespace noneq::flow {

// Append a tensor of any shape, also an undefined one, or a batch. Throws noneq::error for a batch with data beside its
// tensors, which only this process can read.
void pack(const Tensor& t, std::string& into);
void pack(const batch& b, std::string& into);

// Take what was packed off the beginning of `from`.
Tensor unpack_tensor(std::string_view& from);
batch unpack_batch(std::string_view& from);

// A plain value, or the bytes of a text behind their number.
template <class T>
void pack_plain(const T& value, std::string& into) {
  static_assert(std::is_trivially_copyable_v<T>);
  into.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
T unpack_plain(std::string_view& from) {
  T value{};
  from.copy(reinterpret_cast<char*>(&value), sizeof value);
  from.remove_prefix(sizeof value);
  return value;
}
void pack_text(std::string_view text, std::string& into);
std::string_view unpack_text(std::string_view& from);

}
