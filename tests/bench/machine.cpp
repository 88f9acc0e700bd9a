// What this machine's multipliers give at best: one core at a time, oneDNN's matrix product and 3×3 convolution in
// float32, and in bfloat16 where they have it. Prints one line of JSON with GFLOP/s; the ceiling the other numbers are
// read against.
#include <ctime>

#include <nlohmann/json.hpp>

#include "noneq/compute/detail/onednn.hpp"
#include "noneq/compute/precision.hpp"
#include "noneq/core/threads.hpp"

namespace {

using dnnl::memory;
using noneq::compute::precision;
using noneq::compute::onednn::dims;
using noneq::compute::onednn::tag;

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// The best of several calls, in seconds of this thread: other programs cannot make it larger.
double gflops(double flop, const dnnl::primitive& work, const std::unordered_map<int, memory>& on) {
  dnnl::stream stream(noneq::compute::onednn::cpu());
  double best = 1e9;
  for (int i = 0; i < 40; ++i) {
    const double start = cpu_seconds();
    work.execute(stream, on);
    stream.wait();
    best = std::min(best, cpu_seconds() - start);
  }
  return flop / best * 1e-9;
}

memory zeros(const memory::desc& d) {
  memory m(d, noneq::compute::onednn::cpu());
  std::fill_n(static_cast<char*>(m.get_data_handle()), d.get_size(), char{0});
  return m;
}

double product(precision of) {
  const memory::dim n = 768;
  const auto type = noneq::compute::onednn::type(of);
  const memory::desc d({n, n}, type, tag::ab), any({n, n}, type, tag::any);
  const auto made = noneq::compute::onednn::described<dnnl::matmul>(dnnl::primitive_attr(), d, any, d);
  return gflops(2.0 * n * n * n, dnnl::matmul(made),
                {{DNNL_ARG_SRC, zeros(d)}, {DNNL_ARG_WEIGHTS, zeros(made.weights_desc())}, {DNNL_ARG_DST, zeros(d)}});
}

double convolution(precision of) {
  const memory::dim B = 8, C = 128, size = 32;
  const auto type = noneq::compute::onednn::type(of);
  const memory::desc pixels({B, C, size, size}, type, tag::nhwc), weights({C, C, 3, 3}, type, tag::any);
  const memory::dims one{1, 1};
  const auto made = noneq::compute::onednn::described<dnnl::convolution_forward>(
      dnnl::primitive_attr(), dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, pixels, weights,
      pixels, one, one, one);
  return gflops(
      2.0 * B * C * C * 9 * size * size, dnnl::convolution_forward(made),
      {{DNNL_ARG_SRC, zeros(pixels)}, {DNNL_ARG_WEIGHTS, zeros(made.weights_desc())}, {DNNL_ARG_DST, zeros(pixels)}});
}

}

int main() {
  noneq::limit_library_threads();
  nlohmann::ordered_json out;
  const auto best = [&](const char* name, precision of) {
    out[name] = {{"matmul", product(of)}, {"convolution", convolution(of)}};
  };
  best("fp32", precision::fp32);
  if (noneq::compute::can_compute_in_bf16()) best("bf16", precision::bf16);
  std::puts(out.dump().c_str());
}
