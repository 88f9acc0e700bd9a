// A part of each sample: its middle, or in training a part at random.
#include "numbers.hpp"

namespace {

using noneq::error;
using noneq::sizes;
using noneq::Tensor;

struct crop : noneq::transform {
  std::vector<std::int64_t> size;
  std::string place = "centre";

  void check() const override { shipped::need_lengths(size); }

  noneq::dataset_info after(noneq::dataset_info before) const override {
    noneq::dataset_info info = std::move(before);
    const auto rank = info.shape.size(), first = rank - size.size();
    shipped::need_no_more_lengths(size, info.shape);
    for (std::size_t k = 0; k < size.size(); ++k)
      if (size[k] > info.shape[first + k])
        throw error(c10::str("got ", size[k], " of samples ", noneq::to_string(info.shape), ", need at most ",
                             info.shape[first + k]),
                    "size");
    if (place == "random")
      shipped::need_alike_along(info, static_cast<std::int64_t>(size.size()), "a crop at random cannot follow");
    const sizes whole = info.shape;
    info.normal = info.normal.rearranged(static_cast<std::int64_t>(rank), [&](Tensor t) {
      for (std::size_t k = 0; k < size.size(); ++k)
        if (const auto d = static_cast<std::int64_t>(first + k); t.size(d) != 1)
          t = t.narrow(d, middle(whole[first + k], size[k]), size[k]);
      return t;
    });
    std::copy(size.begin(), size.end(), info.shape.begin() + static_cast<std::ptrdiff_t>(first));
    return info;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context& c) const override {
    const Tensor x = b.at("x0");
    const auto first = x.dim() - static_cast<std::int64_t>(size.size());
    if (place == "centre" || !c.training) {
      Tensor part = x;
      for (std::size_t k = 0; k < size.size(); ++k) {
        const auto d = first + static_cast<std::int64_t>(k);
        part = part.narrow(d, middle(x.size(d), size[k]), size[k]);
      }
      b.set("x0", part);
      return b;
    }
    const Tensor at = c.rows.uniform({x.size(0), static_cast<std::int64_t>(size.size())}, c.first);
    sizes shape = x.sizes().vec();
    std::copy(size.begin(), size.end(), shape.begin() + first);
    const Tensor out = at::empty(shape, x.scalar_type());
    for (std::int64_t i = 0; i < x.size(0); ++i) {
      Tensor part = x[i];
      for (std::size_t k = 0; k < size.size(); ++k) {
        const auto d = first - 1 + static_cast<std::int64_t>(k);
        const std::int64_t room = x.size(d + 1) - size[k];
        const double u = at.data_ptr<float>()[i * at.size(1) + static_cast<std::int64_t>(k)];
        part = part.narrow(d, std::min(room, static_cast<std::int64_t>(u * static_cast<double>(room + 1))), size[k]);
      }
      out[i].copy_(part);
    }
    b.set("x0", out);
    return b;
  }

  static void describe(noneq::description<crop>& d) {
    d.doc("Cuts a part out of each sample. This cannot be undone: samples have the size of the part.")
        .param("size", &crop::size, "lengths of the last dimensions of a sample: [height, width] for images",
               noneq::required())
        .param("place", &crop::place,
               "centre; or random, another part each time a row is trained on (its middle where "
               "it is measured)",
               noneq::one_of({"centre", "random"}));
  }

 private:
  static std::int64_t middle(std::int64_t whole, std::int64_t part) { return (whole - part) / 2; }
};

}

NONEQ_PLUGIN(crop);
