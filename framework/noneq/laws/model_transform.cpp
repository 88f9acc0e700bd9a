// Laws of roles/model_transform.hpp.
#include "noneq/plugin/roles/model_transform.hpp"

#include <fmt/format.h>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/data_in_memory.hpp"
#include "noneq/laws/detail/formula.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/scratch.hpp"
#include "noneq/laws/detail/settings.hpp"
#include "noneq/laws/detail/some_data.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace model_transform_laws {

constexpr std::int64_t count = 12;

// A model with its data, and rows to apply it to.
struct surroundings {
  std::string text;
  std::shared_ptr<data_in_memory> data;
  noneq::denoiser denoiser;
  batch rows;
};

surroundings around(const setting& in, const subject& s) {
  const Tensor x0 = data_of(*in.process.kernel, 5 * count, at::kFloat);
  const auto data = std::make_shared<data_in_memory>(
      std::map<std::string, Tensor>{{"train", x0.slice(0, 0, 4 * count)}, {"test", x0.slice(0, 4 * count)}},
      "some data");
  batch rows{0, 0, {}};
  for (const named_tensor_doc& t : s.entry().reads) rows.set(t.name, named_rows(t.name, x0.slice(0, 4 * count)));
  if (rows.tensors.empty()) rows.set("x0", x0.slice(0, 4 * count));
  return {in.text, data, plain_denoiser(in.process), rows};
}

std::vector<surroundings> accepted(const subject& s) {
  std::vector<surroundings> all;
  std::string refusal;
  for (const setting_choice& choice : {twelve_steps(), thousand_steps()}) {
    for (const setting& in : settings(s, choice)) {
      surroundings each = around(in, s);
      try {
        s.as<model_transform>()->check_data(each.data->info());
        s.as<model_transform>()->check_process(in.process);
        all.push_back(each);
      } catch (const error& e) {
        refusal = e.what();
      }
    }
    if (!all.empty()) return all;
  }
  throw error("the transform refuses all data and processes: " + refusal);
}

// Calls f with what is open in each of the surroundings.
template <class F>
void with_each(const subject& s, const F& f) {
  const auto t = s.as<model_transform>();
  for (const surroundings& in : accepted(s)) {
    try {
      at::NoGradGuard values_only;
      const scratch kept;
      const application a{in.denoiser, in.data->info(), stream(79), t->needs_data() ? pass_over(*in.data) : row_pass{},
                          kept.folder()};
      f(in, *need_made(t->open(a), "open()", "open transform"));
    } catch (const error& e) {
      throw error(fmt::format("{} (with {})", e.what(), in.text));
    }
  }
}

void makes_declared(const subject& s) {
  with_each(s, [&](const surroundings& in, const applied& open) {
    const batch made = open.run(in.rows);
    check_returned_rows(s.name(), made, s.entry().writes, count, in.data->info().shape);
    need(!made.tensors.empty(), "run()", "nothing", "a tensor that the table declares");
    for (const auto& [name, tensor] : made.tensors)
      need(!in.rows.has(name), "run()", "'" + name + "', which the rows have", "another name");
  });
}

void works_by_row(const subject& s) {
  with_each(s, [&](const surroundings& in, const applied& open) {
    const batch all = open.run(in.rows);
    for (const std::int64_t size : {1, 5}) {
      std::vector<batch> parts;
      for (const batch& part : in_blocks(in.rows, size)) parts.push_back(open.run(part));
      need_same_batch(fmt::format("in batches of {} rows", size), joined(parts), all, 1e-4);
    }
  });
}

void works_at_once(const subject& s) {
  with_each(s, [&](const surroundings& in, const applied& open) {
    const batch first = open.run(in.rows);
    const auto again = at_once(threads_at_once, [&](std::size_t) {
      at::NoGradGuard values_only;
      return open.run(in.rows);
    });
    for (const batch& b : again) need_same_batch("from several threads at once", b, first);
  });
}

}

law_list of_model_transform() {
  using namespace model_transform_laws;
  return {
      {"run() returns tensors that the table declares, a row a row, under names that the rows have not.",
       makes_declared},
      {"A row's result depends on that row and its index alone, whatever batch it is in.", works_by_row},
      {"run() may be called by several threads at once.", works_at_once},
  };
}

}
