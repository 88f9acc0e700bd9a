#include "noneq/storage/joined_units.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <hdf5.h>

#include "noneq/core/error.hpp"
#include "noneq/core/stop.hpp"
#include "noneq/storage/detail/hdf5_description.hpp"
#include "noneq/storage/detail/hdf5_file.hpp"
#include "noneq/storage/detail/hdf5_objects.hpp"
#include "noneq/storage/detail/hdf5_values.hpp"
#include "noneq/storage/encoded_rows.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::storage {
namespace fs = std::filesystem;

std::string unit_text(const stored_unit& u) {
  return fmt::format("unit of rows {} … {}", u.first, u.first + u.rows - 1);
}

namespace {

// The files of units. One at a time is open: units in the order of their rows stay in a file for a while, and a job of
// thousands of parts has more files than a process may open.
class unit_files {
 public:
  const input_file& at(const fs::path& file) {
    if (name_ != file || !opened_) opened_.emplace(file);
    name_ = file;
    return *opened_;
  }

 private:
  fs::path name_;
  std::optional<input_file> opened_;
};

// Reads a chunk; returns whether its bytes are those that were written.
bool read_chunk(const input_file& from, const stored_chunk& c, std::string& into) {
  into.resize(static_cast<std::size_t>(c.bytes));
  if (c.offset + c.bytes > from.size()) return false;
  from.read(c.offset, into.data(), c.bytes);
  return crc32_of(into) == c.crc32;
}

// The shape of a dataset; with `rows`, with this number of them.
std::vector<hsize_t> extent_of(hid_t dataset, std::optional<std::int64_t> rows = {}) {
  const hdf5_handle space(H5Dget_space(dataset), H5Sclose);
  std::vector<hsize_t> shape(static_cast<std::size_t>(std::max(1, H5Sget_simple_extent_ndims(space))));
  H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  if (rows) shape[0] = static_cast<hsize_t>(*rows);
  return shape;
}

std::vector<hsize_t> chunk_shape_of(hid_t dataset, std::size_t rank) {
  const hdf5_handle creation(H5Dget_create_plist(dataset), H5Pclose);
  std::vector<hsize_t> chunk(rank, 1);
  H5Pget_chunk(creation, static_cast<int>(rank), chunk.data());
  return chunk;
}

error cannot(const fs::path& file, const std::string& what) {
  return hdf5_error(file.string(), "cannot " + what, "; free some space or write elsewhere");
}

struct joined_dataset {
  hdf5_handle id;
  std::int64_t chunk_rows = 1;
  std::vector<std::uint32_t> sums = {};
  std::int64_t unit_chunks = 1;
};

}

