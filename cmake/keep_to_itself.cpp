// keep_to_itself FOLDER LIBRARY: copies oneDNN's library into a folder so that it stands beside a libtorch which holds
// another version of the same code, as that of pip does, and prints the path. Both export functions that the compiler
// made of the standard library's templates for oneDNN's types, such as std::call_once for a function within oneDNN.
// Their names are equal, so the loader would let one version call the other's, and products would be wrong. In the copy
// such symbols are hidden: its own calls stay within it, and others do not find them. Its name is another one, libndnn,
// so that the loader does not take it for the system's.
#include <elf.h>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

template <class T>
T* at(std::vector<char>& bytes, std::size_t offset) {
  return reinterpret_cast<T*>(bytes.data() + offset);
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::ifstream from(argv[2], std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(from), {}};
  const auto fail = [&](const char* why) { return std::cerr << argv[2] << ": " << why << '\n', 1; };
  if (bytes.size() < sizeof(Elf64_Ehdr) || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0 ||
      bytes[EI_CLASS] != ELFCLASS64)
    return fail("is no library of 64 bits");
  const auto& head = *at<Elf64_Ehdr>(bytes, 0);
  const auto* sections = at<Elf64_Shdr>(bytes, head.e_shoff);
  int hidden = 0;
  std::string own_name;
  for (int s = 0; s < head.e_shnum; ++s) {
    const Elf64_Shdr& section = sections[s];
    char* names = bytes.data() + sections[section.sh_link].sh_offset;
    if (section.sh_type == SHT_DYNSYM) {
      auto* symbols = at<Elf64_Sym>(bytes, section.sh_offset);
      for (std::size_t k = 0; k < section.sh_size / sizeof(Elf64_Sym); ++k) {
        Elf64_Sym& symbol = symbols[k];
        if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_BIND(symbol.st_info) != STB_WEAK) continue;
        if (std::strstr(names + symbol.st_name, "4dnnl4impl") == nullptr) continue;
        symbol.st_other = STV_HIDDEN;
        ++hidden;
      }
    }
    if (section.sh_type == SHT_DYNAMIC)
      for (auto* entry = at<Elf64_Dyn>(bytes, section.sh_offset); entry->d_tag != DT_NULL; ++entry) {
        if (entry->d_tag != DT_SONAME) continue;
        char* name = names + entry->d_un.d_val;
        if (std::strncmp(name, "libdnnl", 7) != 0) return fail("is not libdnnl");
        std::memcpy(name, "libndnn", 7);
        own_name = name;
      }
  }
  if (hidden == 0 || own_name.empty()) return fail("has no such symbols, or no name");
  const std::string path = std::string(argv[1]) + "/" + own_name;
  std::ofstream to(path, std::ios::binary);
  to.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!to.flush()) return fail("cannot be copied");
  std::cout << path;
}
