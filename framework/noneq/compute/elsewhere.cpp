// Stands in for products by AVX-512 on other machines, which never call them.
#ifndef __x86_64__
#include "noneq/compute/detail/kernels/pointwise_gradient.hpp"
#include "noneq/compute/detail/winograd/convolution.hpp"
#include "noneq/compute/detail/winograd/weight_gradient.hpp"
#include "noneq/compute/detail/winograd/weights.hpp"

namespace noneq::compute {

std::size_t pointwise_gradient::scratch_bytes() const { return 0; }
void pointwise_gradient::operator()(const void*, const void*, float*, float*, void*) const {}

namespace winograd {

std::size_t weights::bytes() const { return 0; }
void weights::pack(const float*, void*) const {}
convolution::convolution(const images& of, std::size_t in, std::size_t out, std::array<std::size_t, 2> margin)
    : of_(of), in_(in), out_(out), block_(0), margin_(margin) {}
std::size_t convolution::scratch_bytes() const { return 0; }
void convolution::operator()(const void*, const void*, const float*, void*, bool, void*) const {}
weight_gradient::weight_gradient(const images& of, std::size_t in, std::size_t out)
    : of_(of), in_(in), out_(out), along_(0), rows_(0) {}
std::size_t weight_gradient::scratch_bytes() const { return 0; }
void weight_gradient::operator()(const void*, const void*, float*, float*, void*) const {}

}
}
#endif
