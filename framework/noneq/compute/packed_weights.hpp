// Weights as convolutions want them: in the layout and precision of what reads them, made anew once
// after each change of the weights, whoever asks first; several who ask at once share the work. Thread-safe, as long
// as nobody changes weights while somebody computes with them.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>

#include "noneq/compute/layers.hpp"
#include "noneq/compute/onednn.hpp"
#include "noneq/compute/winograd/weights.hpp"

namespace noneq {

class packed_weights {
 public:
  // A place for weight `w`, of dimensions {out, in, height, width}, in another layout; filled by the next refresh().
  dnnl::memory place(weight_id w, const onednn::dims& shape, const dnnl::memory::desc& layout);
  // Likewise for Winograd's filtering; stays where it is as long as this does.
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
