// Weights in the layout and precision of the convolutions that read them, packed once after each change of the weights.
// Concurrent calls of refresh() share the work. Thread-safe as long as no thread changes weights while another computes
// with them.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>

#include "noneq/compute/detail/onednn.hpp"
#include "noneq/compute/detail/winograd/weights.hpp"
#include "noneq/compute/layers.hpp"

namespace noneq::compute {

class packed_weights {
 public:
  // Returns a place for weight `w`, of dimensions {out, in, height, width}, in another layout; the next refresh() fills
  // it.
  dnnl::memory place(weight_id w, const onednn::dims& shape, const dnnl::memory::desc& layout);
  // Returns a place for Winograd's filtering; it is valid as long as this object.
  const void* place(weight_id w, const winograd::weights& how);

  // Brings all places up to `weights` (contiguous float32, in the order of the network's description).
  void refresh(std::span<const Tensor> weights);

 private:
  struct reordered {
    dnnl::memory::desc plain;
    dnnl::memory memory;
    dnnl::reorder reorder;
    void fill(const float* weight);
  };
  struct transformed {
    winograd::weights how;
    dnnl::memory memory;
    void fill(const float* weight) { how.pack(weight, memory.get_data_handle()); }
  };
  struct packed {
    weight_id weight;
    std::variant<reordered, transformed> as;
    std::uint64_t version = 0;  // of the weights it holds; 0: none
    bool busy = false;
  };
  std::mutex mutex_;
  std::condition_variable done_;
  std::deque<packed> places_;
};

}