void join_units(const fs::path& head, const std::vector<unit_place>& units, const fs::path& out,
                const unit_progress& progress) {
  atomic_file made(out);
  made.write(read_file(head));
  const std::int64_t rows = units.empty() ? 0 : units.back().unit.first + units.back().unit.rows;
  const hdf5_lock lock;
  hdf5_handle file = open_to_change(made.temporary());
  if (!file.valid()) throw cannot(out, fmt::format("begin as {} does", head.string()));
  std::map<std::string, joined_dataset> datasets;
  for (const unit_place& u : units)
    for (const auto& [name, _] : u.unit.chunks)
      if (!datasets.count(name)) {
        joined_dataset d{.id = {H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose}};
        if (!d.id.valid())
          throw error(fmt::format("{}: has no dataset '{}', need those of all units", head.string(), name));
        const std::vector<hsize_t> whole = extent_of(d.id, rows);
        d.chunk_rows = static_cast<std::int64_t>(chunk_shape_of(d.id, whole.size())[0]);
        if (H5Dset_extent(d.id, whole.data()) < 0) throw cannot(out, fmt::format("extend dataset '{}'", name));
        datasets.emplace(name, std::move(d));
      }
  unit_files files;
  std::string bytes;
  std::int64_t joined = 0;
  for (const unit_place& u : units) {
    stop_here_if_asked();
    if (u.unit.first != joined)
      throw error(fmt::format("{}: the {} follows row {}, need units that follow one another", u.file.string(),
                              unit_text(u.unit), joined - 1));
    joined += u.unit.rows;
    for (const auto& [name, chunks] : u.unit.chunks) {
      joined_dataset& d = datasets.at(name);
      std::vector<hsize_t> at(extent_of(d.id, 0).size(), 0);
      at[0] = static_cast<hsize_t>(u.unit.first);
      for (const stored_chunk& c : chunks) {
        if (!read_chunk(files.at(u.file), c, bytes)) {
          try {
            note_damaged(u.file, u.unit);
          } catch (const error&) {  // the damage is the error to report
          }
          throw error(
              fmt::format("{}: the {} has other bytes than were written; run the part again, which makes it anew",
                          u.file.string(), unit_text(u.unit)));
        }
        if (H5Dwrite_chunk(d.id, H5P_DEFAULT, 0, at.data(), bytes.size(), bytes.data()) < 0)
          throw cannot(out, fmt::format("write dataset '{}'", name));
        d.sums.push_back(c.crc32);
        at[0] += static_cast<hsize_t>(d.chunk_rows);
      }
      d.unit_chunks = std::max<std::int64_t>(d.unit_chunks, static_cast<std::int64_t>(chunks.size()));
    }
    if (progress) progress(u.unit.first + u.unit.rows, units.back().unit.first + units.back().unit.rows);
  }
  for (auto& [name, d] : datasets) {
    if (!d.id.close()) throw cannot(out, fmt::format("write dataset '{}'", name));
    write_checksums(file, out, name, d.sums, d.unit_chunks);
  }
  if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 || !file.close()) throw cannot(out, "write the file");
  made.commit();
}

// Returns a file that HDF5 can read and that holds the rows of these units alone, one behind the other: the units' own
// where it was closed with no others in it.
static fs::path readable(const fs::path& head, const fs::path& file, const std::vector<unit_place>& units) {
  if (is_closed(file) && read_journal(file).size() == units.size()) return file;
  fs::path whole = file;
  whole += ".whole";
  std::vector<unit_place> moved;
  std::int64_t row = 0;
  for (const unit_place& u : units) {
    moved.push_back(u);
    moved.back().unit.first = row;
    row += u.unit.rows;
  }
  join_units(head, moved, whole);
  return whole;
}

// HDF5 takes a % in the name of a source for the beginning of a pattern, unless there are two.
static std::string without_patterns(const std::string& name) {
  std::string escaped;
  for (const char c : name) escaped.append(c == '%' ? 2 : 1, c);
  return escaped;
}

