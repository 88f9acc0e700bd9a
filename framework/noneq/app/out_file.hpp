// The file or folder that a verb writes: its options --out and --force. A name that is taken is refused before anything
// is computed, unless --force is given.
#pragma once

#include <CLI/CLI.hpp>

namespace noneq::app {

struct out_file {
  std::string path;
  bool force = false;
  std::string option = "--out";  // what the verb calls it, for messages

  // Adds both options; returns --out.
  CLI::Option* add_to(CLI::App& verb, const std::string& doc);

  // Throws input_error unless a file of `format` can be made under this name: before hours of work go into its content.
  void need_writable(std::string_view format) const;
  // Throws input_error when an input has this place, whatever its name; `input_option` names the input.
  void need_other_file(const std::filesystem::path& input, const std::string& input_option) const;
  // Throws input_error when a file, or a folder that is not empty, has this name and --force is not given, or when the
  // file belongs to a run. Comes after the other checks that --force does not lift, so that nobody is advised to give
  // it in vain.
  void need_free() const;
};

}
