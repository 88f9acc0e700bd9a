// Laws of roles/guide.hpp.
#include "noneq/plugin/roles/guide.hpp"

#include <limits>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/settings.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace guide_laws {

constexpr std::int64_t all_rows = 6;

// A chunk in the middle of a sampler's work: x^t and x̂⁰ with the derivative that the exact x̂⁰ of N(0, I) has.
struct guided_rows {
  const process& p;
  Tensor x0, xt, index;
  batch rows;  // 0 and 1 of the shape of a sample, which can be values, masks and bits, under each name that is read

  guided_rows(const subject& s, const process& of) : p(of) {
    x0 = data_of(*p.kernel, all_rows, at::kDouble);
    index = at::full({all_rows}, 6, at::kLong);
    const auto c = coefficients_at(p.tables, index, x0);
    xt = p.kernel->jump(x0, c, p.kernel->noise(x0.sizes().vec(), stream(5), 0).to(at::kDouble));
    for (const std::string& name : s.as<guide>()->reads())
      rows.set(name, stream(101).uniform(x0.sizes().vec()).lt(0.5).to(at::kFloat));
  }

  guided_chunk chunk(std::int64_t first, std::int64_t count) const {
    return {p,
            first,
            count,
            x0.sizes().slice(1).vec(),
            {},
            {},
            rows.tensors.empty() ? batch{} : rows.rows(first, first + count)};
  }
  guided_state state(std::int64_t first, std::int64_t count) const {
    const auto row = [=](const Tensor& t) { return t.slice(0, first, first + count); };
    const auto c = coefficients_at(p.tables, row(index), row(x0));
    const Tensor slope = (p.kernel->has_variance() ? 1 : 0.4) * c.sqrt_alpha_bar;
    const double middle = p.kernel->has_variance() ? 0 : 0.5;
    std::function<Tensor(const Tensor&)> pull = [slope](const Tensor& u) -> Tensor { return slope * u; };
    return {row(xt), middle + slope * (row(xt) - middle), c, std::move(pull)};
  }
  distribution step(std::int64_t first, std::int64_t count) const {
    const guided_state s = state(first, count);
    return p.kernel->posterior(s.x0, s.xt, s.c);
  }
};

template <class F>
void with_each(const subject& s, const F& f) {
  in_each(settings(s, twelve_steps()), [&](const process& p) {
    at::NoGradGuard values_only;
    f(guided_rows(s, p));
  });
}

// Returns what a sampler would receive: a gradient, or the location and ln σ² of the multiplied step.
std::vector<Tensor> effect(const guide& g, const guided_rows& in, std::int64_t first, std::int64_t count) {
  at::NoGradGuard values_only;
  const auto at_work = need_made(g.begin(in.chunk(first, count)), "begin()", "guidance");
  if (!g.multiplies_steps()) return {at_work->gradient(in.state(first, count))};
  const distribution d = at_work->multiplied(in.step(first, count), in.state(first, count).c);
  if (!d.log_variance.defined()) return {d.location};
  return {d.location, d.log_variance.expand_as(d.location)};
}

void has_effect(const subject& s) {
  const auto g = s.as<guide>();
  need(g->draws_of_step() >= 1, "draws_of_step()", std::to_string(g->draws_of_step()), "at least 1");
  with_each(s, [&](const guided_rows& in) {
    const char* what = g->multiplies_steps() ? "multiplied()" : "gradient()";
    for (const Tensor& t : effect(*g, in, 0, all_rows)) {
      need(t.defined() && t.sizes() == in.xt.sizes(), what, t.defined() ? to_string(t.sizes().vec()) : "no tensor",
           to_string(in.xt.sizes().vec()) + ", the shape of x^t");
      constexpr double any = std::numeric_limits<double>::infinity();
      need_within(what, t, -any, any);
    }
  });
}

void works_by_sample(const subject& s) {
  const auto g = s.as<guide>();
  with_each(s, [&](const guided_rows& in) {
    const auto all = effect(*g, in, 0, all_rows);
    const auto part = effect(*g, in, 2, 3);
    for (std::size_t k = 0; k < all.size(); ++k)
      need_close("the effect on samples 2, 3 and 4 as a chunk of their own", part[k], all[k].slice(0, 2, 5), 1e-6,
                 1e-6);
    for (const auto& again : at_once(threads_at_once, [&](std::size_t) { return effect(*g, in, 0, all_rows); }))
      for (std::size_t k = 0; k < all.size(); ++k)
        need_equal("the effect, from several threads at once", again[k], all[k]);
  });
}

void knows_certain(const subject& s) {
  const auto g = s.as<guide>();
  with_each(s, [&](const guided_rows& in) {
    const auto guided = need_made(g->begin(in.chunk(0, all_rows)), "begin()", "guidance");
    const Tensor certain = guided->certain();
    if (certain.defined())
      need(certain.sizes() == in.xt.sizes() && certain.scalar_type() == at::kDouble, "certain()",
           to_string(certain.sizes().vec()), to_string(in.xt.sizes().vec()) + " of float64");
    const auto equation = guided->equation();
    if (!equation) return;
    const Tensor x = stream(103).normal(in.xt.sizes().vec()).to(at::kDouble);
    const Tensor image = equation->map(x);
    need(image.sizes() == equation->y.sizes(), "map(x) of the equation", to_string(image.sizes().vec()),
         "the shape of y, " + to_string(equation->y.sizes().vec()));
    const Tensor y = stream(107).normal(image.sizes().vec()).to(at::kDouble);
    need_close("⟨y, A x⟩, by transposed() of the equation", sum_per_sample(x * equation->transposed(y)),
               sum_per_sample(y * image), 1e-9, 1e-9);
  });
}

void needs_rows(const subject& s) {
  const auto g = s.as<guide>();
  if (g->reads().empty()) return;
  with_each(s, [&](const guided_rows& in) {
    guided_chunk without = in.chunk(0, all_rows);
    without.rows = {};
    try {
      g->begin(without);
    } catch (const error&) {
      return;
    }
    throw error("begin() on a stream without the tensors that reads() names: got no exception, need noneq::error");
  });
}

}

law_list of_guide() {
  using namespace guide_laws;
  return {
      {"gradient(), or multiplied(), is finite and has the shape of x^t.", has_effect},
      {"A sample's guidance does not depend on its chunk, nor on the thread at work.", works_by_sample},
      {"certain() is float64 like x^t, and transposed() of the equation is the transpose of map().", knows_certain},
      {"begin() throws noneq::error where the stream lacks a tensor that reads() names.", needs_rows},
  };
}

}
