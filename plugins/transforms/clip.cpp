// Numbers beyond two ends become the ends.
#include "numbers.hpp"

namespace {

using noneq::error;
using noneq::Tensor;

struct clip : noneq::transform {
  static constexpr double none = 1e308;  // an infinity could not be written to a pipeline and read again
  double low = -none, high = none;

  void check() const override {
    if (!(low < high)) throw error(c10::str("got ", low, " beside high: ", high, ", need a lower number"), "low");
    if (low <= -none && high >= none) throw error("got neither low nor high, need one of them");
  }

  noneq::dataset_info after(noneq::dataset_info before) const override {
    noneq::dataset_info info = std::move(before);
    info.numbers = type_of(info.numbers);
    info.bin_width = 0;
    return info;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context&) const override {
    const Tensor x = b.at("x0");
    Tensor y = x.to(type_of(x.scalar_type()));
    if (low > -none) y = y.clamp_min(low);
    if (high < none) y = y.clamp_max(high);
    b.set("x0", y);
    return b;
  }

  static void describe(noneq::description<clip>& d) {
    d.doc("Numbers below low become low, numbers above high become high. This cannot be undone: samples stay within.")
        .param("low", &clip::low, "the least number, in the units of the data that comes in; -1e308: any")
        .param("high", &clip::high, "the largest number; 1e308: any");
  }

 private:
  static at::ScalarType type_of(at::ScalarType numbers) { return shipped::exact_type(numbers); }
};

}

NONEQ_PLUGIN(clip);
