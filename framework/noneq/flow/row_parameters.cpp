#include "noneq/flow/row_parameters.hpp"

#include "noneq/flow/attachment.hpp"

namespace noneq::flow {

bool measures_rows(const plugin_entry& e) { return e.role == "metric" && e.find("samples") && e.find("split"); }

std::vector<row_parameter> row_parameters(const plugin_entry& e) {
  const row_parameter chunk{"chunk", "gives batches of its own"};
  if (e.role == "sampler") return {chunk};
  if (!measures_rows(e) || !attachment_of(e)->of) return {};
  return {{"samples", "gives as many rows as it has"}, {"split", "gives rows of its own"}, chunk};
}

}
