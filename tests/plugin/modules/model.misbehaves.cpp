// A network that does one thing wrong, as `how` says.
#include <csignal>

#include "noneq/plugin.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace misbehaving_model {

using noneq::Tensor;

struct wrong : noneq::network {
  explicit wrong(std::string h) : how(std::move(h)) { weight = register_parameter("weight", at::ones({1})); }

  Tensor forward(const noneq::network_input& in) override {
    const Tensor good = in.x * weight;
    if (how == "narrow") return good.narrow(1, 0, 1);
    if (how == "undefined") return {};
    if (how == "detached") return good.detach();
    if (how == "whole") return good.to(at::kLong);
    if (how == "segfault") std::raise(SIGSEGV);
    return good;
  }

  const std::string how;
  Tensor weight;
};

struct misbehaves : noneq::model {
  std::string how = "well";

  std::shared_ptr<noneq::network> build(const noneq::network_signature&) const override {
    return how == "nothing" ? nullptr : std::make_shared<wrong>(how);
  }

  static void describe(noneq::description<misbehaves>& d) {
    d.doc("Does one thing wrong.").param("how", &misbehaves::how, "what");
  }
};

NONEQ_PLUGIN(misbehaves);

}
