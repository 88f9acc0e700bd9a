// What links in place of Winograd's filtering on machines that never call it.
#ifndef __x86_64__
#include "noneq/compute/winograd/convolution.hpp"
#include "noneq/compute/winograd/weight_gradient.hpp"
#include "noneq/compute/winograd/weights.hpp"

namespace noneq::winograd {

std::size_t weights::bytes() const { return 0; }
void weights::pack(const float*, void*) const {}
convolution::convolution(const images& of, std::size_t, std::size_t) : of_(of) {}
std::size_t convolution::scratch_bytes() const { return 0; }
void convolution::operator()(const void*, const void*, const float*, void*, bool, void*) const {}
weight_gradient::weight_gradient(const images& of, std::size_t, std::size_t) : of_(of) {}
std::size_t weight_gradient::scratch_bytes() const { return 0; }
void weight_gradient::operator()(const void*, const void*, float*, float*, void*) const {}

}
#endif
