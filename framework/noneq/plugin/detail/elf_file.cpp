#include "noneq/plugin/detail/elf_file.hpp"

#include <elf.h>
#include <link.h>
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <vector>

#include <fmt/format.h>

#include "noneq/core/error.hpp"

namespace noneq {
namespace {

class elf_file {
 public:
  explicit elf_file(const std::filesystem::path& file) {
    std::error_code failed;
    size_ = std::filesystem::file_size(file, failed);
    if (failed) return;
    in_.open(file, std::ios::binary);
    ElfW(Ehdr) head{};
    if (size_ < sizeof head || !in_.read(reinterpret_cast<char*>(&head), sizeof head)) return;
    if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(ElfW(Phdr))) return;
    for (const auto& p : table<ElfW(Phdr)>(head.e_phoff, head.e_phnum))
      if (p.p_type == PT_LOAD) need(p.p_offset, p.p_filesz);
    if (head.e_shentsize == sizeof(ElfW(Shdr))) sections_ = table<ElfW(Shdr)>(head.e_shoff, head.e_shnum);
    if (head.e_shstrndx < sections_.size()) names_ = content(sections_[head.e_shstrndx]);
  }

  std::string section(std::string_view name) {
    for (const auto& s : sections_)
      if (s.sh_name < names_.size() && names_.c_str() + s.sh_name == name) return content(s);
    return "";
  }

 private:
  void need(std::uint64_t offset, std::uint64_t bytes) const {
    if (offset > size_ || bytes > size_ - offset)
      throw error(fmt::format("is truncated: holds {} bytes, need at least {}; build or copy it again", size_,
                              std::max(offset, offset + bytes)));
  }

  void read(std::uint64_t offset, char* to, std::uint64_t bytes) {
    need(offset, bytes);
    in_.seekg(static_cast<std::streamoff>(offset)).read(to, static_cast<std::streamsize>(bytes));
  }

  template <class Row>
  std::vector<Row> table(std::uint64_t offset, std::size_t count) {
    std::vector<Row> rows(count);
    read(offset, reinterpret_cast<char*>(rows.data()), count * sizeof(Row));
    return rows;
  }

  std::string content(const ElfW(Shdr) & s) {
    if (s.sh_type == SHT_NOBITS) return "";
    need(s.sh_offset, s.sh_size);
    std::string bytes(s.sh_size, '\0');
    read(s.sh_offset, bytes.data(), bytes.size());
    return bytes;
  }

  std::uint64_t size_ = 0;
  std::ifstream in_;
  std::vector<ElfW(Shdr)> sections_;
  std::string names_;
};

}

void need_whole_library(const std::filesystem::path& file) { elf_file whole(file); }

std::string section_of(const std::filesystem::path& library, std::string_view section) {
  return elf_file(library).section(section);
}

}
