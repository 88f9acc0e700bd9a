// A transform of samples, behind a sampler. Here the range of the members of an ensemble, largest minus smallest.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct my_plugin : noneq::sample_transform {
  // The names of the tensors that run() returns.
  std::vector<std::string> makes() const override { return {"spread"}; }

  // Receives samples [n, K, …], K members a row, in data units; returns tensors of n rows. Called concurrently.
  noneq::batch run(const noneq::batch& b) const override {
    const Tensor& members = b.at("samples");
    return {b.step, b.first, {{"spread", members.amax(1) - members.amin(1)}}};
  }

  // `members` is 0 where samples are [n, …]. Called when a pipeline is checked.
  void check_members(std::int64_t members) const override {
    if (members < 2) throw noneq::error("got samples without members, need a sampler with members: 2 or more");
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("The range of the members of each row at each place.")
        .writes("spread", "[n, …], in data units: the largest member minus the smallest", noneq::extent::like_samples);
  }
};

NONEQ_PLUGIN(my_plugin);

}
