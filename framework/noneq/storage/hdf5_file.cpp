#include "noneq/storage/hdf5_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hdf5.h>

namespace noneq {

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

hdf5_handle hdf5_file::object(const std::string& path) const {
  const std::string plain = without_slashes(path);
  if (hdf5_handle found(H5Oopen(id, plain.c_str(), H5P_DEFAULT), H5Oclose); found.valid()) return found;
  const std::string reason = hdf5_reason();
  std::vector<std::string> names = datasets();
  if (std::binary_search(names.begin(), names.end(), plain))
    throw error(fmt::format("{}: dataset '{}' is damaged ({}): copy the file again", name, plain, reason));
  const std::string guess = did_you_mean(plain, names);
  const std::string more = names.size() > 8 ? fmt::format(", … ({} in all)", names.size()) : "";
  if (names.size() > 8) names.resize(8);
  const std::string has = names.empty() ? "no dataset" : fmt::format("'{}'{}", fmt::join(names, "', '"), more);
  throw error(fmt::format("{}: dataset '{}' does not exist{} {}", name, plain, guess.empty() ? ";" : guess,
                          "the file has " + has));
}

const open_dataset& hdf5_file::dataset(const std::string& path) {
  const hdf5_lock lock;
  const auto found = open.find(path);
  return found != open.end() ? found->second : open.emplace(path, inspect_dataset(*this, path)).first->second;
}

static std::string filter_name(H5Z_filter_t filter) {
  switch (filter) {
    case H5Z_FILTER_DEFLATE:
      return "gzip";
    case H5Z_FILTER_SZIP:
      return "szip";
    case H5Z_FILTER_NBIT:
      return "nbit";
    case H5Z_FILTER_SCALEOFFSET:
      return "scaleoffset";
    case 32000:
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

static std::string compression_of(hid_t creation) {
  std::vector<std::string> names;
  for (int i = 0, count = H5Pget_nfilters(creation); i < count; ++i) {
    const auto filter =
        H5Pget_filter2(creation, static_cast<unsigned>(i), nullptr, nullptr, nullptr, 0, nullptr, nullptr);
    if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32) names.push_back(filter_name(filter));
  }
  return fmt::format("{}", fmt::join(names, "+"));
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

open_dataset inspect_dataset(const hdf5_file& file, const std::string& given) {
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
  if (rank == 0) throw error(d.where + " got a scalar, need at least one dimension");
  std::vector<hsize_t> shape(static_cast<std::size_t>(std::max(rank, 0)));
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
  if (H5Pget_layout(creation) != H5D_CHUNKED) return d;
  d.layout.compression = compression_of(creation);
  std::vector<hsize_t> chunk(shape.size());
  H5Pget_chunk(creation, rank, chunk.data());
  d.layout.chunk.assign(chunk.begin(), chunk.end());
  d.id = cached(std::move(d.id), file, path, d.layout, H5Tget_size(stored));
  if (!d.id.valid()) throw hdf5_error(d.where, "is damaged", ": copy the file again");
  return d;
}

}
