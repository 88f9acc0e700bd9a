// Softmax attention over pixels in tiles of rows, by oneDNN's products. The probabilities of few pixels are kept for
// the backward pass; those of many it makes again from their scores and level (Dao et al. 2022), tile by tile.
#include "noneq/compute/detail/kernels/pixels.hpp"
#include "noneq/compute/detail/kernels/softmax.hpp"
#include "noneq/compute/detail/node.hpp"

namespace noneq::compute {
namespace {

using onednn::dims;
using onednn::tag;

// c = a·b, or c += a·b, for one shape.
class product {
 public:
  product() = default;
  // a: [rows, inner], b: [inner, columns] of `of`, laid out as tags say; c: float32 [rows, columns].
  product(precision of, std::int64_t rows, std::int64_t inner, std::int64_t columns, tag a, tag b, bool add) {
    dnnl::primitive_attr attributes = onednn::own_scratch();
    if (add) {
      dnnl::post_ops sum;
      sum.append_sum();
      attributes.set_post_ops(sum);
    }
    const dnnl::memory::desc da({rows, inner}, onednn::type(of), a), db({inner, columns}, onednn::type(of), b),
        dc({rows, columns}, dnnl::memory::data_type::f32, tag::ab);
    const auto how = onednn::described<dnnl::matmul>(attributes, da, db, dc);
    run_ = dnnl::matmul(how);
    a_ = dnnl::memory(da, onednn::cpu(), nullptr);
    b_ = dnnl::memory(db, onednn::cpu(), nullptr);
    c_ = dnnl::memory(dc, onednn::cpu(), nullptr);
    scratch_ = dnnl::memory(how.scratchpad_desc(), onednn::cpu(), nullptr);
    bytes_ = how.scratchpad_desc().get_size();
  }
  std::size_t scratch_bytes() const { return bytes_; }

  void operator()(const dnnl::stream& s, const void* a, const void* b, float* c, void* scratch) {
    a_.set_data_handle(const_cast<void*>(a));
    b_.set_data_handle(const_cast<void*>(b));
    c_.set_data_handle(c);
    scratch_.set_data_handle(scratch);
    run_.execute(s, {{DNNL_ARG_SRC, a_}, {DNNL_ARG_WEIGHTS, b_}, {DNNL_ARG_DST, c_}, {DNNL_ARG_SCRATCHPAD, scratch_}});
  }

 private:
  dnnl::matmul run_;
  dnnl::memory a_, b_, c_, scratch_;
  std::size_t bytes_ = 0;
};

// Rows of a tile: all when there are few, else the largest divisor of their number that keeps a tile in the cache.
std::size_t tile_of(std::size_t pixels) {
  constexpr std::size_t most = 512, least = 32;
  for (std::size_t rows = std::min(pixels, most); rows >= least; --rows)
    if (pixels % rows == 0) return rows;
  return pixels;
}

// Up to this number of pixels the probabilities are kept: that costs less than computing the scores of all tiles again.
constexpr std::size_t few_pixels = 256;

class attention_node : public node {
 public:
  attention_node(const attention_layer& l, const operand& q, const operand& k, const operand& v, const operand& out,
                 const site& s)
      : q_(q),
        k_(k),
        v_(v),
        out_(out),
        batch_(s.batch),
        heads_(static_cast<std::size_t>(l.heads)),
        P_(q.pixels()),
        d_(q.channels() / heads_),
        R_(tile_of(P_)),
        scale_(1 / std::sqrt(static_cast<float>(d_))),
        level_(s.keep(batch_ * heads_ * P_ * sizeof(float))) {
    const auto P = static_cast<std::int64_t>(P_), d = static_cast<std::int64_t>(d_), R = static_cast<std::int64_t>(R_);
    over_width_ = product(q.of, R, d, P, tag::ab, tag::ba, false);
    over_pixels_ = product(q.of, R, P, d, tag::ab, tag::ab, false);
    std::size_t most = std::max(over_width_.scratch_bytes(), over_pixels_.scratch_bytes());
    if (s.training) {
      if (P_ <= few_pixels) kept_ = s.keep(batch_ * heads_ * square());
      over_rows_ = product(q.of, P, R, d, tag::ba, tag::ab, true);
      most = std::max(most, over_rows_.scratch_bytes());
    }
    s.need_scratch(layout(nullptr).end + most);
  }

  void forward(const running& r) override {
    const places at = layout(r.scratch);
    each_head(r, [&](std::size_t b, std::size_t h) {
      const void *q = head(r.value(q_, b), q_, h, at.q), *k = head(r.value(k_, b), k_, h, at.k),
                 *v = head(r.value(v_, b), v_, h, at.v);
      for (std::size_t row = 0; row < P_; row += R_) {
        std::byte* p = kept_ != none ? kept(r, b, h) : at.p;
        over_width_(r.stream, rows(q, row), k, at.scores, at.scratch);
        softmax_rows(q_.of, R_, P_, scale_, at.scores, p, level(r, b, h) + row);
        over_pixels_(r.stream, p, v, at.tile, at.scratch);
        put(out_.of, at.tile, R_, r.value(out_, b), out_, h, row, false);
      }
    });
  }

