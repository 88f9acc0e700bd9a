#include <fmt/format.h>
#include <hdf5.h>

#include "noneq/core/dtype.hpp"
#include "noneq/storage/dataset_names.hpp"
#include "noneq/storage/detail/hdf5_types.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq::storage {

static constexpr std::int64_t chunk_bytes = 256 * 1024;  // small enough for random rows, large enough for gzip

// A dataset that grows. Its chunks have its final size, up to chunk_bytes: until that is known, its rows wait in
// memory.
struct grown {
  hdf5_handle id;  // invalid as long as rows wait
  at::ScalarType dtype = at::kFloat;
  sizes shape;  // that is written
  std::vector<Tensor> waiting;
  std::int64_t waiting_rows = 0;
};

struct hdf5_writer::state {
  state(const std::filesystem::path& path, int level) : name(path.string()), gzip(level), file(path) {}

  std::string name;
  int gzip;
  atomic_file file;  // outlives the handles below, which write into it when they close
  hdf5_handle id;
  std::map<std::string, grown> appended;
  bool broken = false;  // a write failed: HDF5's content may be incomplete

  void check_new(const std::string& dataset, const Tensor& tensor) const;
  // `chunk_rows`: 0 for a dataset of the tensor's size, else rows in a chunk of one that grows.
  hdf5_handle create(const std::string& dataset, const Tensor& tensor, std::int64_t chunk_rows);
  void begin(const std::string& dataset, grown& g);
  void write_rows(const std::string& dataset, grown& g, const Tensor& rows);
  void set(const std::string& object, const std::string& attribute, hid_t stored, hid_t memory, const void* value);
  void check_open() const;
  error failed(const std::string& what) {
    broken = true;
    return hdf5_error(name, "cannot " + what, "; free some space or write elsewhere");
  }
};

static std::string where(const std::string& file, const std::string& dataset) {
  return fmt::format("{}: dataset '{}'", file, dataset);
}

hdf5_writer::hdf5_writer(const std::filesystem::path& path, int gzip) {
  if (gzip < 0 || gzip > 9) throw error(fmt::format("{}: got gzip level {}, need 0 … 9", path.string(), gzip));
  const hdf5_lock lock;
  state_ = std::make_unique<state>(path, gzip);
  const hdf5_handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_file_locking(access, false, true);  // atomic_file holds a lock of it, which HDF5's own would meet on NFS
  state_->id = {H5Fcreate(state_->file.temporary().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose};
  if (!state_->id.valid()) throw state_->failed("create the file");
}

hdf5_writer::hdf5_writer(hdf5_writer&&) noexcept = default;
hdf5_writer& hdf5_writer::operator=(hdf5_writer&&) noexcept = default;
hdf5_writer::~hdf5_writer() = default;

// As many rows as make a chunk of chunk_bytes, one at least.
static std::int64_t rows_of_chunk(const Tensor& tensor) {
  return std::max<std::int64_t>(1,
                                chunk_bytes / (tensor[0].numel() * static_cast<std::int64_t>(tensor.element_size())));
}

void hdf5_writer::state::check_new(const std::string& dataset, const Tensor& tensor) const {
  const std::string subject = where(name, dataset);
  if (!stored_type(tensor.scalar_type()).valid())
    throw error(
        fmt::format("{} got dtype {}, need a real number type or bool", subject, dtype_text(tensor.scalar_type())));
  if (appended.contains(dataset) || H5Lexists(id, dataset.c_str(), H5P_DEFAULT) > 0)
    throw error(subject + " is written twice, need another name");
  const std::int64_t row = tensor[0].numel() * static_cast<std::int64_t>(tensor.element_size());
  if (row >= std::int64_t{1} << 32)
    throw error(fmt::format("{} got rows of {} bytes, need less than 4 GiB", subject, row));
}

hdf5_handle hdf5_writer::state::create(const std::string& dataset, const Tensor& tensor, std::int64_t chunk_rows) {
  const bool growing = chunk_rows > 0;
  const hdf5_handle type = stored_type(tensor.scalar_type());
  const hdf5_handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose), links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, false);  // equal content, equal bytes
  H5Pset_create_intermediate_group(links, 1);
  std::vector<hsize_t> shape(tensor.sizes().begin(), tensor.sizes().end()), most = shape;
  if (growing || gzip > 0) {
    std::vector<hsize_t> chunk = shape;
    chunk[0] = static_cast<hsize_t>(growing ? chunk_rows : std::min(rows_of_chunk(tensor), tensor.size(0)));
    H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
    if (gzip > 0) H5Pset_shuffle(creation), H5Pset_deflate(creation, static_cast<unsigned>(gzip));
  }
  if (growing) shape[0] = 0, most[0] = H5S_UNLIMITED;
  const hdf5_handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), most.data()), H5Sclose);
  hdf5_handle made(H5Dcreate2(id, dataset.c_str(), type, space, links, creation, H5P_DEFAULT), H5Dclose);
  if (!made.valid()) throw failed(fmt::format("create dataset '{}'", dataset));
  return made;
}

void hdf5_writer::state::begin(const std::string& dataset, grown& g) {
  if (g.id.valid()) return;
  const Tensor rows = at::cat(std::exchange(g.waiting, {}));
  g.id = create(dataset, rows, std::min(rows_of_chunk(rows), rows.size(0)));
  write_rows(dataset, g, rows);
}

