#include "noneq/storage/detail/hdf5_sources.hpp"

#include <cstdlib>
#include <set>

#include <fmt/format.h>
#include <hdf5.h>
#include <sys/stat.h>

#include "noneq/storage/detail/hdf5_file.hpp"

namespace noneq::storage {
namespace fs = std::filesystem;

namespace {

constexpr int deepest = 8;  // virtual datasets of virtual datasets of …

std::string source_name(hid_t creation, std::size_t i, ssize_t (*get)(hid_t, std::size_t, char*, std::size_t)) {
  std::string text(static_cast<std::size_t>(std::max<ssize_t>(get(creation, i, nullptr, 0), 0)) + 1, '\0');
  get(creation, i, text.data(), text.size());
  text.pop_back();
  return text;
}

// HDF5's own pattern: %b stands for the number of a block, %% for %.
std::string of_block(const std::string& pattern, std::int64_t block, bool& numbered) {
  std::string name;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool marked = pattern[i] == '%' && i + 1 < pattern.size();
    if (marked && pattern[i + 1] == 'b')
      name += std::to_string(block), ++i, numbered = true;
    else if (marked && pattern[i + 1] == '%')
      name += '%', ++i;
    else
      name += pattern[i];
  }
  return name;
}

// The places where HDF5 looks for the source file of a virtual dataset, in its order.
std::vector<fs::path> places_of(const hdf5_file& file, fs::path name) {
  std::vector<fs::path> all;
  if (name.is_absolute()) all.push_back(name), name = name.filename();
  if (const char* folders = std::getenv("HDF5_VDS_PREFIX")) {
    const std::string list = folders;
    for (std::size_t at = 0; at <= list.size();) {
      const std::size_t end = std::min(list.find(':', at), list.size());
      if (end > at) all.push_back(list.substr(at, end - at) / name);
      at = end + 1;
    }
  }
  std::error_code ignored;
  all.push_back(fs::absolute(file.name, ignored).parent_path() / name);
  all.push_back(name);
  if (const fs::path real = fs::canonical(file.name, ignored); !ignored) all.push_back(real.parent_path() / name);
  return all;
}

hdf5_file open_source(const hdf5_file& file, const std::string& where, const std::string& name) {
  std::string unreadable, reason;
  for (const fs::path& path : name == "." ? std::vector<fs::path>{file.name} : places_of(file, name)) {
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) continue;
    hdf5_file found{.name = path.string(), .id = open_hdf5(path.string(), reason), .open = {}};
    if (found.id.valid()) return found;
    if (unreadable.empty()) unreadable = fmt::format("cannot be opened ({}): copy it again", reason);
  }
  throw error(fmt::format("{} is virtual, and its source file '{}' {}", where, name,
                          unreadable.empty() ? "is missing: put it beside " + file.name : unreadable));
}

// Checks that a mapping's source holds all numbers that it maps. `numbers`: how many it maps; none when it has no end.
void check_extent(const open_dataset& d, const open_dataset& source, hid_t selected, std::optional<hssize_t> numbers) {
  const std::size_t rank = source.layout.shape.size();
  if (H5Sget_select_type(selected) == H5S_SEL_ALL) {  // its shape is that of the source
    if (const std::int64_t has = c10::multiply_integers(source.layout.shape); numbers && has < *numbers)
      throw error(fmt::format("{} takes {} numbers from {}, which has {}: it was cut or made anew", d.where, *numbers,
                              source.where, has));
    return;
  }
  std::vector<hsize_t> low(rank), high(rank);
  if (H5Sget_simple_extent_ndims(selected) != static_cast<int>(rank))
    throw error(fmt::format("{} takes numbers from {} as if it had {} dimensions, need its {}", d.where, source.where,
                            H5Sget_simple_extent_ndims(selected), rank));
  if (H5Sget_select_bounds(selected, low.data(), high.data()) < 0) return;  // without an end: as far as there is
  for (std::size_t i = 0; i < rank; ++i)
    if (static_cast<std::int64_t>(high[i]) >= source.layout.shape[i])
      throw error(
          fmt::format("{} takes numbers up to {} from dimension {} of {}, need at most {}: it was cut or made anew",
                      d.where, high[i], i, source.where, source.layout.shape[i] - 1));
}

