// Laws of roles/transform.hpp.
#include "noneq/plugin/roles/transform.hpp"

#include <fmt/format.h>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/some_data.hpp"
#include "noneq/laws/detail/state.hpp"
#include "noneq/laws/detail/subject.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace transform_laws {

transform_context context(const dataset_info& info, bool training, std::int64_t first = 0) {
  const stream node(37);
  return training ? transform_context::of_training(node, info, 0, 0, first)
                  : transform_context::of_part(node, info, "train", first);
}

void learn(transform& t, const some_data& d) {
  if (!t.learns()) return;
  for (const batch& b : in_blocks(d.rows, 7)) t.look(b, context(d.info, false, b.first));
  t.learned(d.info);
}

// A transform that has learned from data of a kind that it takes.
struct tried {
  some_data data;
  std::shared_ptr<noneq::transform> transform;
  dataset_info after;

  batch run(const batch& rows, bool training) const {
    return transform->run(rows, context(data.info, training, rows.first));
  }
};

batch copied(batch b) {
  for (auto& [name, tensor] : b.tensors) tensor = tensor.clone();
  return b;
}

std::vector<tried> taken(const subject& s) {
  std::vector<tried> all;
  std::string refusal;
  for (const some_data& d : all_kinds_of_data()) {
    try {
      const auto t = s.again<transform>();
      t->after(d.info);
      learn(*t, d);
      all.push_back({d, t, t->after(d.info)});
      all.back().run(copied(d.rows), true);
    } catch (const error& e) {
      if (!all.empty() && all.back().data.kind == d.kind) all.pop_back();
      refusal = e.what();
    }
  }
  if (all.empty()) throw error("the transform refuses every kind of data: " + refusal);
  return all;
}

template <class F>
void with_each(const subject& s, const F& f) {
  for (const tried& t : taken(s))
    for (const bool training : {false, true}) {
      try {
        f(t, training);
      } catch (const error& e) {
        throw error(fmt::format("{} (with {}, rows to {})", e.what(), t.data.kind, training ? "train on" : "measure"));
      }
    }
}

void returns_described(const subject& s) {
  with_each(s, [&](const tried& t, bool training) {
    check_returned_info(s.name(), t.after);
    const batch made = t.run(t.data.rows, training);
    check_returned_data(s.name(), made, t.after);
    need(made.size() == t.data.rows.size(), "rows", std::to_string(made.size()), std::to_string(t.data.rows.size()));
    if (t.after.has_x0)
      need(made.at("x0").scalar_type() == t.after.numbers, "type of x0", c10::toString(made.at("x0").scalar_type()),
           std::string(c10::toString(t.after.numbers)) + ", as after() describes it");
  });
}

void leaves_others(const subject& s) {
  with_each(s, [&](const tried& t, bool training) {
    const batch before = t.data.rows;
    const Tensor x0 = before.at("x0").clone();
    const batch made = t.run(before, training);
    need_equal("x0 that the transform was given, after run()", before.at("x0"), x0);
    for (const char* name : {"label", "row"})
      if (made.has(name))
        need_equal(std::string("'") + name + "' behind the transform", made.at(name), before.at(name));
  });
}

void works_by_row(const subject& s) {
  with_each(s, [&](const tried& t, bool training) {
    const batch all = t.run(t.data.rows, training);
    for (const std::int64_t size : {1, 7}) {
      std::vector<batch> parts;
      for (const batch& b : in_blocks(t.data.rows, size)) parts.push_back(t.run(b, training));
      need_same_batch(fmt::format("in batches of {} rows", size), joined(parts), all, 1e-6);
    }
  });
}

void works_at_once(const subject& s) {
  with_each(s, [&](const tried& t, bool training) {
    const batch first = t.run(t.data.rows, training);
    for (const batch& again : at_once(threads_at_once, [&](std::size_t) { return t.run(t.data.rows, training); }))
      need_same_batch("from several threads at once", again, first);
  });
}

bool equal_maps(const normalisation& a, const normalisation& b) {
  return a.stages.size() == b.stages.size() && at::equal(a.shift, b.shift) && at::equal(a.scale, b.scale);
}

// Data units are those that the loader has, so that the map from them begins there.
void can_be_undone(const subject& s) {
  with_each(s, [&](const tried& t, bool training) {
    if (equal_maps(t.after.normal, t.data.info.normal) || t.after.shape != t.data.info.shape) return;
    const Tensor x = t.data.rows.at("x0").to(at::kDouble);
    const Tensor restored = t.after.normal.restore(t.run(t.data.rows, training).at("x0").to(at::kDouble));
    const Tensor size = (x.nan_to_num() - x.nan_to_num().mean()).abs().max();
    const double rounding = 1e-5 * (size.item<double>() + x.nan_to_num().abs().max().item<double>());
    need_close("x0 restored to data units by the map that after() describes", restored, x, 1e-6, rounding);
  });
}

void is_restored(const subject& s) {
  with_each(s, [&](const tried& t, bool training) {
    const auto other = s.again<transform>();
    restore(*other, state_of(*t.transform));
    const dataset_info after = other->after(t.data.info);
    need(equal_maps(after.normal, t.after.normal), "the map that after() of a restored transform describes",
         "another one", "that of the transform which learned");
    need_same_batch("by a transform restored from state()", other->run(t.data.rows, context(t.data.info, training)),
                    t.run(t.data.rows, training));
  });
}

}

law_list of_transform() {
  using namespace transform_laws;
  return {
      {"run() returns the rows that after() describes, as many as it got.", returns_described},
      {"run() changes no tensor in place; rows and labels keep their order.", leaves_others},
      {"A row's result does not depend on the batch that it is in.", works_by_row},
      {"run() may be called by several threads at once.", works_at_once},
      {"The map that after() adds to the normalisation undoes run().", can_be_undone},
      {"A transform that takes the state of another makes equal rows.", is_restored},
  };
}

}
