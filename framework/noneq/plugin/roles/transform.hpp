// A node between the loader and the noiser, which makes a batch of each batch of data: preprocessing and augmentation.
//
// Shapes: x0 [n, …] in numbers of any type becomes x0 [n, …]; rows are kept, in their order. Other tensors go on.
// Threads: run() is const, a pure function of its arguments and of what was learned, and may be called concurrently.
// after() and state() are called by one thread while no other uses the object, look() and learned() too.
// Requires: a loader or a transform before it. Errors: noneq::error, naming the row where one is at fault.
#pragma once

#include "noneq/core/random.hpp"
#include "noneq/plugin/roles/loader.hpp"

namespace noneq {

// The surroundings of a batch in a transform: whose rows it holds, and their random numbers.
struct transform_context {
  bool training = false;  // false: rows that are measured or learned from, which no augmentation may change
  // Row k of the batch takes its random numbers from row first + k of this table. They are a function of the seed, the
  // node and the position of the row in training or in its part, whatever the batch size, shards and threads are.
  noneq::stream rows{0};
  std::int64_t first = 0;
  std::string of = "";  // whose rows these are, for messages: "a.h5: dataset 'x'", or "" when nothing is known

  // The context of rows of a training step. `node` is the stream of the node; the batch of the step has `size` rows,
  // and `first` is the index of the first row within it.
  static transform_context of_training(const noneq::stream& node, const dataset_info& info, std::int64_t step,
                                       std::int64_t size, std::int64_t first = 0) {
    return {true, node.fork("trained"), step * size + first, info.name_of("train")};
  }
  // The context of rows first, first + 1, … of a part.
  static transform_context of_part(const noneq::stream& node, const dataset_info& info, const std::string& part,
                                   std::int64_t first) {
    return {false, node.fork("measured").fork(part), first, info.name_of(part)};
  }
};

struct transform : role<"transform", node_kind::transform> {
  // The tensors that the framework passes to this transform, each as x0 and described as such; every random number of a
  // row is equal for all of them. A transform that learns is made once for each.
  std::vector<std::string> fields{"x0"};

  // Returns the description of the data behind this node: shape, type of the numbers, normalisation, and so on. A
  // transform that can be undone adds its map to info.normal; samples of others stay as they are.
  // Called when data is opened, before and after the transform learned, and when a trained model is loaded; before it
  // learned, the normalisation may miss its part. Throws noneq::error naming what it cannot take.
  virtual dataset_info after(dataset_info before) const = 0;

  virtual batch run(batch b, const transform_context& c) const = 0;

  // Learning from data, before training. Whether the transform learns is known from its parameters. Every batch of
  // rows to learn from is passed to look() once, as run() will receive it; learned() ends the pass and throws
  // noneq::error when the rows are not enough. state() visits the result, which is stored with the model, so that
  // sampling and measuring work without the data. A further pass begins anew.
  virtual bool learns() const { return false; }
  // Returns the number of rows to learn from, spread evenly over those to train on; 0: as many as are read anyway, all
  // of them or about 1 GiB.
  virtual std::int64_t rows_to_learn_from() const { return 0; }
  virtual void look(const batch& /*rows*/, const transform_context&) {}
  virtual void learned(const dataset_info& /*before*/) {}

  template <class P>
  static void common(description<P>& d) {
    d.param("fields", &P::fields, "the tensors that are transformed, each by itself: x0, the data, and others by name");
  }
};

}
