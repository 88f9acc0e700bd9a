#include "noneq/flow/join_checks.hpp"

#include <fmt/format.h>

namespace noneq::flow {
namespace {

// The node at which the stream of n begins: a loader, or a sampler, whose samples are rows of their own.
const plan_node& beginning_of(const plan& p, const plan_node& n) {
  return n.in.empty() ? n : beginning_of(p, p.node(n.in.front().from));
}

class row_counts {
 public:
  explicit row_counts(const plan& p) : plan_(p) {}

  // Rows of the whole, −1 for data without end; none when the loader cannot be opened.
  std::optional<std::int64_t> of(const plan_node& n) {
    const plan_node& begins = beginning_of(plan_, n);
    if (begins.role() == "sampler") return begins.as<sampler>().samples();
    if (begins.role() != "loader") return std::nullopt;
    const auto known = counts_.find(begins.id);
    if (known != counts_.end()) return known->second;
    auto& count = counts_[begins.id];
    try {
      const at_work here(*begins.plugin.entry, begins.id);
      if (const auto data = begins.as<loader>().open(std::nullopt, stream(0))) count = data->info().count;
    } catch (const interrupted&) {
      throw;
    } catch (...) {  // the run refuses it
    }
    return count;
  }

 private:
  const plan& plan_;
  std::map<std::string, std::optional<std::int64_t>> counts_;
};

std::string text_of_rows(std::int64_t rows) { return rows < 0 ? "rows without end" : fmt::format("{} rows", rows); }

}

void check_joins(const plan& p, config::problems& found) {
  row_counts rows(p);
  for (const plan_node& n : p.nodes)
    for (std::size_t k = 1; k < n.in.size(); ++k) {
      const plan_node &first = p.node(n.in.front().from), &other = p.node(n.in[k].from);
      const auto have = rows.of(first), got = rows.of(other);
      if (have && got && *have != *got)
        found.add(error(fmt::format("joins '{}', which has {} ({}), with '{}', which has {} ({}); need as many in each",
                                    first.id, text_of_rows(*have), beginning_of(p, first).where.str(), other.id,
                                    text_of_rows(*got), beginning_of(p, other).where.str()),
                        n.id + ".in", n.in[k].where));
    }
}

}
