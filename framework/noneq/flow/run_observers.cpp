#include "noneq/flow/run_observers.hpp"

#include <fmt/format.h>

namespace noneq::flow {

effort& shown_progress::of(const plan_node& n) {
  const std::lock_guard one(one_);
  return efforts_.try_emplace(&n, n.id).first->second;
}

void shown_progress::expects(const plan_node& n, std::int64_t batches) { of(n).expect(batches); }

void shown_progress::network_called(const plan_node& n) {
  effort& e = of(n);
  e.called();
  say_.at_work([&] { return e.text(); });
}

void shown_progress::advanced(const plan_node& n, double share) { of(n).advanced(share); }

void shown_progress::ended(const node_call& c) {
  if (c.what != calling::map || c.node.role() != "metric") return;
  effort& e = of(c.node);
  e.finished();
  say_.at_work([&] { return e.text(); });
}

void shown_progress::found(const plan_node& n, const event& e, const outcome& o) {
  const std::string when = e.occasion.empty() ? "" : e.occasion + ": ";
  for (const measured& m : o.records) say_.say(fmt::format("{}{}: {}", when, n.id, to_text(m)));
  for (const auto& file : o.files) say_.say(fmt::format("{}: wrote {}", n.id, file.string()));
  const std::lock_guard one(one_);
  efforts_.erase(&n);
}

}
