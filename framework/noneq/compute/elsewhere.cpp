// Stands in for products by AVX-512 on other machines, which never call them.
#ifndef __x86_64__
#include "noneq/compute/detail/kernels/pointwise_gradient.hpp"

namespace noneq::compute {

std::size_t pointwise_gradient::scratch_bytes() const { return 0; }
void pointwise_gradient::operator()(const void*, const void*, float*, float*, void*) const {}

}
#endif
