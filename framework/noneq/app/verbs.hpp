// The command line: one file a verb. A verb adds its options to the program; when it is chosen, it runs and returns the
// exit code: 0 done, 1 the run failed, 2 bad input, 130 interrupted.
#pragma once

#include <CLI/CLI.hpp>

namespace noneq::app {

struct exit_code {
  static constexpr int done = 0, failed = 1, bad_input = 2, stopped = 130;
};

void add_run(CLI::App& program);
void add_check(CLI::App& program);
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
void add_data(CLI::App& program);
void add_data_info(CLI::App& data);
void add_data_import(CLI::App& data);
void add_data_repack(CLI::App& data);

}
