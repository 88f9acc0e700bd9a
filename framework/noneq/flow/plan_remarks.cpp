#include "noneq/flow/plan_remarks.hpp"

#include <fmt/format.h>

namespace noneq::flow {
namespace {

// ᾱ at the end of DDPM's 1000 steps (Ho et al. 2020).
constexpr double usual_end = 4e-5;

// Data of which every number has variance 1, in the first of these forms that the kernel takes: numbers, bits, one of
// three categories of which the last is left to kernels that hide.
Tensor plain_data(const kernel& k) {
  const Tensor numbers = at::tensor({-1.f, 1.f}).view({2, 1}), bits = at::tensor({0.f, 1.f}).view({2, 1}),
               categories = at::eye(3).slice(0, 0, 2);
  for (const Tensor& x0 : {numbers, bits, categories}) try {
      k.check_data(x0);
      return x0;
    } catch (const error&) {
    }
  return {};
}

// KL(q(x^T|x⁰)‖π) in bits for such data, a dimension or category; NaN for kernels of other data.
double lost_at_the_end(const process& p) {
  const Tensor x0 = plain_data(*p.kernel);
  if (!x0.defined()) return std::nan("");
  const Tensor last = at::full({x0.size(0)}, p.steps() - 1, at::kLong);
  const Tensor nats =
      p.kernel->kl(p.kernel->marginal(x0, coefficients_at(p.tables, last, x0)), p.kernel->stationary(x0));
  return nats.mean().item<double>() / std::log(2.);
}

// "first: 0.002, last: 0.4": the β at both ends times `factor`, where the schedule has them and they stay below 1.
std::string scaled_ends(const instance& schedule, double factor) {
  std::string text;
  for (const char* name : {"first", "last"}) {
    const parameter* end = schedule.entry->find(name);
    if (end == nullptr || end->type != type_words<double>()) return "";
    const double beta = config::read<double>(end->render(*schedule.made)) * factor;
    if (!(beta < 1)) return "";
    text += fmt::format("{}{}: {:.2g}", text.empty() ? "" : ", ", name, beta);
  }
  return text;
}

std::string remedy(const plan& p, double factor) {
  const instance& schedule = p.process_parts.at("schedule");
  if (schedule.entry->find("last_alpha_bar")) return fmt::format("need last_alpha_bar: {:.0e} or so", usual_end);
  const std::string ends = scaled_ends(schedule, factor);
  return fmt::format(
      "need {:.2g} times the β{}, or a schedule that fits any number of steps, such as cosine or log_snr", factor,
      ends.empty() ? "" : fmt::format(" ({})", ends));
}

void remark_on_schedule(const plan& p, std::vector<error>& all) {
  const at::NoGradGuard values_only;
  const Tensor alpha_bar = p.process.tables.alpha_bar.detach();
  const std::int64_t T = p.process.steps();
  const double end = alpha_bar[T - 1].item<double>();
  const double factor = end > 0 && end < 1 ? std::log(usual_end) / std::log(end) : 1;
  const auto add = [&](const std::string& text) {
    all.emplace_back(text, "process.schedule", p.process_parts.at("schedule").where);
  };
  if (p.learns_schedule()) return;  // it moves
  // So many bits are 6% of a standard deviation that the data keeps at t = T.
  if (const double bits = lost_at_the_end(p.process); bits > 3e-3)
    add(fmt::format(
        "ᾱ_T = {:.2g} after {} steps: samples begin at pure noise, where the data would still show, and lose "
        "L_T = {:.2g} bits per dimension (of data with variance 1); {}",
        end, T, bits, remedy(p, factor)));
  // Steps at which nothing is left cost time and show nothing to a network.
  const double idle = (alpha_bar < usual_end / 4).to(at::kDouble).mean().item<double>();
  if (idle > 0.15 && p.process.kernel->has_variance())
    add(fmt::format("ᾱ falls below 1e-5 long before t = T = {}: {:.0f}% of the steps see pure noise; {}", T, 100 * idle,
                    remedy(p, factor)));
}

}

std::vector<error> remarks_on(const plan& p) {
  std::vector<error> all;
  if (p.process.schedule) remark_on_schedule(p, all);
  return all;
}

std::vector<std::string> remark_lines(const plan& p) {
  std::vector<std::string> lines;
  for (const error& remark : remarks_on(p)) lines.push_back(fmt::format("note: {}", remark.what()));
  return lines;
}

}
