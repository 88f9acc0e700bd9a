#include "noneq/flow/units.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace noneq::flow {

unit_run units_of(const job_part& part, std::int64_t units) {
  // In floating point the product may be inexact; in 128 bits it is not.
  const auto edge = [&](std::int64_t k) {
    return static_cast<std::int64_t>(static_cast<__int128>(units) * k / part.of);
  };
  return {edge(part.index - 1), edge(part.index)};
}

std::vector<unit_run> missing_units(const unit_run& all, const std::set<std::int64_t>& done) {
  std::vector<unit_run> missing;
  for (std::int64_t u = all.begin; u < all.end; ++u) {
    if (done.count(u)) continue;
    if (missing.empty() || missing.back().end != u) missing.push_back({u, u});
    missing.back().end = u + 1;
  }
  return missing;
}

std::int64_t unit_rows(const plan& p, std::int64_t batch) {
  constexpr std::int64_t usual = 1024;
  return p.unit > 0 ? p.unit : (usual + batch - 1) / batch * batch;
}

std::int64_t batch_rows(const plan& p, const stream_nodes& s) {
  for (const std::string& id : s.nodes) {
    const plan_node& n = p.node(id);
    if (n.kind() == node_kind::source) return n.as<loader>().batch_size;
    if (n.role() == "sampler" && n.in.empty()) return n.as<sampler>().chunk_size();
  }
  return 1;
}

bool works_in_units(const plan& p, std::string* why) {
  std::vector<std::string> cannot;
  bool any = false;
  if (p.trains()) return false;
  for (const plan_node& n : p.nodes) {
    if (n.kind() != node_kind::sink) continue;
    any = true;
    const bool behind_sink = !n.in.empty() && p.node(n.in.front().from).kind() == node_kind::sink;
    if (n.role() != "writer" || behind_sink || !n.as<writer>().in_units())
      cannot.push_back(fmt::format("{} ({})", n.id, n.plugin.entry->full_name()));
  }
  if (why != nullptr) *why = fmt::format("{}", fmt::join(cannot, ", "));
  return any && cannot.empty();
}

void check_units(const plan& p, config::problems& found) {
  const config::value& document = *p.document;
  const auto place = [&](const char* key) { return document.find(key)->where(); };
  if (p.trains()) {
    for (const char* key : {"unit", "not_finite"})
      if (document.find(key) != nullptr)
        found.add(error("has no meaning for a pipeline that trains, need none", key, place(key)));
    return;
  }
  std::string cannot;
  if (!works_in_units(p, &cannot)) {
    if (p.unit > 0 && !cannot.empty())
      found.add(error(fmt::format("got {}, but {} cannot be made in units, need none", p.unit, cannot), "unit",
                      place("unit")));
    return;
  }
  for (const stream_nodes& s : p.streams) {
    const std::int64_t batch = batch_rows(p, s);
    if (p.unit % batch != 0) {
      found.add(error(fmt::format("got {}, need a multiple of the {} rows of a batch, such as {}", p.unit, batch,
                                  (p.unit + batch - 1) / batch * batch),
                      "unit", place("unit")));
      continue;
    }
    for (const std::string& id : s.nodes)
      if (const plan_node& n = p.node(id); n.role() == "writer")
        found.guard([&] { working(n, [&] { n.as<writer>().check_units(unit_rows(p, batch)); }); }, n.where, n.id);
  }
}

}
