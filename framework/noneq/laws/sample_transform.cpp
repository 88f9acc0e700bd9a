// Laws of roles/sample_transform.hpp.
#include "noneq/plugin/roles/sample_transform.hpp"

#include <fmt/format.h>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/some_data.hpp"
#include "noneq/laws/detail/subject.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace sample_transform_laws {

constexpr std::int64_t count = 12;

// Samples with and without an axis of members, and what else the plugin declares to read.
std::vector<batch> streams(const subject& s) {
  std::vector<batch> all;
  for (const sizes& shape : {sizes{count, 4, 2, 6}, sizes{count, 2, 6}, sizes{count, 4, 1, 8, 8}}) {
    const std::int64_t members = shape[1] == 4 ? 4 : 0;
    try {
      s.as<sample_transform>()->check_members(members);
    } catch (const error&) {
      continue;
    }
    batch b{0, 0, {{"samples", stream(71).normal(shape)}, {"row", at::arange(count, at::kLong)}}};
    sizes row = shape;
    if (members > 0) row.erase(row.begin() + 1);
    for (const named_tensor_doc& t : s.entry().reads)
      if (t.name != "samples") b.set(t.name, named_rows(t.name, stream(73).normal(row)));
    all.push_back(b);
  }
  if (all.empty()) throw error("check_members() refuses samples without members, and those of 4");
  return all;
}

std::vector<named_tensor_doc> made_by(const subject& s) {
  std::vector<named_tensor_doc> declared;
  const auto makes = s.as<sample_transform>()->makes();
  for (const named_tensor_doc& t : s.entry().writes)
    if (std::find(makes.begin(), makes.end(), t.name) != makes.end()) declared.push_back(t);
  return declared;
}

void makes_declared(const subject& s) {
  const auto t = s.as<sample_transform>();
  const auto declared = made_by(s);
  need(declared.size() == t->makes().size(), "makes()", "a name that the table does not declare",
       "names of d.writes() only");
  for (const batch& b : streams(s)) {
    const Tensor samples = b.at("samples").clone();
    batch made = t->run(b);
    need_equal("samples that the transform was given, after run()", b.at("samples"), samples);
    for (const std::string& name : t->makes())
      need(made.has(name), "run()", "no '" + name + "'", "every tensor that makes() names");
    for (auto& [name, tensor] : made.tensors)
      need(name == "row" || name == "label" ||
               std::any_of(declared.begin(), declared.end(), [&, &n = name](const auto& d) { return d.name == n; }),
           "run()", "'" + name + "'", "tensors that makes() names");
    for (const named_tensor_doc& d : declared)
      need(made.at(d.name).dim() > 0 && made.at(d.name).size(0) == count, "'" + d.name + "'",
           to_string(made.at(d.name).sizes().vec()), fmt::format("{} rows", count));
  }
}

void works_by_row(const subject& s) {
  const auto t = s.as<sample_transform>();
  for (const batch& b : streams(s)) {
    const batch all = t->run(b);
    for (const std::int64_t size : {1, 5}) {
      std::vector<batch> parts;
      for (const batch& part : in_blocks(b, size)) parts.push_back(t->run(part));
      need_same_batch(fmt::format("in batches of {} rows", size), joined(parts), all, 1e-6);
    }
    for (const batch& again : at_once(threads_at_once, [&](std::size_t) { return t->run(b); }))
      need_same_batch("from several threads at once", again, all);
  }
}

}

law_list of_sample_transform() {
  using namespace sample_transform_laws;
  return {
      {"run() returns the tensors that makes() names and the table declares, a row a row, and changes none in place.",
       makes_declared},
      {"A row's result does not depend on its batch, nor on the thread that makes it.", works_by_row},
  };
}

}
