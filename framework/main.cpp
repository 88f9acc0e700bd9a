// The program noneq. What verbs throw becomes one line (or one a problem) on the error stream, and the exit code.
#include <fmt/format.h>

#include "noneq/app/verbs.hpp"
#include "noneq/core/error.hpp"
#include "noneq/core/threads.hpp"
#include "noneq/flow/stop.hpp"

namespace noneq {

static int main_or_throw(int argc, char** argv) {
  CLI::App program("noneq: diffusion generative models as native dataflow", "noneq");
  program.set_version_flag("--version", NONEQ_VERSION);
  program.require_subcommand(1);
  for (auto* add : {add_run, add_check, add_list, add_describe, add_draw, add_table, add_schema, add_eval, add_sample, add_predict, add_data}) add(program);
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return program.exit(e);
  } catch (const CLI::ParseError& e) {
    program.exit(e);
    return exit_code::bad_input;
  }
  return exit_code::done;
}

static int guarded_main(int argc, char** argv) {
  try {
    limit_library_threads();
    return main_or_throw(argc, argv);
  } catch (const input_error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return exit_code::bad_input;
  } catch (const interrupted&) {
    fmt::print(stderr, "\ninterrupted; go on with --resume\n");
    return exit_code::stopped;
  } catch (const std::exception& e) {
    fmt::print(stderr, "noneq: {}\n", e.what());
    return exit_code::failed;
  }
}

}

int main(int argc, char** argv) { return noneq::guarded_main(argc, argv); }