void join_virtually(const fs::path& head, const std::vector<unit_place>& units, const fs::path& out) {
  // Stretches of units that follow one another in a file.
  std::map<fs::path, std::vector<unit_place>> of_file;
  for (const unit_place& u : units) of_file[u.file].push_back(u);
  std::map<fs::path, fs::path> sources;
  for (const auto& [file, some] : of_file) {
    const fs::path real = fs::weakly_canonical(fs::absolute(readable(head, file, some))),
                   folder = fs::weakly_canonical(fs::absolute(out)).parent_path(),
                   within = real.lexically_relative(folder);
    sources[file] = within.empty() || *within.begin() == ".." ? real : within;
  }
  atomic_file made(out);
  const hdf5_lock lock;
  std::string reason;
  const hdf5_handle from = open_hdf5(head.string(), reason);
  if (!from.valid()) throw error(fmt::format("{}: cannot open ({}): copy it again", head.string(), reason));
  hdf5_handle file = create_plain(made.temporary());
  if (!file.valid()) throw cannot(out, "create the file");
  const std::int64_t rows = units.empty() ? 0 : units.back().unit.first + units.back().unit.rows;
  for (const std::string& attribute : attribute_names(from)) copy_attribute(from, file, attribute);
  for (const std::string& name : dataset_paths(from)) {
    const hdf5_handle as(H5Dopen2(from, name.c_str(), H5P_DEFAULT), H5Dclose);
    if (units.empty() || !units.front().unit.chunks.count(name)) {  // a scale
      copy_dataset({as, -1, fmt::format("{}: dataset '{}'", head.string(), name), out.string(), name}, file, name);
      const hdf5_handle copied(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
      for (const std::string& attribute : attribute_names(as)) copy_attribute(as, copied, attribute);
      continue;
    }
    const std::vector<hsize_t> whole = extent_of(as, rows);
    const auto rank = static_cast<int>(whole.size());
    const hdf5_handle space(H5Screate_simple(rank, whole.data(), nullptr), H5Sclose), type(H5Dget_type(as), H5Tclose),
        creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose), links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    H5Pset_obj_track_times(creation, false);
    // The row of a unit within its file is the number of rows before it there.
    std::map<fs::path, std::int64_t> before, in_file;
    for (const unit_place& u : units) in_file[u.file] += u.unit.rows;
    for (std::size_t k = 0; k < units.size();) {
      const unit_place& u = units[k];
      std::int64_t count = 0;
      for (; k < units.size() && units[k].file == u.file; ++k) count += units[k].unit.rows;
      std::vector<hsize_t> start(whole.size(), 0), size = whole, there = whole;
      size[0] = static_cast<hsize_t>(count);
      there[0] = static_cast<hsize_t>(in_file[u.file]);
      start[0] = static_cast<hsize_t>(u.unit.first);
      H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr);
      const hdf5_handle of(H5Screate_simple(rank, there.data(), nullptr), H5Sclose);
      start[0] = static_cast<hsize_t>(std::exchange(before[u.file], before[u.file] + count));
      H5Sselect_hyperslab(of, H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr);
      if (H5Pset_virtual(creation, space, without_patterns(sources.at(u.file)).c_str(), without_patterns(name).c_str(),
                         of) < 0)
        throw cannot(out, fmt::format("refer to dataset '{}'", name));
    }
    H5Sselect_all(space);
    const hdf5_handle set(H5Dcreate2(file, name.c_str(), type, space, links, creation, H5P_DEFAULT), H5Dclose);
    if (!set.valid()) throw cannot(out, fmt::format("create dataset '{}'", name));
    for (const std::string& attribute : attribute_names(as)) copy_attribute(as, set, attribute);
  }
  attach_like(from, file);
  if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 || !file.close()) throw cannot(out, "write the file");
  made.commit();
}

std::vector<std::string> wrong_units(const std::vector<unit_place>& units, const unit_progress& progress) {
  std::vector<std::string> wrong;
  unit_files files;
  std::string bytes;
  std::int64_t done = 0, all = 0;
  for (const unit_place& u : units) all += u.unit.bytes();
  for (const unit_place& u : units) {
    stop_here_if_asked();
    if (progress) progress(done, all);
    done += u.unit.bytes();
    std::string in;
    for (const auto& [name, chunks] : u.unit.chunks)
      for (const stored_chunk& c : chunks)
        if (in.empty() && !read_chunk(files.at(u.file), c, bytes)) in = name;
    if (!in.empty())
      wrong.push_back(fmt::format("{}: the {} has other bytes in dataset '{}' than were written", u.file.string(),
                                  unit_text(u.unit), in));
  }
  return wrong;
}

// Returns the paths of the lists of checksums in a joined file; the dataset that a list is of stands behind the group.
static std::vector<std::string> checksum_lists(const hdf5_handle& file) {
  std::vector<std::string> all;
  for (const std::string& path : dataset_paths(file))
    if (path.starts_with(checksum_group + "/")) all.push_back(path);
  return all;
}
static std::string dataset_of(const std::string& list) { return list.substr(checksum_group.size() + 1); }

