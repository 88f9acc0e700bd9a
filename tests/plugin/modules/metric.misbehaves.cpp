// A metric that does one thing wrong, as `how` says.
#include "noneq/plugin.hpp"

namespace misbehaving_metric {

using noneq::Tensor;

struct misbehaves : noneq::metric {
  std::string how = "well";

  noneq::row_request rows(const noneq::dataset_info&) const override { return {"", 8, 0, 4}; }
  std::unique_ptr<noneq::sinking> open(const noneq::measurement& m) const override;

  static void describe(noneq::description<misbehaves>& d) {
    d.doc("Does one thing wrong.")
        .param("how", &misbehaves::how, "what")
        .writes("curve", "[T]", noneq::extent::per_step)
        .writes("closest", "[n, …]", noneq::extent::like_samples);
  }
};

class misbehaving_sinking : public noneq::sinking {
 public:
  misbehaving_sinking(std::string how, const noneq::measurement& m) : how_(std::move(how)), m_(m) {}

  noneq::batch map(noneq::batch b) const override {
    if (how_ == "throws_in_map") throw noneq::error("got no luck");
    if (how_ == "undefined_map") b.set("x0", {});
    return b;
  }
  void add(const noneq::batch& b) override {
    if (how_ == "throws_in_add") throw noneq::error("got no luck");
    rows_ += b.size();
  }
  noneq::outcome finish() override {
    if (how_ == "throws_in_finish") throw noneq::error("got no luck");
    noneq::outcome out;
    out.records.push_back({"rows", static_cast<double>(rows_), ""});
    if (how_ == "nan") out.records.push_back({"ratio", std::nan(""), ""});
    if (how_ == "infinite") out.records.push_back({"ratio", -INFINITY, "", 1.0});
    if (how_ == "no_error") out.records.push_back({"ratio", 1.0, "", INFINITY});
    const std::int64_t T = m_.denoiser.process().steps();
    if (how_ == "curve") out.arrays.set("curve", at::zeros({T + 1}));
    if (how_ == "axis") out.arrays.set("t", at::arange(3)), out.arrays.set("curve", at::zeros({T}));
    if (how_ == "closest") out.arrays.set("closest", at::zeros({5, 9}));
    if (how_ == "undefined") out.arrays.set("curve", {});
    return out;
  }

 private:
  const std::string how_;
  const noneq::measurement& m_;
  std::int64_t rows_ = 0;
};

std::unique_ptr<noneq::sinking> misbehaves::open(const noneq::measurement& m) const {
  if (how == "nothing") return nullptr;
  return std::make_unique<misbehaving_sinking>(how, m);
}

NONEQ_PLUGIN(misbehaves);

}
