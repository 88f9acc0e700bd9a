// The journal of a file that is written unit by unit: one line for each unit whose rows are on the disk, with the place
// and the checksum of every chunk. A unit counts when its line is there, so a program that is killed at any moment, or
// a machine that loses power, leaves whole units and nothing else. The file itself need not be a readable one.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace noneq::storage {

// A chunk as it lies in a file.
struct stored_chunk {
  std::int64_t offset = 0, bytes = 0;
  std::uint32_t crc32 = 0;
};

struct stored_unit {
  std::int64_t first = 0, rows = 0;                              // of the stream
  double time = 0;                                               // seconds since 1970, when it was added
  std::map<std::string, std::vector<stored_chunk>> chunks = {};  // by dataset, in the order of the rows

  std::int64_t bytes() const;  // of all chunks
};

// Returns the name of a file's journal.
std::filesystem::path journal_of(const std::filesystem::path& file);

// Returns the units that a journal lists, in the order of their rows, each once; none when there is no journal. A line
// that was cut short, and a unit beyond the end of the file, do not count.
std::vector<stored_unit> read_journal(const std::filesystem::path& file);

// Returns a text about units that the journal of a file states and that are not there any more, because the file was
// cut, or was noted to be damaged, or a line of the journal is; "" when there are none. The last line may be cut: its
// unit was never there.
std::string lost_units(const std::filesystem::path& file);

// Notes that a unit has other bytes than were written, so that it counts as not made from then on. The unit is known by
// its place in the file: its rows may be counted anew.
void note_damaged(const std::filesystem::path& file, const stored_unit& u);

// Notes that the file is a whole one now, which HDF5 can read, and of how many bytes; is_closed() returns whether that
// was noted and it still has so many.
void note_closed(const std::filesystem::path& file);
bool is_closed(const std::filesystem::path& file);

// Writes the journal of a file. A thread of its own waits for the disk, so that the writer need not; units that were
// added meanwhile are waited for together. One thread calls add() and finish().
class unit_journal {
 public:
  // `file` exists. Units that its journal lists already stay.
  explicit unit_journal(std::filesystem::path file);
  unit_journal(unit_journal&&) = delete;
  ~unit_journal();  // waits for units that were added

  // All bytes of the unit were written to the file. Rethrows an error of the disk, of this unit or one before.
  void add(stored_unit u);
  // Returns when all units that were added are listed. Rethrows an error of the disk.
  void finish();

 private:
  void work();
  void list(const std::vector<stored_unit>& some) const;

  const std::filesystem::path file_;
  std::mutex one_;
  std::condition_variable changed_;
  std::vector<stored_unit> waiting_;
  bool busy_ = false, ending_ = false;
  std::exception_ptr failed_;
  std::thread thread_;
};

}
