#include <fmt/format.h>
#include <hdf5.h>

#include "noneq/storage/detail/hdf5_file.hpp"
#include "noneq/storage/detail/hdf5_probe.hpp"

namespace noneq::storage {

hdf5_handle open_hdf5(const std::string& path, std::string& reason) {
  const hdf5_handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_file_locking(access, true, true);  // file systems without locks are read without
  hdf5_handle id(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access), H5Fclose);
  if (!id.valid()) reason = hdf5_reason();  // the next call forgets it
  return id;
}

static hdf5_handle open_file(const std::filesystem::path& path) {
  const std::string file = path.string();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    throw error(file + ": does not exist, need an HDF5 file: check the path");
  if (std::filesystem::is_directory(path, ignored)) throw error(file + ": got a directory, need an HDF5 file");
  if (!std::filesystem::is_regular_file(path, ignored))
    throw error(file + ": got a device or pipe, need a regular file");
  if (std::filesystem::file_size(path, ignored) == 0)
    throw error(file + ": got an empty file, need an HDF5 file: make or copy it again");
  std::string reason;
  need_survival(file, path, [&] { open_hdf5(file, reason); });
  hdf5_handle id = open_hdf5(file, reason);
  if (id.valid()) return id;
  if (reason.find("Permission denied") != reason.npos)
    throw error(fmt::format("{}: cannot open ({}): check the permissions", file, reason));
  if (reason.find("temporarily unavailable") != reason.npos || reason.find("unable to lock") != reason.npos)
    throw error(fmt::format("{}: is being written by another program ({}): wait for it", file, reason));
  if (H5Fis_hdf5(file.c_str()) > 0)
    throw error(
        fmt::format("{}: got a truncated or damaged file ({}), need a whole HDF5 file: copy it again", file, reason));
  throw error(fmt::format("{}: got a file of another kind, need an HDF5 file ({})", file, reason));
}

hdf5_reader::hdf5_reader(const std::filesystem::path& path) {
  const hdf5_lock lock;
  file_ = std::make_shared<hdf5_file>(hdf5_file{.name = path.string(), .id = open_file(path), .open = {}});
}

dataset_layout hdf5_reader::layout(const std::string& dataset) const { return file_->dataset(dataset).layout; }

std::vector<std::string> hdf5_reader::datasets() const {
  const hdf5_lock lock;
  need_survival(file_->name + ": its list of datasets", file_->name, [&] { file_->datasets(); });
  return file_->datasets();
}

void check_rows(const open_dataset& dataset, std::int64_t first, std::int64_t count) {
  const std::int64_t height = dataset.layout.shape[0];
  if (first < 0 || count < 0 || first > height || count > height - first)
    throw error(fmt::format("{} got rows {} … {}, need them within 0 … {}", dataset.where, first,
                            static_cast<double>(first) + static_cast<double>(count) - 1, height - 1));
}

Tensor empty_rows(const open_dataset& dataset, std::int64_t count) {
  sizes shape = dataset.layout.shape;
  shape[0] = count;
  try {
    return dataset.filled ? at::empty(shape, dataset.type.dtype) : at::zeros(shape, dataset.type.dtype);
  } catch (const std::exception&) {  // torch and the standard library each have their own
    throw error(fmt::format("{} got {} rows ({} bytes) to read at once, need fewer: no memory for them", dataset.where,
                            count, dataset.layout.bytes / dataset.layout.shape[0] * count));
  }
}

void read_run(const open_dataset& dataset, std::int64_t first, std::int64_t count, char* out) {
  if (count == 0) return;
  const hdf5_lock lock;
  const auto rank = static_cast<int>(dataset.layout.shape.size());
  std::vector<hsize_t> offset(dataset.layout.shape.size(), 0);
  std::vector<hsize_t> extent(dataset.layout.shape.begin(), dataset.layout.shape.end());
  offset[0] = static_cast<hsize_t>(first);
  extent[0] = static_cast<hsize_t>(count);
  const hdf5_handle stored(H5Dget_space(dataset.id), H5Sclose);
  const hdf5_handle memory(H5Screate_simple(rank, extent.data(), nullptr), H5Sclose);
  const bool read = H5Sselect_hyperslab(stored, H5S_SELECT_SET, offset.data(), nullptr, extent.data(), nullptr) >= 0 &&
                    H5Dread(dataset.id, dataset.type.memory, memory, stored, H5P_DEFAULT, out) >= 0;
  const std::string reason = read ? "" : hdf5_reason();
  need_as_long(dataset);
  if (read) return;
  const std::string& compression = dataset.layout.compression;
  throw error(fmt::format("{}: cannot read rows {} … {} ({}): copy the file again{}", dataset.where, first,
                          first + count - 1, reason,
                          compression.empty() || compression == "gzip"
                              ? ""
                              : fmt::format(", or store it with gzip instead of {}", compression)));
}

void finish_rows(const open_dataset& dataset, const Tensor& rows) {
  if (dataset.type.dtype == at::kBool) rows.view(at::kByte).ne_(0);
  if (dataset.type.unsigned_64 && rows.numel() > 0 && rows.min().item<std::int64_t>() < 0)
    throw error(dataset.where + " got unsigned values above 2^63-1, need values that int64 holds");
}

Tensor hdf5_reader::rows(const std::string& dataset, std::int64_t first, std::int64_t count) const {
  const open_dataset& d = file_->dataset(dataset);
  check_rows(d, first, count);
  const Tensor out = empty_rows(d, count);
  read_run(d, first, count, static_cast<char*>(out.data_ptr()));
  finish_rows(d, out);
  return out;
}

Tensor hdf5_reader::rows(const std::string& dataset, std::span<const std::int64_t> indices) const {
  std::vector<std::int64_t> sorted(indices.begin(), indices.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());

  const open_dataset& d = file_->dataset(dataset);
  if (!sorted.empty()) check_rows(d, sorted.front(), 1), check_rows(d, sorted.back(), 1);
  const auto count = static_cast<std::int64_t>(sorted.size());
  const Tensor out = empty_rows(d, count);
  const std::int64_t row_bytes = d.layout.bytes / d.layout.shape[0];
  for (std::size_t begin = 0, end; begin < sorted.size(); begin = end) {
    for (end = begin + 1; end < sorted.size() && sorted[end] == sorted[end - 1] + 1;) ++end;
    read_run(d, sorted[begin], static_cast<std::int64_t>(end - begin),
             static_cast<char*>(out.data_ptr()) + static_cast<std::int64_t>(begin) * row_bytes);
  }
  finish_rows(d, out);
  if (std::equal(sorted.begin(), sorted.end(), indices.begin(), indices.end())) return out;

  const Tensor order = at::empty({static_cast<std::int64_t>(indices.size())}, at::kLong);
  std::transform(indices.begin(), indices.end(), order.data_ptr<std::int64_t>(),
                 [&](std::int64_t i) { return std::lower_bound(sorted.begin(), sorted.end(), i) - sorted.begin(); });
  return out.index_select(0, order);
}

}
