#include "noneq/compute/packed_weights.hpp"

namespace noneq {

dnnl::memory packed_weights::place(weight_id w, const onednn::dims& shape, const dnnl::memory::desc& layout) {
  const std::lock_guard lock(mutex_);
  for (const packed& p : places_)
    if (p.weight == w && p.memory.get_desc() == layout) return p.memory;
  const dnnl::memory::desc plain(shape, dnnl::memory::data_type::f32, onednn::tag::oihw);
  const dnnl::reorder::primitive_desc how(onednn::cpu(), plain, onednn::cpu(), layout);
  places_.push_back({w, plain, dnnl::memory(layout, onednn::cpu()), dnnl::reorder(how)});
  return places_.back().memory;
}

// Changes whenever a weight was written in place or is another tensor.
static std::uint64_t version_of(std::span<const Tensor> weights) {
  std::uint64_t version = 1;
  for (const Tensor& w : weights)
    version = version * 1099511628211u + w._version() + reinterpret_cast<std::uintptr_t>(w.data_ptr());
  return std::max<std::uint64_t>(version, 1);
}

void packed_weights::refresh(std::span<const Tensor> weights) {
  const std::uint64_t version = version_of(weights);
  std::unique_lock lock(mutex_);
  while (true) {
    packed* next = nullptr;
    bool waiting = false;
    for (packed& p : places_) {
      if (p.version == version) continue;
      waiting |= p.busy;
      if (!p.busy && next == nullptr) next = &p;
    }
    if (next == nullptr && !waiting) return;
    if (next == nullptr) {
      done_.wait(lock);
      continue;
    }
    next->busy = true;
    lock.unlock();
    dnnl::stream stream(onednn::cpu());
    dnnl::memory from(next->plain, onednn::cpu(), weights[static_cast<std::size_t>(next->weight)].data_ptr());
    next->reorder.execute(stream, from, next->memory);
    stream.wait();
    lock.lock();
    next->version = version;
    next->busy = false;
    done_.notify_all();
  }
}

}
