#include "noneq/flow/pass_rows.hpp"

#include <fmt/format.h>

namespace noneq::flow {

pass_rows rows_of_pass(session& s, const stream_nodes& stream, const plan_node& n) {
  const dataset_info& info = s.nodes().of_loader(n).info();
  const plan& p = s.plan();
  const bool trained_on = p.trains() && p.streams.front().has(n.id);
  const std::string part = info.parts.empty() ? "" : trained_on ? measured_part(info) : "train";
  const std::int64_t there = part.empty() ? info.measured : info.parts.at(part);
  pass_rows all{{part, there, 0, n.as<loader>().batch_size}, there};
  for (const std::string& id : stream.nodes)
    if (const plan_node& drawn = p.node(id); drawn.role() == "sampler" && drawn.as<sampler>().count > 0)
      all.rows.count = drawn.as<sampler>().count;
  if (all.rows.count < 0)
    throw error(fmt::format("{} makes data without end, need data with an end for one pass, or a sampler with count",
                            n.plugin.entry->full_name()),
                n.id, n.where);
  if (there < 0) all.there = all.rows.count;
  return all;
}

void check_batches(session& s, const stream_nodes& stream, config::problems& found) {
  const plan_node* first = nullptr;
  row_request as_first;
  for (const std::string& id : stream.nodes) {
    const plan_node& n = s.plan().node(id);
    const bool draws = n.role() == "sampler" && n.in.empty();
    if (n.kind() != node_kind::source && !draws) continue;
    found.guard(
        [&] {
          row_request rows;
          if (draws)
            rows.count = n.as<sampler>().samples(), rows.block = n.as<sampler>().chunk_size();
          else
            rows = rows_of_pass(s, stream, n).rows;
          if (first == nullptr) {
            first = &n, as_first = rows;
            return;
          }
          if (rows.count != as_first.count || rows.batches() != as_first.batches())
            throw error(fmt::format("got {} rows in batches of {}, need {} in batches of {}, as '{}' has them",
                                    rows.count, rows.block, as_first.count, as_first.block, first->id),
                        n.id, n.where);
        },
        n.where, n.id);
  }
}

}
