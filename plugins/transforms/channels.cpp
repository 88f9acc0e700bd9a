// Puts the channels of a sample first, where networks of images and sequences need them.
#include "numbers.hpp"

namespace {

using noneq::error;
using noneq::sizes;
using noneq::Tensor;

struct channels : noneq::transform {
  std::string from = "first";
  std::vector<std::int64_t> keep;

  noneq::dataset_info after(noneq::dataset_info before) const override {
    noneq::dataset_info info = std::move(before);
    const auto rank = static_cast<std::int64_t>(info.shape.size());
    const std::string where = shipped::begin_of(info.name_of("train"));
    if (from != "none" && rank < 2)
      throw error(c10::str(where, "gives samples ", noneq::to_string(info.shape),
                           ", need at least [positions, "
                           "channels] in either order, or from: none"),
                  "from");
    if (from == "last") refuse_first(info.shape, where);
    info.normal = info.normal.rearranged(rank, [&](const Tensor& t) { return moved(t.unsqueeze(0)).squeeze(0); });
    if (from != "first") info.stored_order = order_of(info.stored_order, rank);
    const std::int64_t all = from == "none" ? 1 : from == "last" ? info.shape.back() : info.shape.front();
    for (const std::int64_t c : keep)
      if (c < 0 || c >= all) throw error(c10::str("got ", c, ", need channels from 0 to ", all - 1), "keep");
    if (!keep.empty())
      info.normal = info.normal.rearranged(from == "none" ? rank + 1 : rank, [&](const Tensor& t) {
        return t.size(0) == 1 ? t : t.index_select(0, kept());
      });
    info.shape = arranged(at::empty(rows_of(info.shape), at::device(at::kMeta))).sizes().slice(1).vec();
    info.axes = axes_of(static_cast<std::int64_t>(info.shape.size()));
    info.if_channels_first.clear();
    return info;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context&) const override {
    b.set("x0", arranged(b.at("x0")));
    return b;
  }

  static void describe(noneq::description<channels>& d) {
    d.doc("Puts the channels of a sample first. Files of samples have them where the data has them.")
        .param("from", &channels::from,
               "where a sample has its channels: first, which states that they are there; last (moved to the front); "
               "none (one is added)",
               noneq::one_of({"first", "last", "none"}))
        .param("keep", &channels::keep, "numbers of the channels to keep, from 0, in this order; empty: all");
  }

 private:
  // Rows [n, …] with their channels first, and a view of them.
  Tensor moved(const Tensor& x) const {
    return from == "none" ? x.unsqueeze(1) : from == "last" ? x.movedim(-1, 1) : x;
  }
  Tensor kept() const { return at::tensor(keep, at::kLong); }
  Tensor arranged(const Tensor& x) const {
    const Tensor y = moved(x);
    if (keep.empty()) return y;
    if (!x.is_meta()) return y.index_select(1, kept());
    sizes shape = y.sizes().vec();
    shape[1] = static_cast<std::int64_t>(keep.size());
    return at::empty(shape, x.options());
  }
  static sizes rows_of(sizes sample) {
    sample.insert(sample.begin(), 1);
    return sample;
  }

  // The dimensions of a sample in the order of the file, after those of `before` moved.
  sizes order_of(sizes before, std::int64_t rank) const {
    if (before.empty())
      for (std::int64_t d = 0; d < rank; ++d) before.push_back(d);
    for (std::int64_t& d : before) d = from == "last" && d == rank - 1 ? 0 : d + 1;
    return before;
  }

  static std::vector<std::string> axes_of(std::int64_t rank) {
    switch (rank) {
      case 2:
        return {"channels", "length"};
      case 3:
        return {"channels", "height", "width"};
      case 4:
        return {"channels", "depth", "height", "width"};
      default:
        return {};
    }
  }

  // An image has 1, 3 or 4 channels, and seldom as many columns as channels.
  static void refuse_first(const sizes& s, const std::string& where) {
    if (s.size() != 3 || s[2] <= 4 || s[2] != s[1] || (s[0] != 1 && s[0] != 3 && s[0] != 4)) return;
    throw error(c10::str(where, "gives ", s[2], " channels of ", s[0], "×", s[1], " numbers, need from: first"),
                "from");
  }
};

}

NONEQ_PLUGIN(channels);
