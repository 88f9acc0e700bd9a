// noneq completion SHELL
#include "noneq/app/completion.hpp"

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/verbs.hpp"

namespace noneq::app {

void add_completion(CLI::App& program) {
  auto shell = std::make_shared<std::string>();
  CLI::App* verb = program.add_subcommand(
      "completion", "a script by which a shell completes verbs, options, files and names of plugins");
  verb->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(one_of({"bash", "zsh", "fish"}));
  verb->callback([shell, &program] {
    const verb_words table = command_table(program);
    const plugin_words names = words_of(registry(plugin_folders()));
    put_output(*shell == "bash"  ? bash_completion(table, names)
               : *shell == "zsh" ? zsh_completion(table, names)
                                 : fish_completion(table, names));
  });
}

}
