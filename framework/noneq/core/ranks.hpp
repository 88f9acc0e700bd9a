// The processes of one job that work together, each with its rank, on one machine or many. The calls that all make are
// collective: every rank makes the same ones in the same order, or the job hangs. One thread at a time calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace noneq {

// Numbers are carried as words of 32 bits, at most `most_words` of them in one call.
using word = std::uint32_t;
constexpr std::int64_t most_words = INT32_MAX;

// Messages on their way while this process computes, beside the collective calls. One thread at a time calls.
class transfers {
 public:
  virtual ~transfers() = default;
  // Begin to send words to another rank, or to receive them from it; the memory is theirs until finish() has returned.
  // A message is received by the call with its tag and its number of words; two on their way have different tags.
  virtual void send(int to, int tag, const word* words, std::int64_t count) = 0;
  virtual void receive(int from, int tag, word* words, std::int64_t count) = 0;
  virtual void progress() = 0;  // lets them move on, for which a library may need a thread; returns at once
  virtual void finish() = 0;    // returns when all have arrived
};

class ranks {
 public:
  virtual ~ranks() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  bool first() const { return rank() == 0; }
  bool many() const { return size() > 1; }

  // Collective: each rank sends `to[r]` words to every rank r, one behind the other in `sent`, and receives `from[r]`
  // words of each, in `received`; one rank's `to` must be the other's `from`.
  virtual void exchange(const word* sent, const std::vector<std::int64_t>& to, word* received,
                        const std::vector<std::int64_t>& from) const = 0;
  // Collective: the words [begins[r], begins[r + 1]) of `whole` become those of rank r on every rank.
  virtual void share(word* whole, const std::vector<std::int64_t>& begins) const = 0;
  // Not collective. All transfers of a process share their tags, and must have ended by finish() when they are
  // destroyed.
  virtual std::unique_ptr<transfers> begin_transfers() const = 0;
  // Ends the processes of all ranks, within seconds, with this exit code.
  [[noreturn]] virtual void end_all(int code) const = 0;

  // Collective; each returns what all ranks gave, in their order.
  std::vector<std::int64_t> all(std::int64_t mine) const;
  std::vector<std::string> all(const std::string& mine) const;
  bool any(bool mine) const;
  // Collective: returns on the first rank what all ranks gave, in their order; on the others nothing.
  std::vector<std::string> to_first(const std::string& mine) const;
};

// Returns a job of one process.
const ranks& alone();

// Returns a name of this machine for messages.
std::string host_name();

// An error that another rank reports: this process ends with the code and without a message.
struct reported_elsewhere {
  int code;
};

// Collective: calls f on every rank. When it threw somewhere, every rank throws: the first rank its own error or the
// first of the others, with its rank and host, and all others reported_elsewhere. Where one was stopped, all throw
// stopped_together.
void together(const ranks& r, const std::function<void()>& f);

}