// Returns how many blocks of a numbered source lie within the dataset.
std::int64_t blocks_within(const sizes& shape, hid_t selected) {
  const std::size_t rank = shape.size();
  std::vector<hsize_t> start(rank), stride(rank), count(rank), block(rank);
  if (H5Sget_simple_extent_ndims(selected) != static_cast<int>(rank) || H5Sis_regular_hyperslab(selected) <= 0 ||
      H5Sget_regular_hyperslab(selected, start.data(), stride.data(), count.data(), block.data()) < 0)
    return 1;
  for (std::size_t i = 0; i < rank; ++i)
    if (count[i] == H5S_UNLIMITED && stride[i] > 0 && static_cast<hsize_t>(shape[i]) > start[i])
      return static_cast<std::int64_t>((static_cast<hsize_t>(shape[i]) - start[i] + stride[i] - 1) / stride[i]);
  return 1;
}

// HDF5 ends a dataset of numbered sources before the first that is missing, whatever comes behind it.
void need_no_gap(const hdf5_file& file, const std::string& where, const std::string& pattern, std::int64_t blocks) {
  constexpr std::int64_t looked_at = 64;
  bool numbered = false;
  for (std::int64_t block = blocks; block < blocks + looked_at; ++block)
    for (const fs::path& path : places_of(file, of_block(pattern, block, numbered)))
      if (std::error_code ignored; numbered && fs::is_regular_file(path, ignored))
        throw error(
            fmt::format("{} is virtual and ends before its source file '{}', but there is '{}': put the missing "
                        "one beside it, or make it whole",
                        where, of_block(pattern, blocks, numbered), path.string()));
}

void open_virtual(const hdf5_file& file, open_dataset& d, hid_t creation, int depth) {
  if (depth > deepest)
    throw error(fmt::format("{} is virtual, and leads to more than {} others one behind the other", d.where, deepest));
  std::size_t mappings = 0;
  H5Pget_virtual_count(creation, &mappings);
  std::set<std::pair<std::string, std::string>> seen;
  double given = 0;
  for (std::size_t i = 0; i < mappings; ++i) {
    const std::string files = source_name(creation, i, H5Pget_virtual_filename),
                      sets = source_name(creation, i, H5Pget_virtual_dsetname);
    const hdf5_handle to(H5Pget_virtual_vspace(creation, i), H5Sclose),
        from(H5Pget_virtual_srcspace(creation, i), H5Sclose);
    if (files.empty() || sets.empty() || !to.valid() || !from.valid())
      throw hdf5_error(d.where, "is damaged", ": copy the file again");
    std::optional<hssize_t> numbers = H5Sget_select_npoints(to);
    if (*numbers < 0 || static_cast<hsize_t>(*numbers) == H5S_UNLIMITED) numbers.reset();
    given += numbers ? static_cast<double>(*numbers) : HUGE_VAL;
    bool numbered = false;
    of_block(files, 0, numbered), of_block(sets, 0, numbered);
    for (std::int64_t block = 0, blocks = numbered ? blocks_within(d.layout.shape, to) : 1; block < blocks; ++block) {
      const std::string name = of_block(files, block, numbered), set = of_block(sets, block, numbered);
      if (numbered && block + 1 == blocks) need_no_gap(file, d.where, files, blocks);
      const hdf5_file source_file = open_source(file, d.where, name);
      const open_dataset source = inspect_dataset(source_file, set, depth + 1);
      check_extent(d, source, from, numbers);
      if (d.layout.unwritten.empty() && !source.layout.unwritten.empty())
        d.layout.unwritten = fmt::format("takes numbers from {}, which {}", source.where, source.layout.unwritten);
      if (!seen.insert({source_file.name, set}).second) continue;
      d.layout.sources.push_back(fmt::format("{}: {}", source_file.name, set));
      for (held_file h : source.files) {
        h.descriptor = -1;  // closed with source_file
        d.files.push_back(std::move(h));
      }
    }
  }
  H5D_fill_value_t fill = H5D_FILL_VALUE_UNDEFINED;
  if (given < static_cast<double>(c10::multiply_integers(d.layout.shape)) &&
      !(H5Pfill_value_defined(creation, &fill) >= 0 && fill == H5D_FILL_VALUE_USER_DEFINED))
    throw error(
        fmt::format("{} is virtual, and its sources give {} of its {} numbers, need all, or a fill value that says "
                    "what the others are",
                    d.where, given, c10::multiply_integers(d.layout.shape)));
}