void hdf5_writer::state::write_rows(const std::string& dataset, grown& g, const Tensor& rows) {
  std::vector<hsize_t> offset(g.shape.size(), 0), extent(rows.sizes().begin(), rows.sizes().end()), whole = extent;
  offset[0] = static_cast<hsize_t>(g.shape[0]);
  whole[0] += offset[0];
  if (H5Dset_extent(g.id, whole.data()) < 0) throw failed(fmt::format("extend dataset '{}'", dataset));
  const hdf5_handle space(H5Dget_space(g.id), H5Sclose);
  const hdf5_handle memory(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose);
  H5Sselect_hyperslab(space, H5S_SELECT_SET, offset.data(), nullptr, extent.data(), nullptr);
  const hdf5_handle type = stored_type(rows.scalar_type());
  if (H5Dwrite(g.id, type, memory, space, H5P_DEFAULT, rows.data_ptr()) < 0)
    throw failed(fmt::format("append to dataset '{}'", dataset));
  g.shape[0] += rows.size(0);
}

static Tensor plain(const std::string& file, const std::string& dataset, const Tensor& tensor) {
  need_dataset_name(file, dataset);
  const std::string subject = where(file, dataset);
  if (!tensor.defined()) throw error(subject + " got an undefined tensor, need values");
  if (tensor.dim() == 0) throw error(subject + " got a scalar, need at least one dimension");
  if (tensor.dim() > H5S_MAX_RANK)
    throw error(fmt::format("{} got {} dimensions, need at most {}", subject, tensor.dim(), H5S_MAX_RANK));
  for (std::int64_t i = 1; i < tensor.dim(); ++i)
    if (tensor.size(i) == 0)
      throw error(fmt::format("{} got an empty tensor {}, need values", subject, to_string(tensor.sizes().vec())));
  return tensor.detach().to(at::kCPU).contiguous();
}

void hdf5_writer::state::check_open() const {
  if (!id.valid()) throw error(name + ": is closed already, need to write before close()");
  if (broken) throw error(name + ": a write failed before, need to write the file anew");
}

void hdf5_writer::write(const std::string& dataset, const Tensor& tensor) {
  const hdf5_lock lock;
  state_->check_open();
  const Tensor values = plain(state_->name, dataset, tensor);
  if (values.numel() == 0) throw error(where(state_->name, dataset) + " got no rows, need at least one");
  state_->check_new(dataset, values);
  hdf5_handle id = state_->create(dataset, values, 0);
  const hdf5_handle type = stored_type(values.scalar_type());
  if (H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data_ptr()) < 0 || !id.close())
    throw state_->failed(fmt::format("write dataset '{}'", dataset));
}

void hdf5_writer::append(const std::string& dataset, const Tensor& rows) {
  const hdf5_lock lock;
  state_->check_open();
  const Tensor values = plain(state_->name, dataset, rows);
  if (values.size(0) == 0) return;
  auto at = state_->appended.find(dataset);
  if (at == state_->appended.end()) {
    state_->check_new(dataset, values);
    sizes none = values.sizes().vec();
    none[0] = 0;
    at = state_->appended.emplace(dataset, grown{.id = {}, .dtype = values.scalar_type(), .shape = none, .waiting = {}})
             .first;
  }
  grown& so_far = at->second;
  sizes like = so_far.shape;
  like[0] = values.size(0);
  if (values.sizes().vec() != like || values.scalar_type() != so_far.dtype)
    throw error(fmt::format("{} got rows {} of {}, need {} of {} like those before", where(state_->name, dataset),
                            to_string(values.sizes().vec()), dtype_text(values.scalar_type()), to_string(like),
                            dtype_text(so_far.dtype)));
  if (so_far.id.valid()) return state_->write_rows(dataset, so_far, values);
  so_far.waiting.push_back(values.is_alias_of(rows) ? values.clone() : values);
  so_far.waiting_rows += values.size(0);
  if (so_far.waiting_rows >= rows_of_chunk(values)) state_->begin(dataset, so_far);
}

void hdf5_writer::state::set(const std::string& object, const std::string& attribute, hid_t stored, hid_t memory,
                             const void* value) {
  const hdf5_lock lock;
  check_open();
  for (auto& [dataset, g] : appended)
    if (dataset == object || dataset.starts_with(object + "/")) begin(dataset, g);
  const hdf5_handle owner(H5Oopen(id, object.c_str(), H5P_DEFAULT), H5Oclose);
  if (!owner.valid())
    throw error(fmt::format("{}: attribute '{}' got object '{}', need one written before", name, attribute, object));
  if (H5Aexists(owner, attribute.c_str()) > 0) H5Adelete(owner, attribute.c_str());
  const hdf5_handle one(H5Screate(H5S_SCALAR), H5Sclose);
  const hdf5_handle made(H5Acreate2(owner, attribute.c_str(), stored, one, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (!made.valid() || H5Awrite(made, memory, value) < 0) throw failed(fmt::format("write attribute '{}'", attribute));
}

void hdf5_writer::attribute(const std::string& object, const std::string& name, const std::string& value) {
  const hdf5_lock lock;
  const hdf5_handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  const char* text = value.c_str();
  state_->set(object, name, type, type, &text);
}

void hdf5_writer::attribute(const std::string& object, const std::string& name, double value) {
  const hdf5_lock lock;  // the names of HDF5's types are calls, too
  state_->set(object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

void hdf5_writer::attribute(const std::string& object, const std::string& name, std::int64_t value) {
  const hdf5_lock lock;
  state_->set(object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

void hdf5_writer::close() {
  const hdf5_lock lock;
  state_->check_open();
  for (auto& [dataset, so_far] : state_->appended) {
    state_->begin(dataset, so_far);
    if (!so_far.id.close()) throw state_->failed(fmt::format("write dataset '{}'", dataset));
  }
  if (H5Fflush(state_->id, H5F_SCOPE_GLOBAL) < 0 || !state_->id.close()) throw state_->failed("write the file");
  state_->file.commit();
}

}