  void backward(const running& r) override {
    const places at = layout(r.scratch);
    each_head(r, [&](std::size_t b, std::size_t h) {
      const void *q = head(r.value(q_, b), q_, h, at.q), *k = head(r.value(k_, b), k_, h, at.k),
                 *v = head(r.value(v_, b), v_, h, at.v), *dy = head(r.gradient(out_, b), out_, h, at.dy);
      std::fill_n(at.dk, P_ * d_, 0.0f);
      std::fill_n(at.dv, P_ * d_, 0.0f);
      for (std::size_t row = 0; row < P_; row += R_) {
        const std::byte* p = kept_ != none ? kept(r, b, h) : at.p;
        if (kept_ == none) {
          over_width_(r.stream, rows(q, row), k, at.scores, at.scratch);
          softmax_again(q_.of, R_, P_, scale_, at.scores, level(r, b, h) + row, at.p);
        }
        over_rows_(r.stream, p, rows(dy, row), at.dv, at.scratch);
        over_width_(r.stream, rows(dy, row), v, at.scores, at.scratch);
        softmax_backward(q_.of, R_, P_, scale_, p, at.scores, at.ds);
        over_pixels_(r.stream, at.ds, k, at.tile, at.scratch);
        put(q_.gradient_of, at.tile, R_, r.gradient(q_, b), q_, h, row, q_.add);
        over_rows_(r.stream, at.ds, rows(q, row), at.dk, at.scratch);
      }
      put(k_.gradient_of, at.dk, P_, r.gradient(k_, b), k_, h, 0, k_.add);
      put(v_.gradient_of, at.dv, P_, r.gradient(v_, b), v_, h, 0, v_.add);
    });
  }

 private:
  struct places {
    std::byte *q, *k, *v, *dy, *p, *ds;
    float *scores, *tile, *dk, *dv;
    std::byte* scratch;
    std::size_t end;
  };
  // Without a base only the end means something: nothing may be added to a null pointer.
  places layout(std::byte* base) const {
    std::size_t end = 0;
    const auto place_at = [base](std::size_t offset) { return base != nullptr ? base + offset : nullptr; };
    const auto take = [&](std::size_t bytes) {
      std::byte* place = place_at(end);
      end += in_lines(bytes);
      return place;
    };
    const auto floats = [&](std::size_t n) { return reinterpret_cast<float*>(take(n * sizeof(float))); };
    const std::size_t pixels = heads_ > 1 ? P_ * d_ * bytes_of(q_.of) : 0;
    places at{};
    at.q = take(pixels), at.k = take(pixels), at.v = take(pixels), at.dy = take(pixels);
    at.p = take(square()), at.ds = take(square());
    at.scores = floats(R_ * P_), at.tile = floats(R_ * d_), at.dk = floats(P_ * d_), at.dv = floats(P_ * d_);
    at.scratch = place_at(end);
    at.end = end;
    return at;
  }

  std::size_t square() const { return R_ * P_ * bytes_of(q_.of); }  // bytes of a tile of probabilities
  // For a head whose pixels are one tile.
  std::byte* kept(const running& r, std::size_t b, std::size_t h) const {
    return static_cast<std::byte*>(r.at(kept_)) + (b * heads_ + h) * square();
  }

  template <class F>
  void each_head(const running&, F&& f) const {
    for (std::size_t b = 0; b < batch_; ++b)
      for (std::size_t h = 0; h < heads_; ++h) f(b, h);
  }
  float* level(const running& r, std::size_t b, std::size_t h) const {
    return r.floats(level_) + (b * heads_ + h) * P_;
  }
  // The channels of a head as rows of their own; one head is all channels.
  const void* head(const void* pixels, const operand& o, std::size_t h, std::byte* copy) const {
    if (heads_ == 1) return pixels;
    copy_channels(o.of, P_, d_, static_cast<const std::byte*>(pixels) + h * d_ * bytes_of(o.of), o.channels(), copy, d_,
                  false);
    return copy;
  }
  const void* rows(const void* of_head, std::size_t row) const {
    return static_cast<const std::byte*>(of_head) + row * d_ * bytes_of(q_.of);
  }
  void put(precision of, const float* x, std::size_t count, void* pixels, const operand& o, std::size_t h,
           std::size_t row, bool add) const {
    put_channels(of, count, d_, x, static_cast<std::byte*>(pixels) + (row * o.channels() + h * d_) * bytes_of(of),
                 o.channels(), add);
  }

  const operand q_, k_, v_, out_;
  const std::size_t batch_, heads_, P_, d_, R_;  // P pixels, d numbers a head, R rows a tile
  const float scale_;
  const buffer_id level_;
  buffer_id kept_ = none;
  product over_width_, over_pixels_, over_rows_;
};

}

std::unique_ptr<node> make_attention(const attention_layer& l, const operand& q, const operand& k, const operand& v,
                                     const operand& out, const site& s) {
  return std::make_unique<attention_node>(l, q, k, v, out, s);
}

}
