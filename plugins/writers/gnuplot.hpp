// One picture drawn by gnuplot, or several of one size: a script and its data in a folder of their own, which
// disappears with the object. The user's own gnuplot files and environment do not affect it.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>
#include <vector>

#include "noneq/core/error.hpp"
#include "noneq/core/stop.hpp"
#include "noneq/core/tensor.hpp"
#include "noneq/storage/files.hpp"

extern char** environ;

namespace shipped {

class gnuplot {
 public:
  gnuplot(std::int64_t width, std::int64_t height, double font = 11) {
    folder_ = temporary_folder();
    script.precision(std::numeric_limits<double>::max_digits10);
    script << "set encoding utf8\n"
           << "kind = strstrt(GPVAL_TERMINALS, 'pngcairo') > 0 ? 'pngcairo' : 'png'\n"
           << "set terminal @kind size " << width << "," << height << " font 'Sans," << font << "'\n"
           << "set datafile missing 'NaN'\n"
           << "set tics nomirror scale 0.6 textcolor rgb '#404040'\nset border lc rgb '#808080'\n";
    next_picture();
  }
  gnuplot(gnuplot&&) = delete;
  ~gnuplot() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::ostringstream script;

  // Writes rows [n, columns] as a data file; returns its name, quoted. Numbers that are not finite are left out of the
  // picture.
  std::string data(const noneq::Tensor& rows) {
    const std::string name = file("data" + std::to_string(count_++));
    const noneq::Tensor x = rows.detach().to(at::kCPU, at::kDouble).contiguous();
    std::ofstream out(name);
    out.precision(std::numeric_limits<double>::max_digits10);
    for (std::int64_t i = 0; i < x.size(0); ++i)
      for (std::int64_t j = 0; j < x.size(1); ++j) {
        const double v = x.data_ptr<double>()[i * x.size(1) + j];
        if (std::isfinite(v))
          out << v;
        else
          out << "NaN";
        out << (j + 1 < x.size(1) ? ' ' : '\n');
      }
    if (!out.flush()) throw noneq::storage::file_error(name, "write data for gnuplot", errno);
    return "'" + name + "'";
  }

  // Writes a picture's values [rows, columns], from the top, for `plot … with image`.
  std::string matrix(const noneq::Tensor& values) {
    const std::string name = file("data" + std::to_string(count_++));
    const noneq::Tensor x = values.detach().to(at::kCPU, at::kDouble).contiguous();
    std::ofstream out(name, std::ios::binary);
    out.write(static_cast<const char*>(x.data_ptr()), static_cast<std::streamsize>(x.nbytes()));
    if (!out.flush()) throw noneq::storage::file_error(name, "write data for gnuplot", errno);
    return c10::str("'", name, "' binary array=(", x.size(1), ",", x.size(0), ") format='%double'");
  }

  // Text within quotes of the script, drawn as it is: without the marks that gnuplot would read as subscripts.
  static std::string quoted(const std::string& text) {
    std::string safe;
    for (const char c : text) safe += c == '\'' ? std::string("’") : std::string(1, c);
    return "'" + safe + "'";
  }

  // Begins another picture, into which the rest of the script is drawn.
  void next_picture() { script << "set output\nset output '" << picture(pictures_++) << "'\n"; }

  // Replaces `target` by the picture. Errors: gnuplot is missing, or refuses the script.
  void draw(const std::filesystem::path& target) {
    noneq::storage::write_atomically(target, noneq::storage::read_file(draw_all(target).front()));
  }

  // Returns the files of the pictures, which are there as long as this object. `target` is named in errors, which are
  // those of draw().
  std::vector<std::filesystem::path> draw_all(const std::filesystem::path& target) {
    script << "\nset output\n";
    std::ofstream(file("script")) << script.str();
    const int status = run();
    if (status != 0) noneq::stop_here_if_asked();  // Ctrl-C in a terminal ends gnuplot, too
    std::vector<std::filesystem::path> all;
    std::error_code none;
    for (int k = 0; k < pictures_; ++k)
      if (std::filesystem::exists(picture(k), none)) all.emplace_back(picture(k));
    if (status != 0 || static_cast<int>(all.size()) < pictures_)
      throw noneq::error(target.string() + ": gnuplot failed (" +
                         last_line(noneq::storage::read_file(file("messages"))) +
                         "), need a working gnuplot: try `gnuplot --version`");
    return all;
  }

  // Throws when there is no gnuplot, or no folder for its files, before anything is computed for it.
  static void need() {
    need_program();
    const gnuplot works(1, 1);
  }

 private:
  static void need_program() {
    for (std::istringstream folders(::getenv("PATH") ? ::getenv("PATH") : "/usr/bin"); folders;) {
      std::string folder;
      std::getline(folders, folder, ':');
      std::error_code none;
      if (!folder.empty() && std::filesystem::exists(std::filesystem::path(folder) / "gnuplot", none)) return;
    }
    throw noneq::error("found no program gnuplot, need it to draw figures: install Debian's package gnuplot-nox");
  }

  // TMPDIR and the like, or /tmp.
  static std::filesystem::path temporary_folder() {
    const char* asked = ::getenv("TMPDIR");
    const std::filesystem::path place = asked != nullptr && *asked != '\0' ? asked : "/tmp";
    std::string pattern = (std::filesystem::absolute(place) / "noneq-figure-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw noneq::error(
          c10::str("TMPDIR got '", place.string(),
                   "', need a folder for temporary files, where figures are drawn: ", std::strerror(errno)));
    return pattern;
  }

  // This process's environment without variables that change pictures: GNUTERM, GNUPLOT_LIB, GDFONTPATH, FIT_LOG and
  // the like.
  static std::vector<char*> environment() {
    std::vector<char*> kept;
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string_view name(*entry);
      const bool told = name.starts_with("GNU") || name.starts_with("GDFONT") || name.starts_with("FIT_");
      if (!told) kept.push_back(*entry);
    }
    kept.push_back(nullptr);
    return kept;
  }

  std::string picture(int k) const { return file("out-" + std::to_string(k) + ".png"); }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }

  int run() const {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string messages = file("messages"), script_file = file("script");
    posix_spawn_file_actions_addopen(&actions, 1, messages.c_str(), O_WRONLY | O_CREAT, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    std::string program = "gnuplot", defaults = "-d", argument = script_file;
    char* const arguments[] = {program.data(), defaults.data(), argument.data(), nullptr};
    const std::vector<char*> surroundings = environment();
    pid_t child = 0;
    // Ctrl-C reaches the child from any thread that draws.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t blocked;
    sigemptyset(&blocked);
    posix_spawnattr_setsigmask(&attributes, &blocked);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    const int code = ::posix_spawnp(&child, "gnuplot", &actions, &attributes, arguments, surroundings.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0) {
      need();
      throw noneq::storage::file_error("gnuplot", "start", code);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
  }

  static std::string last_line(std::string text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
    const auto start = text.rfind('\n');
    text = start == text.npos ? text : text.substr(start + 1);
    return text.empty() ? "it gave no reason" : text;
  }

  std::filesystem::path folder_;
  int count_ = 0, pictures_ = 0;  // of data files and pictures
};

}
