#include "noneq/compute/detail/packed_weights.hpp"

#include <cstring>

namespace noneq::compute {

dnnl::memory packed_weights::place(weight_id w, const onednn::dims& shape, const dnnl::memory::desc& layout) {
  const std::lock_guard lock(mutex_);
  for (const packed& p : places_)
    if (const auto* r = std::get_if<reordered>(&p.as); r && p.weight == w && r->memory.get_desc() == layout)
      return r->memory;
  const dnnl::memory::desc plain(shape, dnnl::memory::data_type::f32, onednn::tag::oihw);
  const dnnl::reorder::primitive_desc how(onednn::cpu(), plain, onednn::cpu(), layout);
  const dnnl::memory memory(layout, onednn::cpu());
  places_.emplace_back(w, reordered{plain, memory, dnnl::reorder(how)});
  return memory;
}

const void* packed_weights::place(weight_id w, const winograd::weights& how) {
  const std::lock_guard lock(mutex_);
  for (const packed& p : places_)
    if (const auto* t = std::get_if<transformed>(&p.as); t && p.weight == w && t->how == how)
      return t->memory.get_data_handle();
  const auto bytes = static_cast<dnnl::memory::dim>(how.bytes());
  const dnnl::memory memory({{bytes}, dnnl::memory::data_type::u8, onednn::tag::x}, onednn::cpu());
  std::memset(memory.get_data_handle(), 0, how.bytes());  // channels that only fill a block are read, too
  places_.emplace_back(w, transformed{how, memory});
  return memory.get_data_handle();
}

void packed_weights::reordered::fill(const float* weight) {
  dnnl::stream stream(onednn::cpu());
  dnnl::memory from(plain, onednn::cpu(), const_cast<float*>(weight));
  reorder.execute(stream, from, memory);
  stream.wait();
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
    const float* weight = weights[static_cast<std::size_t>(next->weight)].data_ptr<float>();
    std::visit([&](auto& place) { place.fill(weight); }, next->as);
    lock.lock();
    next->version = version;
    next->busy = false;
    done_.notify_all();
  }
}

}
