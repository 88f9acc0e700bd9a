// Lets only some tensors of the batches go on.
#include "numbers.hpp"

// C has a function of this name, which a name at file scope would be mixed up with.
namespace transforms {

struct select : noneq::transform {
  std::vector<std::string> keep = {"x0"};

  void check() const override {
    if (std::find(keep.begin(), keep.end(), "x0") == keep.end())
      throw noneq::error(c10::str("got [", c10::Join(", ", keep), "], need x0 among them"), "keep");
  }

  noneq::dataset_info after(noneq::dataset_info before) const override {
    if (std::find(keep.begin(), keep.end(), "label") == keep.end()) before.classes = before.first_class = 0;
    return before;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context&) const override {
    noneq::batch some{b.step, b.first, {}};
    for (const std::string& name : keep) {
      if (!b.has(name)) {
        std::vector<std::string> there;
        for (const auto& [other, _] : b.tensors) there.push_back(other);
        throw noneq::error(c10::str("got '", name, "', need one of ", c10::Join(", ", there)), "keep");
      }
      some.set(name, b.at(name));
    }
    return some;
  }

  static void describe(noneq::description<select>& d) {
    d.doc("Lets only some tensors go on: without label a model learns no classes.")
        .param("keep", &select::keep, "the names of the tensors: x0, label, row");
  }
};

NONEQ_PLUGIN(select);

}
