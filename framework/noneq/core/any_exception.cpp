#include "noneq/core/any_exception.hpp"

#include <charconv>
#include <new>
#include <string_view>

#include <fmt/format.h>

#include "noneq/core/error.hpp"

namespace noneq {
namespace {

constexpr const char* remedy = "need a smaller batch, chunk or model";

// libtorch's allocator: "… DefaultCPUAllocator: can't allocate memory: you tried to allocate 40000000000 bytes. …"
std::string refused_allocation(std::string_view text) {
  constexpr std::string_view before = "you tried to allocate ";
  const std::size_t at = text.find(before);
  if (at == text.npos) return "";
  std::uint64_t bytes = 0;
  const char* digits = text.data() + at + before.size();
  if (std::from_chars(digits, text.data() + text.size(), bytes).ec != std::errc{}) return "";
  return fmt::format("out of memory: {} bytes were asked for at once, {}", bytes, remedy);
}

}

std::string text_of(const std::exception& e) {
  if (const auto* known = dynamic_cast<const error*>(&e)) return known->what();
  if (dynamic_cast<const std::bad_alloc*>(&e)) return fmt::format("out of memory, {}", remedy);
  const std::string line = first_line(e.what());
  if (const std::string memory = refused_allocation(e.what()); !memory.empty()) return memory;
  return line.empty() ? "failed without a word" : line;
}

std::string text_of(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& known) {
    return text_of(known);
  } catch (...) {
    return "threw something that is no std::exception";
  }
}

}
