// Shared by the files that call oneDNN. Its primitives run on the calling thread and find their scratch memory in the
// plan's.
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

}
