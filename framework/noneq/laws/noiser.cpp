// Laws of roles/noiser.hpp.
#include "noneq/plugin/roles/noiser.hpp"

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/settings.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace noiser_laws {

// Processes that the noiser can draw for. Throws noneq::error where it can for none.
std::vector<setting> accepted(const subject& s) {
  std::vector<setting> all;
  std::string refusal;
  for (const setting& each : settings(s)) {
    try {
      s.as<noiser>()->check_process(each.process);
      all.push_back(each);
    } catch (const error& e) {
      refusal = e.what();
    }
  }
  if (all.empty()) throw error("check_process() refuses every process: " + refusal);
  return all;
}

const stream root(19);

batch rows_of(const process& p, std::int64_t n) {
  return {3, 0, {{"x0", data_of(*p.kernel, n, at::kFloat)}, {"label", at::arange(n, at::kLong).remainder(3)}}};
}

batch noised_rows(const noiser& n, const process& p, batch b) {
  n.draw(b, p, root);
  n.apply(b, p, root);
  return b;
}

void writes_states(const subject& s) {
  const auto n = s.as<noiser>();
  in_each(accepted(s), [&](const process& p) {
    const batch rows = rows_of(p, 32), b = noised_rows(*n, p, rows);
    check_returned_times(s.name(), b, p);
    check_returned_states(s.name(), b);
    need_equal("x0 behind the noiser", b.at("x0"), rows.at("x0"));
    need_equal("label behind the noiser", b.at("label"), rows.at("label"));
  });
}

void works_by_row(const subject& s) {
  const auto n = s.as<noiser>();
  in_each(accepted(s), [&](const process& p) {
    batch all = rows_of(p, 12);
    n->draw(all, p, root);
    batch part = all.rows(5, 9);
    part.of_rows = all.size();
    for (const char* name : {"noise", "t", "weight"}) part.tensors.erase(name);
    n->draw(part, p, root);
    for (const char* name : {"noise", "t", "weight"})
      need_equal(std::string(name) + " of rows 5 to 8 alone", part.at(name), all.at(name).slice(0, 5, 9));
    n->apply(all, p, root);
    batch again = all.rows(5, 9);
    again.tensors.erase("xt");
    again.set("noise", part.at("noise"));
    n->apply(again, p, root);
    need_close("xt of rows 5 to 8 alone", again.at("xt"), all.at("xt").slice(0, 5, 9), 1e-6, 1e-7);
  });
}

void is_repeatable(const subject& s) {
  const auto n = s.as<noiser>();
  in_each(accepted(s), [&](const process& p) {
    const batch rows = rows_of(p, 12), first = noised_rows(*n, p, rows);
    for (const batch& again : at_once(threads_at_once, [&](std::size_t) { return noised_rows(*n, p, rows); }))
      for (const char* name : {"t", "weight", "noise", "xt"})
        need_equal(std::string(name) + ", from several threads at once", again.at(name), first.at(name));
  });
}

void draws_from_marginal(const subject& s) {
  const auto n = s.as<noiser>();
  in_each(accepted(s), [&](const process& p) {
    const kernel& k = *p.kernel;
    for (const std::int64_t i : {std::int64_t{0}, std::min<std::int64_t>(p.steps(), 12) / 2}) {
      constexpr std::int64_t many = 4000;
      const Tensor one = data_of(k, 1, at::kFloat);
      sizes shape = one.sizes().vec();
      shape[0] = many;
      batch b{0, 0, {{"x0", one.expand(shape).contiguous()}}};
      n->draw(b, p, root);
      b.set("t", at::full({many}, i, b.at("t").scalar_type()));
      n->apply(b, p, root);
      const auto c = coefficients_at(p.tables, b.at("t"), b.at("x0").to(at::kDouble));
      const distribution q = k.marginal(b.at("x0").to(at::kDouble), c);
      need_mean("the mean of −ln q(x^t|x⁰) over xt at t = " + std::to_string(i + 1),
                -k.log_prob(b.at("xt").to(at::kDouble), q), k.entropy(q)[0].item<double>(), 5, 1e-4);
    }
  });
}

}

law_list of_noiser() {
  using namespace noiser_laws;
  return {
      {"The noiser writes t, weight, noise and xt of their shapes and types, and changes nothing else.", writes_states},
      {"Row k has the noise of its index, whatever batch it is in, and so has its xt.", works_by_row},
      {"A batch is a function of rows and stream, and may be made by several threads at once.", is_repeatable},
      {"xt is drawn from q(x^t|x⁰).", draws_from_marginal},
  };
}

}
