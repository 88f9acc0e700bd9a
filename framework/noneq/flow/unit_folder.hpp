// The folder `units` in that of a run, in which processes keep the units they made:
//
//   units/part-2-of-16/       of the processes that do this part; one at a time holds the lock in it
//   units/part-2-of-16/1/     files of the first of them, of the second in 2/, and so on: as many as were interrupted
//
// The files of a process that was killed are not whole; what counts are the units in their journals. Parts share
// nothing but this folder, and each takes for done what any of them has made. One thread.
#pragma once

#include "noneq/flow/manifest.hpp"
#include "noneq/storage/joined_units.hpp"

namespace noneq::flow {

class unit_folder {
 public:
  explicit unit_folder(std::filesystem::path run) : path_(std::move(run) / "units") {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path of(const job_part& part) const;

  // The parts that processes have begun, by their numbers, and the folders of one of them, in order.
  struct begun_part {
    job_part part;
    std::filesystem::path folder;
  };
  std::vector<begun_part> parts() const;
  std::vector<std::filesystem::path> processes(const std::filesystem::path& part) const;

  // Makes the folder for the files of a new process of this part, and removes those of others that made no unit.
  // Requires the part's lock.
  std::filesystem::path add_process(const job_part& part, const manifest& m) const;

  // Removes all units. The folder of a part stays while a process holds its lock.
  void clear() const;

  // Returns the units of a writer's file that were made, in the order of their rows, each once.
  std::vector<storage::unit_place> units_of(const std::string& file) const;
  // Returns a line for each file of this writer that has lost units, which then count as not made.
  std::vector<std::string> lost_units_of(const std::string& file) const;
  // Returns the head of a writer's file, "" while there is none.
  std::filesystem::path head_of(const std::string& file) const;

  // Returns the units of a stream that every writer has.
  std::set<std::int64_t> done(const manifest& m, std::size_t stream) const;

 private:
  std::filesystem::path path_;
};

// Returns "rows 0 … 1023, 4096 … 5119" of runs of units; at most five, and how many more.
std::string rows_text(const stream_rows& s, const std::vector<unit_run>& runs);

}
