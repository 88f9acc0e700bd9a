#include "noneq/app/plugin_project.hpp"

#include <algorithm>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/shared_folder.hpp"
#include "noneq/core/error.hpp"
#include "noneq/plugin/abi.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::app {
namespace fs = std::filesystem;
namespace {

// The keywords of C++20, and macros of the C library that are written in small letters.
constexpr const char* reserved_words =
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class "
    "co_await co_return co_yield compl concept const consteval constexpr constinit const_cast continue decltype "
    "default delete do double dynamic_cast else enum explicit export extern false final float for friend goto if "
    "inline int "
    "long mutable namespace new noexcept not not_eq nullptr operator or or_eq override private protected public "
    "register reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch "
    "template this thread_local throw true try typedef typeid typename union unsigned using virtual void volatile "
    "wchar_t while xor xor_eq assert errno linux stderr stdin stdout unix";

void collect_words(const std::string& text, std::set<std::string>& into) {
  static const std::regex word("[A-Za-z_][A-Za-z_0-9]*");
  for (auto it = std::sregex_iterator(text.begin(), text.end(), word); it != std::sregex_iterator(); ++it)
    into.insert(it->str());
}

// Members that every role has.
constexpr const char* shared_members = "common kind role_name";

// The identifiers of a source: its words outside of comments and texts.
std::set<std::string> identifiers(const std::string& source) {
  static const std::regex hidden("//[^\\n]*|\"(\\\\.|[^\"\\\\])*\"");
  std::set<std::string> all;
  collect_words(std::regex_replace(source, hidden, " "), all);
  return all;
}

// Replaces every mark by its value. A value that holds a mark keeps it.
std::string filled(const std::string& text, const std::map<std::string, std::string>& values) {
  static const std::regex mark("my_(parameters|plugin|prefix|role)");
  std::string result;
  auto rest = text.begin();
  for (auto it = std::sregex_iterator(text.begin(), text.end(), mark); it != std::sregex_iterator(); ++it) {
    result.append(rest, (*it)[0].first).append(values.at(it->str()));
    rest = (*it)[0].second;
  }
  return result.append(rest, text.end());
}

// Returns the text as it stands between the quotes of a CMake argument.
std::string in_cmake_quotes(const std::string& text) {
  return std::regex_replace(text, std::regex(R"([\\"$])"), R"(\$&)");
}

// Texts of the templates by the names of their files.
std::map<std::string, std::string> templates(const std::string& kind) {
  const fs::path root = shared_folder("new");
  std::map<std::string, std::string> all;
  for (const char* part : {"all", kind.c_str()})
    for (const auto& file : fs::directory_iterator(root / part))
      all[file.path().filename().string()] += storage::read_file(file.path());
  return all;
}

}

const std::vector<std::string>& plugin_kinds() {
  static const std::vector<std::string> all{
      "schedule", "kernel",           "mean",   "variance",  "weighting",       "time_sampler", "grid",
      "loss",     "noiser",           "loader", "transform", "model_transform", "model",        "sampler",
      "guide",    "sample_transform", "metric", "writer",    "trainer",         "feature"};
  return all;
}

std::string role_of_kind(const std::string& kind) { return kind.ends_with("_transform") ? "transform" : kind; }

void plugin_project::check() const {
  const auto& kinds = plugin_kinds();
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
    throw error(fmt::format("there is no role '{}'{} (there are: {})", kind, did_you_mean(kind, kinds),
                            fmt::join(kinds, ", ")));
  const auto refuse = [&](const std::string& why) { throw error(fmt::format("NAME got '{}', {}", name, why)); };
  if (!std::regex_match(name, std::regex("[a-z][a-z_0-9]*")) || name.find("__") != name.npos)
    refuse("need small letters, digits and single underscores, a letter first");
  if (name.size() >= sizeof(exported_plugin::name))
    refuse(fmt::format("need at most {} letters", sizeof(exported_plugin::name) - 1));
  std::set<std::string> reserved, taken;
  collect_words(reserved_words, reserved);
  if (reserved.count(name)) refuse("which C++ reserves, need another name");
  collect_words(shared_members, taken);
  // In a struct that has the name of a member of its role, the name is that of its constructor.
  taken.merge(identifiers(storage::read_file(shared_folder("docs") / "roles" / (kind + ".hpp"))));
  for (const auto& [file, text] : templates(kind))
    if (file.ends_with(".cpp")) taken.merge(identifiers(text));
  taken.erase("my_plugin");
  if (taken.count(name)) refuse("a name that the source of a " + kind + " or its role uses, need another name");
}

std::map<std::string, std::string> plugin_project::files(const fs::path& prefix) const {
  const std::map<std::string, std::string> values{
      {"my_parameters", kind == "writer" ? "{file: " + name + ".out}" : "{}"},
      {"my_prefix", in_cmake_quotes(prefix.string())},
      {"my_role", role_of_kind(kind)},
      {"my_plugin", name}};
  std::map<std::string, std::string> all;
  for (const auto& [file, text] : templates(kind)) all[filled(file, values)] = filled(text, values);
  return all;
}

}
