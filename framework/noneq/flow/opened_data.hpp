// The data of one run: a source for each loader of the graph, and the transforms behind them, which learn when the data
// is opened. One thread opens and fetches; prepare() and transformed() may be called concurrently.
#pragma once

#include <mutex>
#include <set>

#include "noneq/flow/branch.hpp"
#include "noneq/flow/plan.hpp"

namespace noneq {
struct row_request;
}

namespace noneq::flow {

class opened_data {
 public:
  // `root`: the run's stream. The plan outlives this.
  opened_data(const plan& p, stream root) : plan_(p), root_(root) {}

  // The normalisation that a trained model was stored with: that of the rows behind a node, and its loader's own. Its
  // transforms have their state already and do not learn.
  struct known_data {
    normalisation behind;
    std::optional<normalisation> loaded;
  };

  // Returns the rows behind a loader or transform, or, for another node, those of its inputs joined, as one source. The
  // first call opens it. Throws noneq::error with the place of a node.
  source& behind(const plan_node& n, const std::optional<known_data>& known = {});
  // Returns whether the rows of this loader, or those behind this transform, were opened and examined.
  bool has(const plan_node& n) const;
  // Return the data behind a node, and that of its inputs, joined, without masks. Require that the loaders and
  // transforms before it were opened.
  dataset_info info_behind(const plan_node& n) const;
  dataset_info info_before(const plan_node& n) const;
  // Returns the data of the loaders before n, by their nodes. Requires behind(n).
  std::map<std::string, dataset_info> loaded(const plan_node& n) const;
  // Returns the data behind the inputs of n when its loaders give `loaded`; nothing is opened.
  dataset_info along_to(const plan_node& n, const std::map<std::string, dataset_info>& loaded) const;
  // Returns whether a transform changes the shape of a tensor, when the loaders before it give `loaded`.
  bool changes_shape(const plan_node& transform, const std::map<std::string, dataset_info>& loaded) const;
  // Closes all sources, because a loader reads another file now.
  void close();

  // Return the raw batch of a training step, and a loader's source, for rows of a part in order.
  batch fetch(const plan_node& loader, std::int64_t step, const batch_share& share = {});
  source& of_loader(const plan_node& n);
  // Called when all batches up to this step have been trained on: state() is that of the loaders behind them.
  void reached(std::int64_t step);
  // Visits the state of the loaders' sources that must outlive an interruption. Restored state reaches a source when it
  // is opened.
  void state(const state_visitor& visit);
  void restore(std::map<std::string, Tensor> saved) { saved_ = std::move(saved); }
  // Returns the batch behind a transform: of a training step, or of rows of `part`.
  batch transformed(const plan_node& n, batch b, bool training, const std::string& part) const;

 private:
  std::shared_ptr<source> open_loader(const plan_node& n, const std::optional<normalisation>& known);
  std::shared_ptr<source> inputs_of(const plan_node& n, const std::optional<known_data>& known);
  const plan_node& first_loader(const plan_node& n) const;

  const plan& plan_;
  const stream root_;
  std::map<std::string, std::shared_ptr<source>> loaders_, behind_;
  std::map<std::string, dataset_info> infos_;               // behind each transform
  std::map<std::string, std::vector<dataset_info>> steps_;  // behind it for each field in turn
  std::set<std::string> examined_;                          // loaders
  using states = std::map<std::string, Tensor>;
  std::mutex fetching_;
  std::map<std::int64_t, states> ahead_;  // of the sources, behind each batch that is fetched but not trained on
  states reached_, saved_;
};

// Returns a batch of the requested rows; k counts from 0. data: null where they need none.
batch fetch_rows(source* data, const row_request& rows, std::int64_t k);

// Return a batch of rows of a part that has `there` rows, which begin again when more are requested. prepare_in_turn()
// finishes it, and may be called concurrently.
batch fetch_in_turn(source& data, const row_request& rows, std::int64_t k, std::int64_t there);
batch prepare_in_turn(const source& data, batch raw);

}
