// The command line: one file a verb. A verb adds its options to the program; when it is chosen, it runs. The exit code
// is 0 when it returns, 1 the run failed, 2 bad input, 130 interrupted; a verb whose code is an answer (`diff`) throws
// CLI::RuntimeError with it.
#pragma once

#include <CLI/CLI.hpp>

namespace noneq::app {

struct exit_code {
  static constexpr int done = 0, failed = 1, bad_input = 2, stopped = 130;
};

void add_run(CLI::App& program);
void add_continue(CLI::App& program);
void add_check(CLI::App& program);
void add_diff(CLI::App& program);
void add_new(CLI::App& program);
void add_list(CLI::App& program);
void add_describe(CLI::App& program);
void add_draw(CLI::App& program);
void add_profile(CLI::App& program);
void add_table(CLI::App& program);
void add_schema(CLI::App& program);
void add_report(CLI::App& program);
void add_apply(CLI::App& program);
void add_average(CLI::App& program);
void add_eval(CLI::App& program);
void add_sample(CLI::App& program);
void add_predict(CLI::App& program);
void add_export(CLI::App& program);
void add_merge(CLI::App& program);
void add_status(CLI::App& program);
void add_verify(CLI::App& program);
void add_watch(CLI::App& program);
void add_doctor(CLI::App& program);
void add_completion(CLI::App& program);
void add_man(CLI::App& program);
void add_docs(CLI::App& program);
void add_data(CLI::App& program);
void add_data_info(CLI::App& data);
void add_data_import(CLI::App& data);
void add_data_repack(CLI::App& data);

}
