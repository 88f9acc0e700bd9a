// Samples that were drawn and hold a number that is not finite: drawing them again, refusing them, counting them. Pure.
#pragma once

#include "noneq/flow/sampling.hpp"

namespace noneq::flow {

struct lost_samples {
  std::int64_t count = 0, first = -1;  // the row of the first one

  void add(const lost_samples& more) {
    if (count == 0) first = more.first;
    count += more.count;
  }
};

// Returns the samples of a batch that are not finite.
lost_samples lost_in(const batch& drawn);

// Returns the batch with other samples in place of those that are not finite, drawn for `given` with other noise. The
// noise of a row is its own, so the others stay.
batch drawn_again_where_lost(sampling& ready, const batch& given, batch drawn);

// Throws noneq::error when a sample is not finite. `twice`: it was drawn again.
void refuse_lost(const std::string& by, const batch& drawn, bool twice);

}