std::vector<std::string> wrong_units(const fs::path& name, std::int64_t& units, const unit_progress& progress) {
  units = 0;
  const hdf5_lock lock;
  std::string reason;
  const hdf5_handle file = open_hdf5(name.string(), reason);
  if (!file.valid()) throw error(fmt::format("{}: cannot open ({}): copy the file again", name.string(), reason));
  std::vector<std::string> wrong;
  const std::vector<std::string> lists = checksum_lists(file);
  std::int64_t done = 0, to_compare = 0;  // bytes, of all datasets
  for (const std::string& path : lists)
    if (const hdf5_handle of(H5Dopen2(file, dataset_of(path).c_str(), H5P_DEFAULT), H5Dclose); of.valid())
      to_compare += static_cast<std::int64_t>(H5Dget_storage_size(of));
  for (const std::string& path : lists) {
    const std::string dataset = dataset_of(path);
    const hdf5_handle listed(H5Dopen2(file, path.c_str(), H5P_DEFAULT), H5Dclose),
        of(H5Dopen2(file, dataset.c_str(), H5P_DEFAULT), H5Dclose);
    const hdf5_handle attribute(H5Aopen(listed, "chunks_of_a_unit", H5P_DEFAULT), H5Aclose);
    std::int64_t unit_chunks = 1;
    const hdf5_handle space(H5Dget_space(listed), H5Sclose);
    std::vector<std::uint32_t> sums(
        static_cast<std::size_t>(std::max<hssize_t>(0, H5Sget_simple_extent_npoints(space))));
    if (!of.valid() || H5Aread(attribute, H5T_NATIVE_INT64, &unit_chunks) < 0 || unit_chunks < 1 ||
        H5Dread(listed, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, sums.data()) < 0)
      throw error(
          fmt::format("{}: the checksums of dataset '{}' cannot be read: copy the file again", name.string(), dataset));
    std::vector<hsize_t> at = extent_of(of, 0);
    const std::vector<hsize_t> chunk = chunk_shape_of(of, at.size());
    const auto all = static_cast<std::int64_t>(extent_of(of)[0]);
    std::fill(at.begin(), at.end(), 0);
    units = std::max(units, (static_cast<std::int64_t>(sums.size()) + unit_chunks - 1) / unit_chunks);
    std::int64_t last_wrong = -1;
    std::string bytes;
    for (std::size_t k = 0; k < sums.size(); ++k, at[0] += chunk[0]) {
      stop_here_if_asked();
      if (progress) progress(done, to_compare);
      const std::int64_t unit = static_cast<std::int64_t>(k) / unit_chunks;
      hsize_t size = 0;
      std::uint32_t skipped = 0;
      bool good = H5Dget_chunk_storage_size(of, at.data(), &size) >= 0 && size < (hsize_t{1} << 33);
      done += good ? static_cast<std::int64_t>(size) : 0;
      if (unit == last_wrong) continue;
      if (good) bytes.resize(size);
      good = good && H5Dread_chunk(of, H5P_DEFAULT, at.data(), &skipped, bytes.data()) >= 0;
      if (good && crc32_of(bytes) == sums[k]) continue;
      last_wrong = unit;
      const auto rows = static_cast<std::int64_t>(chunk[0]);
      wrong.push_back(fmt::format("{}: the unit of rows {} … {} has other bytes in dataset '{}' than were written",
                                  name.string(), unit * unit_chunks * rows,
                                  std::min((unit + 1) * unit_chunks * rows, all) - 1, dataset));
    }
  }
  if (lists.empty())
    throw error(
        fmt::format("{}: lists no checksums, need a file that `noneq run` or `noneq merge` made of units; for a "
                    "virtual one verify the folder of the run",
                    name.string()));
  return wrong;
}

}
