// noneq profile FILE
#include "noneq/flow/profile.hpp"

#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/core/messages.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/flow/training.hpp"

namespace noneq::app {
namespace {

void print(const flow::profile::result& r) {
  std::size_t width = 4;
  for (const auto& l : r.lines) width = std::max(width, l.node.size());
  print_out("{:<{}}  {:>8}  {:>10}  {:>13}  {:>10}\n", "node", width, "calls", "ms a call", "critical path",
            "waiting ms");
  for (const auto& l : r.lines)
    print_out("{:<{}}  {:>8}  {:>10.3f}  {:>11.0f} %  {:>10.3f}\n", l.node, width, l.calls, l.milliseconds,
              100 * l.critical, l.waiting);
  print_out("{:.1f} batches/s. {}\n", r.batches_per_second, r.bottleneck);
}

}

void add_profile(CLI::App& program) {
  struct options {
    pipeline_file pipeline;
    std::int64_t steps = 200;
    int threads = 0;
  };
  auto o = std::make_shared<options>();
  CLI::App* verb = program.add_subcommand(
      "profile", "train some steps, keep nothing of them, and show where the time goes and which node limits the rest");
  o->pipeline.add_to(*verb);
  verb->add_option("--steps", o->steps, "steps to train (default: 200)")->check(integer_from(20, 1'000'000));
  add_threads(*verb, o->threads);
  verb->callback([o] {
    registry plugins = installed_plugins();
    const flow::plan p = o->pipeline.make(plugins);
    if (!p.trains())
      throw input_error(
          {error("got a pipeline without a trainer, need one that trains", "", {o->pipeline.file, 0, 0})});
    flow::session s(p);
    flow::learner l(s);
    flow::stop_on_signals();
    flow::workers pool(o->threads);
    for (const std::string& note : pool.notes()) put_message("noneq: " + note + "\n");
    flow::profile listens;
    flow::train(
        s, l, pool, listens, o->steps, [](double) { return !stop_asked(); },
        [](const flow::plan_node&, std::int64_t, const batch&) {});
    stop_here_if_asked();
    print(listens.report(o->steps / 10, pool.threads(), p.training().trainer.as<trainer>().shards));
  });
}

}
