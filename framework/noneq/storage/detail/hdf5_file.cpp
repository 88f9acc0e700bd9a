#include "noneq/storage/detail/hdf5_file.hpp"
#include "noneq/storage/detail/deflate.hpp"
#include "noneq/storage/detail/hdf5_filters.hpp"
#include "noneq/storage/detail/hdf5_probe.hpp"
#include "noneq/storage/detail/hdf5_unwritten.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hdf5.h>

namespace noneq::storage {

static std::string without_slashes(const std::string& path) {
  const auto first = path.find_first_not_of('/');
  if (first == path.npos) return "/";
  return path.substr(first, path.find_last_not_of('/') - first + 1);
}

static herr_t keep_dataset(hid_t, const char* name, const H5O_info_t* info, void* names) {
  if (info->type == H5O_TYPE_DATASET) static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

std::vector<std::string> hdf5_file::datasets() const {
  std::vector<std::string> names;
  if (H5Ovisit2(id, H5_INDEX_NAME, H5_ITER_INC, keep_dataset, &names, H5O_INFO_BASIC) < 0)
    throw hdf5_error(name, "got damaged groups", ": copy the file again");
  std::sort(names.begin(), names.end());
  return names;
}

// Returns whether a path exists, link by link; nothing when the file is too damaged to be read so far.
static std::optional<bool> linked(hid_t file, const std::string& path) {
  for (std::size_t at = path.find('/');; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    if (const htri_t there = H5Lexists(file, part.c_str(), H5P_DEFAULT); there <= 0)
      return there == 0 ? std::optional(false) : std::nullopt;
    if (at == path.npos) return true;
    const hdf5_handle object(H5Oopen(file, part.c_str(), H5P_DEFAULT), H5Oclose);
    if (!object.valid()) return std::nullopt;
    if (H5Iget_type(object) != H5I_GROUP) return false;
  }
}

hdf5_handle hdf5_file::object(const std::string& path) const {
  const std::string plain = without_slashes(path);
  if (hdf5_handle found(H5Oopen(id, plain.c_str(), H5P_DEFAULT), H5Oclose); found.valid()) return found;
  const std::string reason = hdf5_reason();
  // Visiting all objects of a damaged file may crash HDF5.
  if (linked(id, plain).value_or(true))
    throw error(
        fmt::format("{}: dataset '{}' is damaged or leads nowhere ({}): copy the file again", name, plain, reason));
  std::vector<std::string> names = datasets();
  const std::string guess = did_you_mean(plain, names);
  const std::string more = names.size() > 8 ? fmt::format(", … ({} in all)", names.size()) : "";
  if (names.size() > 8) names.resize(8);
  const std::string has = names.empty() ? "no dataset" : fmt::format("'{}'{}", fmt::join(names, "', '"), more);
  throw error(fmt::format("{}: dataset '{}' does not exist{} {}", name, plain, guess.empty() ? ";" : guess,
                          "the file has " + has));
}

const open_dataset& hdf5_file::dataset(const std::string& path) {
  const hdf5_lock lock;
  if (const auto found = open.find(path); found != open.end()) return found->second;
  need_survival(fmt::format("{}: dataset '{}'", name, path), name, [&] {
    constexpr std::int64_t most = 16 << 20;
    const open_dataset d = inspect_dataset(*this, path);
    const std::int64_t row_bytes = d.layout.bytes / d.layout.shape[0];
    if (row_bytes <= most) read_run(d, 0, 1, std::string(static_cast<std::size_t>(row_bytes), '\0').data());
  });
  return open.emplace(path, inspect_dataset(*this, path)).first->second;
}

static std::string filter_name(H5Z_filter_t filter) {
  switch (filter) {
    case H5Z_FILTER_DEFLATE:
      return "gzip";
    case H5Z_FILTER_SHUFFLE:
      return "shuffle";
    case H5Z_FILTER_FLETCHER32:
      return "fletcher32";
    case H5Z_FILTER_SZIP:
      return "szip";
    case H5Z_FILTER_NBIT:
      return "nbit";
    case H5Z_FILTER_SCALEOFFSET:
      return "scaleoffset";
    case filter_lzf:
      return "lzf";
    case 32001:
      return "blosc";
    case 32004:
      return "lz4";
    case 32008:
      return "bitshuffle";
    case 32015:
      return "zstd";
    default:
      return fmt::format("filter {}", filter);
  }
}

static std::vector<std::string> filters_of(hid_t creation) {
  std::vector<std::string> names;
  for (int i = 0, count = H5Pget_nfilters(creation); i < count; ++i)
    names.push_back(filter_name(
        H5Pget_filter2(creation, static_cast<unsigned>(i), nullptr, nullptr, nullptr, 0, nullptr, nullptr)));
  return names;
}

static std::string compression_of(std::vector<std::string> filters) {
  std::erase(filters, "shuffle");
  std::erase(filters, "fletcher32");
  return fmt::format("{}", fmt::join(filters, "+"));
}

// Sorted reads pass once over a band of chunks that share their rows; a cache of one band decodes each chunk once.
static hdf5_handle cached(hdf5_handle id, const hdf5_file& file, const std::string& path, const dataset_layout& layout,
                          std::size_t stored_bytes) {
  double chunk = static_cast<double>(stored_bytes), band = 1;
  for (std::size_t i = 0; i < layout.chunk.size(); ++i) {
    chunk *= static_cast<double>(layout.chunk[i]);
    if (i > 0) band *= std::ceil(static_cast<double>(layout.shape[i]) / static_cast<double>(layout.chunk[i]));
  }
  const double bytes = std::max({chunk, std::min(chunk * band, 64. * 1024 * 1024), 1024. * 1024});
  const hdf5_handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  H5Pset_chunk_cache(access, 12421, static_cast<std::size_t>(bytes), H5D_CHUNK_CACHE_W0_DEFAULT);
  id.close();  // the first to open a dataset decides its cache
  return {H5Dopen2(file.id, path.c_str(), access), H5Dclose};
}

// A header is not trusted: the size of the files bounds the memory and the look-ups that it causes. Numbers take a
// thousandth of their size at least, even when they are all equal and compressed.
static void need_plausible(const open_dataset& d, std::size_t stored_bytes) {
  constexpr std::int64_t anyway = std::int64_t{64} << 20, most_chunks = 1 << 16;
  std::int64_t row = static_cast<std::int64_t>(stored_bytes), chunk = row, chunks = 1, held_bytes = 0;
  bool fits = true;
  for (std::size_t i = 0; i < d.layout.shape.size(); ++i) {
    const std::int64_t n = d.layout.shape[i], c = d.layout.chunk.empty() ? 1 : d.layout.chunk[i];
    fits = fits && !__builtin_mul_overflow(chunk, c, &chunk);
    if (i == 0) continue;
    fits = fits && !__builtin_mul_overflow(row, n, &row);
    if (!d.layout.chunk.empty()) fits = fits && !__builtin_mul_overflow(chunks, (n - 1) / c + 1, &chunks);
  }
  for (const held_file& f : d.files) held_bytes += f.bytes;
  const std::int64_t most = std::max(anyway, most_deflated * std::min(held_bytes, INT64_MAX / most_deflated));
  const std::string shape = to_string(d.layout.shape), chunk_shape = to_string(d.layout.chunk);
  if (!fits || row > most || chunk > most)
    throw error(
        fmt::format("{} got rows of shape {}{} in a file of {} bytes, need what such a file can hold: it is "
                    "damaged, or was never filled",
                    d.where, shape, d.layout.chunk.empty() ? "" : " in chunks " + chunk_shape, held_bytes));
  if (chunks > most_chunks)
    throw error(
        fmt::format("{} got {} chunks {} in each row of shape {}, need at most {}: store it in larger chunks, e.g. "
                    "by h5repack",
                    d.where, chunks, chunk_shape, shape, most_chunks));
}

open_dataset inspect_dataset(const hdf5_file& file, const std::string& given, int depth) {
  const std::string path = without_slashes(given);
  open_dataset d{
      .where = fmt::format("{}: dataset '{}'", file.name, path), .id = file.object(path), .layout = {}, .type = {}};
  if (H5Iget_type(d.id) == H5I_GROUP)
    throw error(
        fmt::format("{}: got group '{}', need a dataset{}", file.name, path, did_you_mean(path, file.datasets())));
  if (H5Iget_type(d.id) != H5I_DATASET) throw error(d.where + " is a named type, need a dataset");
  const hdf5_handle stored(H5Dget_type(d.id), H5Tclose), space(H5Dget_space(d.id), H5Sclose),
      creation(H5Dget_create_plist(d.id), H5Pclose);
  if (!stored.valid() || !space.valid() || !creation.valid())
    throw hdf5_error(d.where, "is damaged", ": copy the file again");
  auto type = number_type_of(stored);
  if (!type) throw error(fmt::format("{} got {}, need numbers", d.where, kind_of(stored)));
  d.type = std::move(*type);
  d.layout.dtype = d.type.dtype;

  if (H5Sget_simple_extent_type(space) == H5S_NULL)
    throw error(d.where + " got no values at all, need at least one row");
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0) throw hdf5_error(d.where, "is damaged", ": copy the file again");
  if (rank == 0) throw error(d.where + " got a scalar, need at least one dimension");
  std::vector<hsize_t> shape(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  d.layout.shape.assign(shape.begin(), shape.end());
  d.layout.bytes = static_cast<std::int64_t>(c10::elementSize(d.type.dtype));
  for (const std::int64_t n : d.layout.shape) {
    if (n == 0)
      throw error(fmt::format("{} is empty: got shape {}, need every dimension above zero", d.where,
                              to_string(d.layout.shape)));
    if (n < 0 || __builtin_mul_overflow(d.layout.bytes, n, &d.layout.bytes))
      throw error(fmt::format("{} got shape {}, need less than 2^63 bytes", d.where, to_string(d.layout.shape)));
  }

  H5D_fill_value_t fill = H5D_FILL_VALUE_DEFAULT;
  d.filled = H5Pfill_value_defined(creation, &fill) >= 0 && fill != H5D_FILL_VALUE_UNDEFINED;
  d.files.push_back(held(file));
  open_sources(file, d, depth);
  const bool chunked = H5Pget_layout(creation) == H5D_CHUNKED;
  if (chunked) {
    std::vector<hsize_t> chunk(shape.size());
    if (H5Pget_chunk(creation, rank, chunk.data()) != rank || std::count(chunk.begin(), chunk.end(), 0) > 0)
      throw error(fmt::format("{} is damaged (chunks {}): copy the file again", d.where, fmt::join(chunk, " × ")));
    d.layout.chunk.assign(chunk.begin(), chunk.end());
    d.layout.filters = filters_of(creation);
    d.layout.compression = compression_of(d.layout.filters);
  }
  need_plausible(d, H5Tget_size(stored));
  if (d.layout.sources.empty()) d.layout.stored_bytes = static_cast<std::int64_t>(H5Dget_storage_size(d.id));
  if (const std::string unwritten = unwritten_part(d); !unwritten.empty()) d.layout.unwritten = unwritten;
  if (!chunked) return d;
  d.id = cached(std::move(d.id), file, path, d.layout, H5Tget_size(stored));
  if (!d.id.valid()) throw hdf5_error(d.where, "is damaged", ": copy the file again");
  check_chunk_shape(d);
  return d;
}

}