// Bytes of a file; −1 when there is none.
std::int64_t size_of_file(const std::string& name) {
  struct stat status {};
  return ::stat(name.c_str(), &status) == 0 ? static_cast<std::int64_t>(status.st_size) : -1;
}

void open_external(const hdf5_file& file, open_dataset& d, hid_t creation) {
  const hdf5_handle stored(H5Dget_type(d.id), H5Tclose);
  double missing =
      static_cast<double>(H5Tget_size(stored)) * static_cast<double>(c10::multiply_integers(d.layout.shape));
  for (unsigned i = 0; i < static_cast<unsigned>(H5Pget_external_count(creation)) && missing > 0; ++i) {
    std::string name(4096, '\0');
    off_t offset = 0;
    hsize_t size = 0;
    if (H5Pget_external(creation, i, name.size() - 1, name.data(), &offset, &size) < 0)
      throw hdf5_error(d.where, "is damaged", ": copy the file again");
    std::string path = name.c_str();
    // HDF5 takes a relative name from the working folder, or from the one of this variable.
    if (const char* folder = std::getenv("HDF5_EXTFILE_PREFIX"); folder && *folder && path.front() != '/') {
      std::string prefix = folder;
      if (const std::string_view origin = "${ORIGIN}"; prefix.starts_with(origin))
        prefix.replace(0, origin.size(), fs::absolute(file.name).parent_path().string());
      path = (fs::path(prefix) / path).string();
    }
    const double part = std::min(size == H5F_UNLIMITED ? HUGE_VAL : static_cast<double>(size), missing);
    const std::int64_t bytes = size_of_file(path);
    if (bytes < 0)
      throw error(
          fmt::format("{} keeps its numbers in the external file '{}', which is missing: put it there, or set "
                      "HDF5_EXTFILE_PREFIX to its folder",
                      d.where, path));
    if (static_cast<double>(bytes) - static_cast<double>(offset) < part)
      throw error(
          fmt::format("{} keeps its numbers in the external file '{}', of which it got {} bytes, need {}: copy it "
                      "again",
                      d.where, path, bytes, static_cast<double>(offset) + part));
    d.layout.sources.push_back(path);
    d.files.push_back({path, -1, bytes});
    missing -= part;
  }
}

}

held_file held(const hdf5_file& file) {
  void* descriptor = nullptr;
  struct stat status {};
  if (H5Fget_vfd_handle(file.id, H5P_DEFAULT, &descriptor) < 0 || descriptor == nullptr ||
      ::fstat(*static_cast<int*>(descriptor), &status) != 0)
    throw hdf5_error(file.name, "cannot read the size of the file");
  return {file.name, *static_cast<int*>(descriptor), static_cast<std::int64_t>(status.st_size)};
}

void open_sources(const hdf5_file& file, open_dataset& d, int depth) {
  const hdf5_handle creation(H5Dget_create_plist(d.id), H5Pclose);
  if (H5Pget_layout(creation) == H5D_VIRTUAL) open_virtual(file, d, creation, depth);
  if (H5Pget_external_count(creation) > 0) open_external(file, d, creation);
}

void need_as_long(const open_dataset& d) {
  for (const held_file& f : d.files) {
    struct stat status {};
    const bool there = f.descriptor >= 0 ? ::fstat(f.descriptor, &status) == 0 : ::stat(f.name.c_str(), &status) == 0;
    if (!there) throw error(fmt::format("{} lost its file '{}' while it was read: put it back", d.where, f.name));
    if (status.st_size < f.bytes)
      throw error(fmt::format("{}: '{}' was cut from {} bytes to {} while it was read: copy it again", d.where, f.name,
                              f.bytes, status.st_size));
  }
}

}
