#include "noneq/storage/detail/growing_state.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace noneq::storage {

// Bytes of a unit that was not ended are no use to anybody.
growing_file::state::~state() {
  const hdf5_lock lock;
  datasets.clear();
  id.close();
  if (kind != growing_file_kind::in_units || closed || path.empty()) return;
  std::error_code ignored;
  if (ended_bytes < 0)
    std::filesystem::remove(path, ignored);
  else if (const auto now = std::filesystem::file_size(path, ignored);
           !ignored && static_cast<std::int64_t>(now) > ended_bytes)
    std::filesystem::resize_file(path, static_cast<std::uintmax_t>(ended_bytes), ignored);
}

error growing_file::state::failed(const std::string& what) {
  broken = true;
  return hdf5_error(path.string(), "cannot " + what, "; free some space or write elsewhere");
}

void growing_file::state::need_open() const {
  if (closed) throw error(path.string() + ": is closed already, need to write before close()");
  if (broken) throw error(path.string() + ": a write failed before, need to write the file anew");
}

std::string growing_file::state::where(const std::string& dataset) const {
  return fmt::format("{}: dataset '{}'", path.string(), dataset);
}

growing_dataset& growing_file::state::at(const std::string& dataset) {
  const auto found = datasets.find(dataset);
  if (found == datasets.end()) throw error(where(dataset) + " was not made, need create() before");
  return found->second;
}

// A copy of the file as it is before its first rows: flushed, it is a whole one.
void growing_file::state::make_head() {
  if (std::exchange(headed, true) || kind == growing_file_kind::whole) return;
  if (H5Fflush(id, H5F_SCOPE_GLOBAL) < 0) throw failed("write the file");
  write_atomically(head_of(path), read_file(path));
}

void growing_file::state::extend(const std::string& dataset, growing_dataset& g, std::int64_t rows) {
  std::vector<hsize_t> whole{static_cast<hsize_t>(rows)};
  for (const std::int64_t n : g.row) whole.push_back(static_cast<hsize_t>(n));
  if (H5Dset_extent(g.id, whole.data()) < 0) throw failed(fmt::format("extend dataset '{}'", dataset));
}

// HDF5 looks up the place of a chunk in a time that grows with the number of chunks. But a new one is put at the end of
// the file as it was `before`; or behind a node of the index, or before one, where the file grew by more than the
// chunk. Which of the two it was its bytes show; where they do not, as zeros may not, the place is looked up.
std::int64_t growing_file::state::place_of(growing_dataset& g, const hsize_t* at, std::string_view written,
                                           std::int64_t before, std::int64_t after) {
  const auto size = static_cast<std::int64_t>(written.size());
  if (after == before + size) return before;
  std::string found(written.size(), '\0');
  const auto is_at = [&](std::int64_t offset) {
    return ::pread(bytes.get(), found.data(), found.size(), offset) == size && found == written;
  };
  const bool first = is_at(before), last = is_at(after - size);
  if (first != last) return first ? before : after - size;
  haddr_t address = HADDR_UNDEF;
  hsize_t stored = 0;
  unsigned skipped = 0;
  if (H5Dget_chunk_info_by_coord(g.id, at, &skipped, &address, &stored) < 0 || stored != written.size())
    throw failed("find a chunk that was written");
  return static_cast<std::int64_t>(address);
}

void growing_file::state::put(const std::string& dataset, growing_dataset& g, const encoded_chunk& c) {
  std::vector<hsize_t> at(g.row.size() + 1, 0);
  at[0] = static_cast<hsize_t>(g.chunks * g.format.chunk_rows);
  const std::string_view written = c.bytes();
  hsize_t before = 0, after = 0;
  if (journal) H5Fget_filesize(id, &before);
  if (H5Dwrite_chunk(g.id, H5P_DEFAULT, 0, at.data(), written.size(), written.data()) < 0)
    throw failed(fmt::format("append to dataset '{}'", dataset));
  ++g.chunks;
  if (!journal) return;
  H5Fget_filesize(id, &after);
  g.of_unit.push_back(
      {place_of(g, at.data(), written, static_cast<std::int64_t>(before), static_cast<std::int64_t>(after)),
       static_cast<std::int64_t>(written.size()), c.crc32});
  g.sums.push_back(c.crc32);
}

// Writes rows that wait for their chunk, where it is whole, or all of them.
void growing_file::state::put_waiting(const std::string& dataset, growing_dataset& g, bool all) {
  const std::int64_t chunk = g.format.chunk_rows;
  if (g.waiting_rows == 0 || (g.waiting_rows < chunk && !all)) return;
  const Tensor rows = g.waiting.size() == 1 ? g.waiting.front() : at::cat(g.waiting);
  std::int64_t done = 0;
  for (; done + chunk <= rows.size(0); done += chunk)
    put(dataset, g, encode_chunk(g.format, rows.slice(0, done, done + chunk).contiguous()));
  if (all && done < rows.size(0)) {
    put(dataset, g, encode_chunk(g.format, rows.slice(0, done)));
    done = rows.size(0);
    g.ended_in_chunk = true;
  }
  g.waiting.clear();
  g.waiting_rows = rows.size(0) - done;
  if (g.waiting_rows > 0) g.waiting.push_back(rows.slice(0, done).clone());
}

}
