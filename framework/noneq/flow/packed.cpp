#include "noneq/flow/packed.hpp"

namespace noneq::flow {
namespace {

struct head_of_tensor {
  std::int64_t type, dimensions;  // type −1: undefined
  bool strided;                   // whether strides follow the sizes; sums may depend on them
};

struct head_of_batch {
  std::int64_t step, first, tensors;
};

}

void pack_text(std::string_view text, std::string& into) {
  pack_plain(static_cast<std::int64_t>(text.size()), into);
  into.append(text);
}

std::string_view unpack_text(std::string_view& from) {
  const auto size = static_cast<std::size_t>(unpack_plain<std::int64_t>(from));
  const std::string_view text = from.substr(0, size);
  from.remove_prefix(size);
  return text;
}

void pack(const Tensor& t, std::string& into) {
  if (!t.defined()) return pack_plain(head_of_tensor{-1, 0, false}, into);
  const bool strided = t.is_non_overlapping_and_dense();
  const Tensor values = strided ? t : t.contiguous();
  pack_plain(head_of_tensor{static_cast<std::int64_t>(t.scalar_type()), t.dim(), strided}, into);
  for (const std::int64_t size : t.sizes()) pack_plain(size, into);
  if (strided)
    for (const std::int64_t stride : t.strides()) pack_plain(stride, into);
  into.append(static_cast<const char*>(values.data_ptr()), values.nbytes());
}

Tensor unpack_tensor(std::string_view& from) {
  const auto head = unpack_plain<head_of_tensor>(from);
  if (head.type < 0) return {};
  const auto numbers = [&] {
    sizes all;
    for (std::int64_t d = 0; d < head.dimensions; ++d) all.push_back(unpack_plain<std::int64_t>(from));
    return all;
  };
  const sizes shape = numbers();
  const auto type = static_cast<at::ScalarType>(head.type);
  Tensor t = head.strided ? at::empty_strided(shape, numbers(), type) : at::empty(shape, type);
  from.copy(static_cast<char*>(t.data_ptr()), t.nbytes());
  from.remove_prefix(t.nbytes());
  return t;
}

void pack(const batch& b, std::string& into) {
  if (b.fetched)
    throw error("its batches hold data beside tensors, which another process cannot receive, need one process");
  pack_plain(head_of_batch{b.step, b.first, static_cast<std::int64_t>(b.tensors.size())}, into);
  for (const auto& [name, tensor] : b.tensors) {
    pack_text(name, into);
    pack(tensor, into);
  }
}

batch unpack_batch(std::string_view& from) {
  const auto head = unpack_plain<head_of_batch>(from);
  batch b{head.step, head.first, {}};
  for (std::int64_t k = 0; k < head.tensors; ++k) {
    std::string name(unpack_text(from));
    b.tensors[std::move(name)] = unpack_tensor(from);
  }
  return b;
}

}
