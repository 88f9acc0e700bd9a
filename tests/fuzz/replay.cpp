// test_fuzz CORPUS CHANGES: calls every target with each of its seeds, CORPUS/<target>/*, and with so many simple
// changes of it, which are those of every run. Each target has a process of its own, so that a crash is reported like
// any other finding: by a line, and a file with the bytes in the working directory.
#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <random>
#include <vector>

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz_targets.hpp"
#include "noneq/storage/files.hpp"
#include "scratch.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<std::string> seeds_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> seeds;
  for (const fs::path& file : files) seeds.push_back(noneq::storage::read_file(file));
  return seeds;
}

// Returns the seed after a few changes, which depend on `number` alone; none for number 0.
std::string changed(std::string bytes, std::uint32_t number) {
  static constexpr std::string_view marks = "{}[]\"':,;.-+0198e \n\r\t<&*#%/\x7f\x80\xff";
  static constexpr std::string_view numbers[] = {"9223372036854775807", "18446744073709551616", "-1", "1e999", "0.5"};
  std::mt19937 random(number);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % std::max<std::size_t>(n, 1)); };
  for (std::size_t edits = number == 0 ? 0 : 1 + below(4); edits > 0 && !bytes.empty(); --edits) {
    const std::size_t at = below(bytes.size());
    switch (below(8)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
        break;
      case 1:
        bytes[at] = marks[below(marks.size())];
        break;
      case 2:
        bytes.erase(at, 1 + below(16));
        break;
      case 3:
        bytes.insert(at, bytes.substr(below(bytes.size()), below(40)));
        break;
      case 4:
        bytes.resize(at);
        break;
      case 5:  // the numbers of a header
        for (std::size_t k = at, end = std::min(bytes.size(), at + (1 << below(4))); k < end; ++k)
          bytes[k] = below(2) ? '\xff' : '\0';
        break;
      case 6: {  // lists in lists, and long names
        const std::string piece = bytes.substr(at, 1 + below(4));
        std::string many;
        for (std::size_t n = std::size_t{1} << below(17); n > 0; --n) many += piece;
        bytes.insert(at, many);
        break;
      }
      default:
        if (const std::size_t digit = bytes.find_first_of("0123456789", at); digit != bytes.npos)
          bytes.replace(digit, 1, numbers[below(std::size(numbers))]);
    }
  }
  return bytes;
}

// The trial that a process is at, which its parent can still read after a crash.
struct trial {
  std::size_t seed;
  std::uint32_t change;
};

// A header that is believed may ask for any memory: no more than this is given.
void limit_memory() {
  constexpr std::size_t most = std::size_t{512} << 20;
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlimit limit{pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + most, RLIM_INFINITY};
  ::setrlimit(RLIMIT_AS, &limit);
}

void run_all(const fuzz_target& target, const std::vector<std::string>& seeds, std::uint32_t changes, trial& at) {
  constexpr unsigned longest = 60;  // seconds of a trial, on a busy machine
  limit_memory();
  for (at.seed = 0; at.seed < seeds.size(); ++at.seed)
    for (at.change = 0; at.change <= changes; ++at.change) {
      const std::string bytes = changed(seeds[at.seed], at.change);
      ::alarm(longest);
      target.run(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
}

// Returns whether the target has no finding.
bool replay(const fuzz_target& target, const fs::path& corpus, std::uint32_t changes) {
  const std::vector<std::string> seeds = seeds_of(corpus / target.name);
  auto* const at =
      static_cast<trial*>(::mmap(nullptr, sizeof(trial), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::fflush(stdout);  // what it holds would be printed by both
  if (const pid_t child = ::fork(); child == 0) {
    run_all(target, seeds, changes, *at);
    std::exit(0);
  } else {
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !seeds.empty()) {
      fmt::print("{}: {} trials\n", target.name, seeds.size() * (changes + 1));
      return true;
    }
    if (seeds.empty()) fmt::print("{}: has no seeds\n", target.name);
    if (seeds.empty() || at->seed >= seeds.size()) return false;
    const std::string file = fmt::format("finding-{}", target.name);
    std::ofstream(file, std::ios::binary) << changed(seeds[at->seed], at->change);
    fmt::print("{}: ended by {} at seed {}, change {}; the bytes are in {}\n", target.name,
               WIFSIGNALED(status) ? ::strsignal(WTERMSIG(status)) : "an exit", at->seed, at->change,
               fs::absolute(file).string());
    return false;
  }
}

}

int main(int count, char** words) {
  if (count != 3) return 2;
  const testing::scratch folder;  // a target that crashes leaves its files here
  ::setenv("TMPDIR", folder.folder().c_str(), 1);
  int findings = 0;
  for (const fuzz_target& target : fuzz_targets)
    findings += !replay(target, words[1], static_cast<std::uint32_t>(std::stoul(words[2])));
  fmt::print("{} passed, {} failed\n", std::size(fuzz_targets) - static_cast<std::size_t>(findings), findings);
  return findings > 0;
}
