// Laws of roles/feature.hpp.
#include "noneq/plugin/roles/feature.hpp"

#include <limits>

#include <fmt/format.h>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/subject.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace feature_laws {

constexpr std::int64_t count = 40;

struct data_of_feature {
  dataset_info info;
  Tensor rows;  // float32, data units

  // The first rows, in blocks.
  feature::training_rows training() const {
    return [this](std::int64_t wanted, const auto& map, const auto& add) {
      const std::int64_t n = std::min(wanted, count);
      for (std::int64_t first = 0; first < n; first += 16) add(map(rows.slice(0, first, std::min(n, first + 16))));
    };
  }
};

std::vector<data_of_feature> accepted(const subject& s) {
  std::vector<data_of_feature> all;
  std::string refusal;
  for (const sizes& shape : {sizes{6}, sizes{1, 8, 8}, sizes{3, 8, 8}}) {
    sizes rows = shape;
    rows.insert(rows.begin(), count);
    data_of_feature d{{}, stream(109).normal(rows)};
    d.info.shape = shape;
    d.info.count = count;
    d.info.parts = {{"train", count}};
    try {
      s.as<feature>()->check_data(d.info);
      all.push_back(d);
    } catch (const error& e) {
      refusal = e.what();
    }
  }
  if (all.empty()) throw error("check_data() refuses every shape: " + refusal);
  return all;
}

std::unique_ptr<feature_map> learned_by(const feature& f, const data_of_feature& d) {
  return need_made(f.learn(d.info, d.training()), "learn()", "feature map");
}

void has_names(const subject& s) {
  const auto f = s.as<feature>();
  need(!f->label().empty() && f->label().find('/') == std::string::npos, "label()", "'" + f->label() + "'",
       "a part of a file's name");
  need(!f->identity().empty(), "identity()", "no text", "one that changes with the features");
  need(s.again<feature>()->identity() == f->identity(), "identity() of an equal feature", "another text",
       "an equal one");
}

void maps_rows(const subject& s) {
  const auto f = s.as<feature>();
  for (const data_of_feature& d : accepted(s)) {
    const auto map = learned_by(*f, d);
    const Tensor all = (*map)(d.rows);
    need(all.defined() && all.dim() == 2 && all.size(0) == count && all.scalar_type() == at::kFloat, "features",
         all.defined() ? to_string(all.sizes().vec()) : "no tensor", fmt::format("float32 [{}, D]", count));
    need_within("features", all, std::numeric_limits<float>::lowest(), std::numeric_limits<float>::max());
    need_close("features of rows 5 to 8 alone", (*map)(d.rows.slice(0, 5, 9)), all.slice(0, 5, 9), 1e-4, 1e-4);
    for (const Tensor& again : at_once(threads_at_once, [&](std::size_t) { return (*map)(d.rows); }))
      need_equal("features, from several threads at once", again, all);
  }
}

void is_repeatable(const subject& s) {
  const auto f = s.as<feature>();
  for (const data_of_feature& d : accepted(s)) {
    const auto map = learned_by(*f, d), again = learned_by(*s.again<feature>(), d);
    const Tensor all = (*map)(d.rows);
    need_equal("features that were learned a second time", (*again)(d.rows), all);
    const auto restored = need_made(f->restore(d.info, map->learned()), "restore()", "feature map");
    need_equal("features of the map that restore() makes of learned()", (*restored)(d.rows), all);
  }
}

}

law_list of_feature() {
  using namespace feature_laws;
  return {
      {"label() and identity() are texts, equal for equal features.", has_names},
      {"A map returns float32 [n, D], a row for each row by itself, from any thread.", maps_rows},
      {"Equal data gives equal features, and so does restore() of learned().", is_repeatable},
  };
}

}
