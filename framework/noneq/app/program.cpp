#include "noneq/app/program.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <new>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/verbs.hpp"
#include "noneq/core/error.hpp"
#include "noneq/core/memory.hpp"
#include "noneq/core/threads.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/storage/files.hpp"

namespace noneq {

static void refuse_unknown_verb(const CLI::App& program, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> verbs;
  for (const CLI::App* verb : program.get_subcommands([](const CLI::App*) { return true; }))
    verbs.push_back(verb->get_name());
  if (std::find(verbs.begin(), verbs.end(), argv[1]) == verbs.end())
    throw input_error({error(fmt::format("noneq has no verb '{}'{} (there are: {})", argv[1],
                                         did_you_mean(argv[1], verbs), fmt::join(verbs, ", ")))});
}

static int main_or_throw(int argc, char** argv) {
  CLI::App program("noneq: diffusion generative models as native dataflow", "noneq");
  program.set_version_flag("--version", NONEQ_VERSION);
  for (auto* add : {add_run, add_check, add_list, add_describe, add_draw, add_table, add_schema, add_eval, add_sample,
                    add_predict, add_export, add_data})
    add(program);
  refuse_unknown_verb(program, argc, argv);
  program.require_subcommand(1);
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return program.exit(e);
  } catch (const CLI::ParseError& e) {
    program.exit(e);
    return exit_code::bad_input;
  }
  // What is printed through a buffer is lost silently when the disk behind it is full, unless somebody asks.
  if (std::fflush(stdout) != 0) throw file_error("the standard output", "write", errno);
  return exit_code::done;
}

static int fail(const std::string& text) {
  // What a verb itself added to a pipeline is placed at "noneq sample" already.
  fmt::print(stderr, "{}{}\n", text.starts_with("noneq ") ? "" : "noneq: ", text);
  return exit_code::failed;
}

int run_program(int argc, char** argv) {
  keep_freed_memory();
  // A file that grows past `ulimit -f` shall be an error with a name and a cause, not a death without words.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    limit_library_threads();
    return main_or_throw(argc, argv);
  } catch (const input_error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return exit_code::bad_input;
  } catch (const interrupted& e) {
    fmt::print(stderr, "\n{}\n", e.what());
    return exit_code::stopped;
  } catch (const error& e) {
    return fail(e.what());
  } catch (const std::filesystem::filesystem_error& e) {
    return fail(fmt::format("{}: {}", e.path1().string(), e.code().message()));
  } catch (const std::bad_alloc&) {
    return fail("out of memory; need a smaller batch, chunk or model");
  } catch (const std::exception& e) {
    return fail(first_line(e.what()));
  } catch (...) {
    return fail("failed with an exception of an unknown type");
  }
}

}
