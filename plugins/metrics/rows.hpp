// Metrics that keep a result of each row, and their parameters that choose the rows.
#pragma once

#include "../chosen_rows.hpp"

namespace shipped {

// A sink that keeps the result of map() for each batch until the stream has ended.
class keeping_sinking : public noneq::sinking {
 public:
  // The measurement outlives the sink.
  explicit keeping_sinking(const noneq::measurement& m) : m_(m) {}

  void add(const noneq::batch& mapped) override { kept_.add(mapped); }

 protected:
  const noneq::measurement& m_;
  mapped_batches kept_;
};

// The parameters `chunk` and `split` of metrics that measure rows.
template <class P>
void describe_chunk(noneq::description<P>& d) {
  d.param("chunk", &P::chunk, "rows one thread takes at a time", noneq::between(1, 1e6));
}
template <class P>
void describe_split(noneq::description<P>& d) {
  d.param("split", &P::split,
          "the part of the data to measure on; auto: test, else validation, else train, whichever there is first",
          noneq::one_of({"auto", "train", "validation", "test"}))
      .renamed("on", "split");
}

}
