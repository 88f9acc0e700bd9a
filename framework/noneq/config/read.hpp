// Typed reading of one value:  const auto rate = read<double>(v);
// Types: bool, std::int64_t, double, std::string, std::filesystem::path, std::vector of any of them (a value that is no
// list counts as a list of one), and std::map of texts (a text counts as a map of one, under the empty name). Another
// type joins by an overload of read_into in its own namespace. Errors: noneq::error "got 'abc', need an integer" with
// the value's place and no subject; the caller adds the node and parameter with error::at. Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "noneq/config/value.hpp"

namespace noneq::config {

enum class infinity { refused, allowed };

void read_into(const value& v, bool& out);                   // true or false, no other word
void read_into(const value& v, std::int64_t& out);           // 3, 0x10, 1e3; a fraction is refused
void read_into(const value& v, double& out);                 // finite
void read_into(const value& v, std::string& out);            // any scalar: a bare number is its text
void read_into(const value& v, std::filesystem::path& out);  // not empty

void read_into(const value& v, std::map<std::string, std::string>& out);  // the empty text is the empty map

// The error all readers throw; `need` is "an integer", with a hint where one helps.
[[noreturn]] void refuse(const value& v, const std::string& need);

template <class T>
void read_into(const value& v, std::vector<T>& out) {
  out.clear();
  const auto append = [&out](const value& item) {
    T element{};
    read_into(item, element);
    out.push_back(std::move(element));
  };
  if (!v.is_list()) return append(v);
  for (const value& item : v.items()) append(item);
}

template <class T>
T read(const value& v) {
  T out{};
  read_into(v, out);
  return out;
}

// Reads a number where .inf and -.inf have a meaning ("no limit"); .nan never has.
double read_double(const value& v, infinity infinite);

}
