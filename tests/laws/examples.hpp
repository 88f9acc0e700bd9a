// Parameters of the project's plugins for their laws: of those that need some, and of those whose variants have laws of
// their own to keep. All others are tried with their defaults. The files that they name are made here.
#pragma once

#include <map>
#include <vector>

#include <torch/script.h>

#include "noneq/core/random.hpp"
#include "noneq/storage/hdf5.hpp"
#include "scratch.hpp"

namespace testing {

class examples {
 public:
  using parameters = std::vector<std::string>;

  examples() {
    noneq::storage::hdf5_writer file(path("data.h5"));
    const noneq::stream s(3);
    file.write("train", s.fork("train").normal({60, 1, 4, 4}));
    file.write("test", s.fork("test").normal({50, 1, 4, 4}));
    file.close();
    script("x", "x.flatten(1) + 0.5").save(path("features.pt"));
    script("x", "0.35 * x.flatten(1)[:, 0]").save(path("factor.pt"));
    script("x, t", "self.weight * x").save(path("network.pt"));
  }

  // Returns the parameters that a plugin is tried with.
  parameters of(const std::string& plugin) const {
    const auto found = table_.find(plugin);
    return found == table_.end() ? parameters{"{}"} : found->second;
  }
  const std::map<std::string, parameters>& all() const { return table_; }

 private:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string in(const std::string& name, const std::string& more = "") const {
    return "{file: '" + path(name) + "'" + more + "}";
  }
  static torch::jit::Module script(const std::string& arguments, const std::string& result) {
    torch::jit::Module m("m");
    m.register_parameter("weight", at::full({}, 0.5), false);
    m.define("def forward(self, " + arguments + "):\n  return " + result + "\n");
    return m;
  }

  scratch folder_;
  std::map<std::string, parameters> table_{
      {"feature.torchscript", {in("features.pt")}},
      {"grid.leading", {"{}", "{offset: 1}"}},
      {"grid.listed", {"{indices: [5, 0, 900]}"}},
      {"guide.binary_evidence", {"{}", "{error: 0.1, mode: paper}"}},
      {"guide.classifier", {in("factor.pt"), in("factor.pt", ", mode: paper")}},
      {"guide.gaussian_observation", {"{deviation: 0.5}", "{deviation: 0.5, mode: paper}"}},
      {"guide.known_values", {"{}", "{mode: paper}"}},
      {"guide.linear_observation",
       {"{operator: blur, width: 0.7, deviation: 0.1}", "{operator: blur, width: 0.7, deviation: 0}"}},
      {"kernel.binomial", {"{}", "{r: 0.2}"}},
      {"loader.hdf5",
       {in("data.h5", ", dataset: train, test: test, batch: 16"),
        in("data.h5", ", dataset: train, order: sequential, batch: 7")}},
      {"loss.simple", {"{}", "{weighting: min_snr}"}},
      {"metric.reliability", {"{thresholds: [0.3]}"}},
      {"model.torchscript", {in("network.pt")}},
      {"model.unet", {"{channels: 8, multipliers: [1, 2], blocks: 1}"}},
      {"schedule.learned_snr", {"{}", "{ends: both, units: 5}"}},
      {"time_sampler.log_normal", {"{}", "{objective: drawn}"}},
      {"time_sampler.uniform", {"{}", "{first: 3}"}},
      {"transform.clip", {"{low: 0.2, high: 0.7}"}},
      {"transform.crop", {"{size: [4, 4]}"}},
      {"transform.features", {"{features: {plugin: pca, components: 3}}"}},
      {"transform.one_hot", {"{categories: 3}", "{categories: 3, inverse: true}"}},
      {"transform.predict", {"{t: 3}", "{deviation: 0.3}"}},
      {"transform.resize", {"{size: [4, 4]}", "{size: [3, 5], by: bilinear}"}},
      {"metric.ceiling", {"{samples: 200}"}},
      {"writer.animation", {"{file: out.png}"}},
      {"writer.figure", {"{file: out.png}"}},
      {"writer.hdf5", {"{file: out.h5}", "{file: sub/out.h5, gzip: 4}"}},
      {"writer.png", {"{file: out.png}"}},
  };
};

}
