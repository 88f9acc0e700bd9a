// Shared by the files that call oneDNN, of version 2 or 3. Its primitives run on the calling thread and find their
// scratch memory in the plan's.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include "noneq/compute/precision.hpp"

namespace noneq::compute::onednn {

using dims = dnnl::memory::dims;
using tag = dnnl::memory::format_tag;

const dnnl::engine& cpu();
dnnl::memory::data_type type(precision of);
// The caller gives the scratch memory, because the library's own belongs to the thread that made the primitive.
dnnl::primitive_attr own_scratch();

// Calls use(description) with that of a primitive, which may go on to other implementations, and returns the result.
// The attributes come first and then the arguments of the operation. oneDNN 2 describes the operation by an object of
// its own, to which the description points; oneDNN 3 does not.
template <class Primitive, class Use, class... Arguments>
auto with_description(const Use& use, const dnnl::primitive_attr& attributes, const Arguments&... operation) {
#if DNNL_VERSION_MAJOR < 3
  const typename Primitive::desc pointed_to(operation...);
  return use(typename Primitive::primitive_desc(pointed_to, attributes, cpu()));
#else
  return use(typename Primitive::primitive_desc(cpu(), operation..., attributes));
#endif
}

// Returns the description of the first implementation of a primitive, from which primitives can be made; it cannot go
// on to others.
template <class Primitive, class... Arguments>
typename Primitive::primitive_desc described(const dnnl::primitive_attr& attributes, const Arguments&... operation) {
  return with_description<Primitive>([](const auto& first) { return first; }, attributes, operation...);
}

// Returns the description of a backward pass of `forward`.
template <class Primitive, class Forward, class... Arguments>
typename Primitive::primitive_desc described_backward(const Forward& forward, const dnnl::primitive_attr& attributes,
                                                      const Arguments&... operation) {
#if DNNL_VERSION_MAJOR < 3
  return {typename Primitive::desc(operation...), attributes, cpu(), forward};
#else
  return {cpu(), operation..., forward, attributes};
#endif
}

inline dnnl::memory::data_type type_of(const dnnl::memory::desc& memory) {
#if DNNL_VERSION_MAJOR < 3
  return memory.data_type();
#else
  return memory.get_data_type();
#endif
}

}
