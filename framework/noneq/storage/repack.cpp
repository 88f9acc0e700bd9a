#include "noneq/storage/repack.hpp"

#include <numeric>

#include <fmt/format.h>
#include <hdf5.h>

#include "noneq/storage/detail/hdf5_copy.hpp"
#include "noneq/storage/detail/hdf5_file.hpp"
#include "noneq/storage/detail/hdf5_values.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::storage {

static std::int64_t row_bytes_of(const dataset_layout& l) { return std::max<std::int64_t>(1, l.bytes / l.shape[0]); }

sizes chunks_for_rows(const dataset_layout& layout, std::int64_t chunk_rows) {
  constexpr std::int64_t chunk_bytes = 256 * 1024, most_bytes = std::int64_t{4} << 20;
  const std::int64_t row = row_bytes_of(layout),
                     rows = chunk_rows > 0 ? chunk_rows : std::max<std::int64_t>(1, chunk_bytes / row);
  sizes chunk = layout.shape;
  chunk[0] = std::min(rows, layout.shape[0]);
  std::int64_t bytes = chunk[0] * row;
  for (std::size_t d = 1; d < chunk.size() && chunk[0] == 1; ++d)
    while (bytes > most_bytes && chunk[d] > 1) {
      bytes = bytes / chunk[d] * ((chunk[d] + 1) / 2);
      chunk[d] = (chunk[d] + 1) / 2;
    }
  return chunk;
}

std::string slow_to_shuffle(const dataset_layout& l) {
  constexpr double most_held = 32 << 20, least_bytes = 4096, small = 16 << 20;
  if (l.chunk.empty() || static_cast<double>(l.bytes) <= small) return "";
  double chunk = static_cast<double>(c10::elementSize(l.dtype)), across = 1;
  for (std::size_t d = 0; d < l.chunk.size(); ++d) {
    chunk *= static_cast<double>(std::min(l.chunk[d], l.shape[d]));
    if (d > 0) across *= static_cast<double>((l.shape[d] - 1) / l.chunk[d] + 1);
  }
  const double band = static_cast<double>(l.chunk[0]) * static_cast<double>(row_bytes_of(l));
  if (band > most_held && l.chunk[0] > 1)
    return fmt::format("the chunks of a row hold {} rows, {:.0f} MB that are read for each few of them", l.chunk[0],
                       band / 1e6);
  if (chunk < least_bytes && across > 1)
    return fmt::format("each row lies in {:.0f} chunks of {:.0f} bytes", across, chunk);
  if (chunk < least_bytes) return fmt::format("its chunks hold {:.0f} bytes only", chunk);
  return "";
}

std::vector<std::string> repackable(const hdf5_reader& file) {
  std::vector<std::string> all;
  for (const std::string& name : file.datasets()) {
    try {
      file.layout(name);
    } catch (const error&) {  // no array of numbers
      continue;
    }
    if (!file.is_scale(name)) all.push_back(name);
  }
  return all;
}

namespace {

struct repacker {
  hdf5_file from;
  std::string to_name;
  hid_t to;
  const repacking& how;

  // The level of gzip that a dataset gets.
  int level(const dataset_layout& l, hid_t creation) const {
    if (how.gzip) return *how.gzip;
    if (l.compression.empty()) return 0;
    constexpr int usual = 4;
    unsigned value = usual;
    std::size_t values = 1;
    if (H5Pget_filter_by_id2(creation, H5Z_FILTER_DEFLATE, nullptr, &values, &value, 0, nullptr, nullptr) < 0)
      return usual;
    return static_cast<int>(value);
  }

  hdf5_handle properties(const dataset_layout& l, const sizes& chunk, hid_t old, hid_t type) const {
    hdf5_handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    const std::vector<hsize_t> shape(chunk.begin(), chunk.end());
    H5Pset_obj_track_times(creation, false);  // equal content, equal bytes
    H5Pset_chunk(creation, static_cast<int>(shape.size()), shape.data());
    if (const int gzip = level(l, old); gzip > 0) {
      if (H5Tget_size(type) > 1) H5Pset_shuffle(creation);
      H5Pset_deflate(creation, static_cast<unsigned>(gzip));
    }
    unsigned order = 0;
    if (H5Pget_attr_creation_order(old, &order) >= 0) H5Pset_attr_creation_order(creation, order);
    H5D_fill_value_t fill = H5D_FILL_VALUE_UNDEFINED;
    std::string value(H5Tget_size(type), '\0');
    if (H5Pfill_value_defined(old, &fill) >= 0 && fill == H5D_FILL_VALUE_USER_DEFINED &&
        H5Pget_fill_value(old, type, value.data()) >= 0)
      H5Pset_fill_value(creation, type, value.data());
    return creation;
  }

  // Rows that are read at once: whole chunks, of the old dataset as well where they are not too many.
  static std::int64_t step(const dataset_layout& l, std::int64_t chunk_rows) {
    constexpr std::int64_t usual = std::int64_t{64} << 20, most = std::int64_t{1} << 30;
    const std::int64_t row = row_bytes_of(l), old = l.chunk.empty() ? 1 : l.chunk[0];
    const std::int64_t both = std::lcm(old, chunk_rows);
    const std::int64_t unit = both > 0 && both <= most / row ? both
                              : old <= most / row            ? std::max(old, chunk_rows)
                                                             : chunk_rows;
    return unit * std::max<std::int64_t>(1, usual / row / unit);
  }

  bool make(const std::string& path, hid_t source) {
    if (std::find(how.datasets.begin(), how.datasets.end(), path) == how.datasets.end()) return false;
    const open_dataset& d = from.dataset(path);
    if (!d.layout.unwritten.empty() && !how.unwritten)
      throw error(fmt::format("{} {}; --fill allow writes its fill value there", d.where, d.layout.unwritten));
    const sizes chunk = chunks_for_rows(d.layout, how.chunk_rows);
    const hdf5_handle old(H5Dget_create_plist(source), H5Pclose), stored(H5Dget_type(source), H5Tclose),
        type(H5Tcopy(stored), H5Tclose), space(H5Dget_space(source), H5Sclose);
    const hdf5_handle creation = properties(d.layout, chunk, old, type);
    hdf5_handle made(H5Dcreate2(to, path.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT), H5Dclose);
    if (!made.valid()) throw cannot_write(to_name, path);
    value_copy{d.id, made, d.where, to_name, path, how.copied}.rows(step(d.layout, chunk[0]));
    close_written(made, to_name, path);
    need_as_long(d);
    return true;
  }
};

}

void repack(const std::filesystem::path& in, const std::filesystem::path& out, const repacking& how) {
  const hdf5_reader checked(in);
  for (const std::string& name : how.datasets) checked.layout(name);
  const hdf5_lock lock;
  atomic_file file(out);
  std::string reason;
  repacker r{{.name = in.string(), .id = open_hdf5(in.string(), reason), .open = {}}, out.string(), -1, how};
  if (!r.from.id.valid()) throw error(fmt::format("{}: cannot open ({})", in.string(), reason));
  hdf5_handle to = create_like(file.temporary().string(), r.from.id);
  if (!to.valid()) throw hdf5_error(out.string(), "cannot create the file", "; write elsewhere");
  r.to = to;
  hdf5_copy copy(r.from.id, in.string(), to, out.string(),
                 [&](const std::string& path, hid_t source) { return r.make(path, source); });
  copy.run();
  if (H5Fflush(to, H5F_SCOPE_GLOBAL) < 0 || !to.close())
    throw hdf5_error(out.string(), "cannot write the file", "; free some space or write elsewhere");
  file.commit();
}

}
