#include "noneq/plugin/elf_file.hpp"

#include <elf.h>
#include <link.h>
#include <cstring>
#include <fstream>
#include <vector>

#include <fmt/format.h>

#include "noneq/core/error.hpp"

namespace noneq {

void need_whole_library(const std::filesystem::path& file) {
  std::error_code failed;
  const std::uint64_t size = std::filesystem::file_size(file, failed);
  if (failed) return;
  std::ifstream in(file, std::ios::binary);
  ElfW(Ehdr) head{};
  if (!in.read(reinterpret_cast<char*>(&head), sizeof head)) return;
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(ElfW(Phdr))) return;
  std::vector<ElfW(Phdr)> parts(head.e_phnum);
  const auto bytes = static_cast<std::streamsize>(parts.size() * sizeof(ElfW(Phdr)));
  bool whole =
      in.seekg(static_cast<std::streamoff>(head.e_phoff)) && in.read(reinterpret_cast<char*>(parts.data()), bytes);
  std::uint64_t need = head.e_phoff + static_cast<std::uint64_t>(bytes);
  if (whole)
    for (const auto& p : parts)
      if (p.p_type == PT_LOAD) need = std::max<std::uint64_t>(need, p.p_offset + p.p_filesz);
  if (!whole || need > size)
    throw error(fmt::format("is truncated: holds {} bytes, need at least {}; build or copy it again", size, need));
}

}
