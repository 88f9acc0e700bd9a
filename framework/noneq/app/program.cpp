#include "noneq/app/program.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/argument_problem.hpp"
#include "noneq/app/help.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/problem_text.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/core/any_exception.hpp"
#include "noneq/core/error.hpp"
#include "noneq/core/memory.hpp"
#include "noneq/core/messages.hpp"
#include "noneq/core/ranks.hpp"
#include "noneq/core/threads.hpp"
#include "noneq/flow/job_ranks.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/plugin/crashes.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::app {

static constexpr const char* title = "noneq: diffusion generative models as native dataflow";

static void refuse_unknown_verb(const CLI::App& program, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  const std::vector<std::string> verbs = names_of_verbs(program);
  if (std::find(verbs.begin(), verbs.end(), argv[1]) == verbs.end())
    throw input_error({error(unknown_verb(program, "noneq", argv[1]))});
}

// A flag takes no value: --quiet=0 would otherwise be a request for quiet in one version, and none in another.
static void refuse_values_of_flags(CLI::App& verb) {
  for (CLI::Option* o : verb.get_options())
    if (o->get_items_expected_max() == 0) o->disable_flag_override();
  for (CLI::App* below : verb.get_subcommands([](const CLI::App*) { return true; })) refuse_values_of_flags(*below);
}

static void add_verbs(CLI::App& program) {
  program.formatter(help_formatter());  // before the verbs, which inherit it
  program.set_version_flag("--version", NONEQ_VERSION);
  for (auto* add : {add_run,     add_continue, add_profile,    add_check,  add_diff,   add_list,    add_describe,
                    add_draw,    add_table,    add_schema,     add_eval,   add_apply,  add_average, add_sample,
                    add_predict, add_export,   add_merge,      add_status, add_verify, add_report,  add_watch,
                    add_data,    add_doctor,   add_completion, add_man,    add_docs,   add_new})
    add(program);
  refuse_values_of_flags(program);
}

// The first of several processes reports what all of them find, and with its end the job ends.
static int fail_by_input(const std::string& text) {
  try {
    flow::wait_for_first();
  } catch (const error&) {  // what the environment states of the job is no number; other verbs do not mind
  }
  put_message(text);
  return exit_code::bad_input;
}

static int main_or_throw(int argc, char** argv) {
  CLI::App program(title, "noneq");
  add_verbs(program);
  refuse_unknown_verb(program, argc, argv);
  program.require_subcommand(1);
  try {
    program.parse(argc, argv);
  } catch (const CLI::RuntimeError& e) {
    flush_output();
    return e.get_exit_code();  // the answer of a verb that did its work
  } catch (const CLI::ParseError& e) {
    std::ostringstream help;
    if (program.exit(e, help, help) != 0) return fail_by_input(argument_problem(program, e));
    put_output(help.str());
  }
  // Buffered output is lost silently when the disk behind it is full, unless the flush is checked.
  flush_output();
  return exit_code::done;
}

static int fail(const std::string& text) {
  // Nodes that a verb added to a pipeline have the place "noneq sample" already.
  put_message(fmt::format("{}{}\n", text.starts_with("noneq ") ? "" : "noneq: ", text));
  return exit_code::failed;
}

int run_program(int argc, char** argv) {
  guard_standard_streams();
  keep_freed_memory();
  bound_tensors();
  name_crashes();
  // A file that grows past `ulimit -f` shall be an error with a name and a cause, not a death without words.
  std::signal(SIGXFSZ, SIG_IGN);
  flow::end_tidily_on_signals();
  try {
    limit_library_threads();
    return main_or_throw(argc, argv);
  } catch (const input_error& e) {
    return fail_by_input(problem_text(e));
  } catch (const reported_elsewhere& e) {
    return e.code;
  } catch (const interrupted& e) {
    put_line(e.what());
    return exit_code::stopped;
  } catch (const error& e) {
    return fail(e.what());
  } catch (const std::filesystem::filesystem_error& e) {
    return fail(fmt::format("{}: {}", e.path1().string(), e.code().message()));
  } catch (...) {
    return fail(text_of(std::current_exception()));
  }
}

// Returns the text printed for these words. Makes a new program for each, because parsing changes it.
static std::string answer_to(std::vector<std::string> words) {
  CLI::App program(title, "noneq");
  add_verbs(program);
  program.require_subcommand(1);
  std::ostringstream said, nothing;
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the end
  try {
    program.parse(std::move(words));
  } catch (const CLI::Success& e) {
    program.exit(e, said, nothing);
  }
  return said.str();
}

static void add_answers(const CLI::App& of, std::vector<std::string> words, std::map<std::string, std::string>& all) {
  words.emplace_back("--help");
  all[fmt::format("{}", fmt::join(words, " "))] = answer_to(words);
  words.pop_back();
  for (const CLI::App* verb : of.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(verb->get_name());
    add_answers(*verb, words, all);
    words.pop_back();
  }
}

std::map<std::string, std::string> ready_answers() {
  CLI::App program(title, "noneq");
  add_verbs(program);
  std::map<std::string, std::string> all{{"--version", answer_to({"--version"})}};
  add_answers(program, {}, all);
  return all;
}

}

extern "C" int noneq_run_program(int argc, char** argv) { return noneq::app::run_program(argc, argv); }
