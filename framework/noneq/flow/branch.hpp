// The loader of a graph and the transforms between it and the noiser, as one source of float32 x⁰. The constructor
// takes an opened source, has each transform check the data before it, and then reads the rows. One pass over them
// serves the loader (fingerprint, smallest and largest number, numbers that cannot be trained on), the transforms that
// refuse rows, and the first transform that learns; each further transform that learns costs one more. A trained
// model's transforms learned already. Threads: as for any source.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "noneq/plugin/part.hpp"
#include "noneq/plugin/roles/transform.hpp"

namespace noneq::flow {

// A transform node of a graph, at work on one of its fields.
struct branch_node {
  std::string id;
  instance plugin;
  std::string field = "x0";

  const noneq::transform& transform() const { return static_cast<const noneq::transform&>(*plugin.made); }
  noneq::transform& learn() const { return static_cast<noneq::transform&>(*plugin.made); }
};

// Returns the data at each place along `nodes`, from `before` at the loader to the input of the noiser. Throws
// noneq::error with the place of the node that cannot take its data.
std::vector<dataset_info> along(const std::vector<branch_node>& nodes, dataset_info before);

// Runs a transform on a batch and checks its result against the data behind it, `after`. Number and first row of the
// batch stay. Throws noneq::error with the place of the node.
batch run_transform(const branch_node& n, batch b, const transform_context& c, const dataset_info& after);

class branch : public source {
 public:
  // `opened`: a loader's source, checked. `root`: the run's stream. `known`: the normalisation of the whole branch that
  // a trained model was stored with; without one, the transforms learn. Throws noneq::error with the place of a node.
  // `looked_at`: the data and the transforms are those of another branch, which read the rows already.
  branch(std::shared_ptr<source> opened, std::vector<branch_node> nodes, const stream& root,
         const std::optional<normalisation>& known, bool looked_at = false);

  const dataset_info& info() const override { return info_; }
  // The data behind the loader. The normalisation of a trained model's branch is made from it without reading rows.
  const dataset_info& loaded() const { return source_->info(); }

  batch fetch(std::int64_t step, const stream& s) override;
  batch fetch_rows(std::int64_t first, std::int64_t count) override;
  batch fetch_part(const std::string& part, std::int64_t first, std::int64_t count) override;
  batch prepare(batch raw) const override;

 private:
  // The origin of a batch, for the random numbers of its rows.
  struct origin {
    std::shared_ptr<const void> fetched;  // the loader's own
    bool training;
    std::string part;
    std::int64_t first;  // position of its first row in training, or in the part
  };
  batch marked(batch raw, bool training, const std::string& part, std::int64_t first) const;
  transform_context context(std::size_t k, const origin& from) const;
  // Returns the batch behind the first `end` transforms.
  batch through(batch b, std::size_t end, const origin& from) const;
  // Returns the batch with x0 and fields as float32, with masks. Throws noneq::error where one is not finite.
  batch finished(batch b, const origin& from) const;
  void learn();
  void learn_in_a_pass(std::size_t k);
  void look(std::size_t k, const batch& rows, const origin& from);
  void finish(const std::optional<normalisation>& known);

  const std::shared_ptr<source> source_;
  const std::vector<branch_node> nodes_;
  std::vector<stream> streams_;      // of the nodes
  std::vector<dataset_info> infos_;  // before each transform, and behind the last
  dataset_info info_;
};

// Convert the loader's data to the record in a checkpoint and back; the record suffices for along().
nlohmann::json record_of(const dataset_info& loaded);
dataset_info loaded_from(const nlohmann::json& record);

}
