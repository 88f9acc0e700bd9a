// noneq table FILE|RUN_DIR: the tables of the schedule, entry i = t − 1.
#include <fmt/format.h>

#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/trained_run.hpp"
#include "noneq/app/verbs.hpp"

namespace noneq::app {
namespace {

std::vector<std::pair<std::string, Tensor>> columns(const process& p) {
  const tables& t = p.tables;
  const Tensor all = at::arange(t.steps(), at::kLong);
  // w_t needs a variance that is known without a network; a learned one is shown at its lower end.
  Tensor log_variance = t.log_beta_tilde_clipped;
  if (p.variance && p.variance->outputs() == 0)
    log_variance = p.variance->log_variance({}, coefficients_at(t, all, at::zeros({t.steps()}, at::kDouble)), t.steps())
                       .expand({t.steps()});
  return {{"beta", t.beta},
          {"alpha_bar", t.alpha_bar},
          {"posterior_variance", t.beta_tilde},
          {"log_posterior_variance_clipped", t.log_beta_tilde_clipped},
          {"c1", t.c1},
          {"c2", t.c2},
          {"snr", t.snr},
          {"vlb_weight", vlb_weight(t, log_variance)}};
}

// 17 significant digits bring every double back bit for bit; JSON has no word for infinity.
std::string number(double x, bool json) { return json && !std::isfinite(x) ? "null" : fmt::format("{:.17g}", x); }

// The schedule as the pipeline starts with it, or, for a run, as it was learned.
process process_of(const pipeline_file& of, registry& plugins) {
  if (!std::filesystem::is_directory(of.file)) return of.make(plugins).process;
  if (!of.changes.empty() || of.seed)
    throw input_error(
        {error("got the folder of a run, whose process is as it was trained; leave out --set and --seed")});
  const auto opened = open_run(of.file, plugins, [](config::value& document) { flow::remove_beside_model(document); });
  const flow::session& trained = *opened;
  return trained.denoiser("raw").process();
}

void print_json(const std::vector<std::pair<std::string, Tensor>>& all) {
  print_out("{{");
  for (std::size_t k = 0; k < all.size(); ++k) {
    print_out("{}\"{}\": [", k ? ",\n " : "", all[k].first);
    const auto* x = all[k].second.data_ptr<double>();
    for (std::int64_t i = 0; i < all[k].second.size(0); ++i) print_out("{}{}", i ? ", " : "", number(x[i], true));
    print_out("]");
  }
  print_out("}}\n");
}

void print_csv(const std::vector<std::pair<std::string, Tensor>>& all) {
  print_out("t");
  for (const auto& [name, column] : all) print_out(",{}", name);
  for (std::int64_t i = 0; i < all[0].second.size(0); ++i) {
    print_out("\n{}", i + 1);
    for (const auto& [name, column] : all) print_out(",{}", number(column.data_ptr<double>()[i], false));
  }
  print_out("\n");
}

}

void add_table(CLI::App& program) {
  struct options {
    pipeline_file pipeline;
    bool json = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* verb =
      program.add_subcommand("table", "the schedule's tables for t = 1..T, as CSV; of a run as it was learned");
  o->pipeline.add_to(*verb);
  verb->add_flag("--json", o->json, "as one JSON object of arrays");
  verb->callback([o] {
    registry plugins = installed_plugins();
    at::NoGradGuard values_only;
    auto all = columns(process_of(o->pipeline, plugins));
    for (auto& [name, column] : all) column = column.to(at::kDouble).contiguous();
    if (o->json)
      print_json(all);
    else
      print_csv(all);
  });
}

}
