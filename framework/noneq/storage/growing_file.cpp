#include "noneq/storage/growing_file.hpp"

#include <chrono>

#include <fcntl.h>
#include <fmt/format.h>
#include <hdf5.h>

#include "noneq/core/dtype.hpp"
#include "noneq/storage/dataset_names.hpp"
#include "noneq/storage/detail/growing_state.hpp"
#include "noneq/storage/detail/hdf5_description.hpp"
#include "noneq/storage/detail/hdf5_objects.hpp"

namespace noneq::storage {

std::filesystem::path head_of(const std::filesystem::path& file) {
  std::filesystem::path head = file;
  head += ".head";
  return head;
}

growing_file::growing_file(const std::filesystem::path& path, growing_file_kind kind) {
  const hdf5_lock lock;
  state_ = std::make_unique<state>(path, kind);
  if (kind == growing_file_kind::whole) state_->file.emplace(path);
  state_->id = create_plain(state_->file ? state_->file->temporary() : path);
  if (!state_->id.valid()) throw state_->failed("create the file");
  if (kind == growing_file_kind::whole) return;
  state_->bytes = descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  state_->journal.emplace(path);
}

growing_file::growing_file(growing_file&&) noexcept = default;
growing_file::~growing_file() = default;

void growing_file::create(const std::string& dataset, const sizes& row, const row_format& f) {
  const hdf5_lock lock;
  state_->need_open();
  need_dataset_name(state_->path.string(), dataset);
  if (has(dataset) || H5Lexists(state_->id, dataset.c_str(), H5P_DEFAULT) > 0)
    throw error(state_->where(dataset) + " is written twice, need another name");
  if (state_->headed && state_->kind == growing_file_kind::in_units)
    throw error(state_->where(dataset) + " comes after the first rows, need all datasets before them");
  if (static_cast<int>(row.size()) + 1 > H5S_MAX_RANK)
    throw error(
        fmt::format("{} got {} dimensions, need at most {}", state_->where(dataset), row.size() + 1, H5S_MAX_RANK));
  for (const std::int64_t n : row)
    if (n == 0) throw error(fmt::format("{} got empty rows {}, need values", state_->where(dataset), to_string(row)));
  const double bytes = static_cast<double>(c10::multiply_integers(row)) * static_cast<double>(f.numbers.bytes()) *
                       static_cast<double>(f.chunk_rows);
  if (bytes >= 4294967296.0)
    throw error(fmt::format("{} got chunks of {} rows, {:.0f} bytes, need less than 4 GiB", state_->where(dataset),
                            f.chunk_rows, bytes));
  std::vector<hsize_t> shape{0}, most{H5S_UNLIMITED}, chunk{static_cast<hsize_t>(f.chunk_rows)};
  for (const std::int64_t n : row) {
    for (auto* each : {&shape, &most, &chunk}) each->push_back(static_cast<hsize_t>(n));
  }
  const hdf5_handle type = stored_type(f.numbers);
  const hdf5_handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose), links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, false);  // equal content, equal bytes
  H5Pset_create_intermediate_group(links, 1);
  H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
  if (f.gzip > 0 && f.shuffle) H5Pset_shuffle(creation);
  if (f.gzip > 0) H5Pset_deflate(creation, static_cast<unsigned>(f.gzip));
  const hdf5_handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), most.data()), H5Sclose);
  hdf5_handle made(H5Dcreate2(state_->id, dataset.c_str(), type, space, links, creation, H5P_DEFAULT), H5Dclose);
  if (!made.valid()) throw state_->failed(fmt::format("create dataset '{}'", dataset));
  state_->datasets.emplace(dataset, growing_dataset{.id = std::move(made), .row = row, .format = f});
}

bool growing_file::has(const std::string& dataset) const { return state_->datasets.count(dataset) > 0; }
const row_format& growing_file::format(const std::string& dataset) const { return state_->at(dataset).format; }
const sizes& growing_file::row_shape(const std::string& dataset) const { return state_->at(dataset).row; }
std::int64_t growing_file::rows(const std::string& dataset) const { return state_->at(dataset).rows; }

void growing_file::append(const std::string& dataset, const encoded_rows& rows) {
  const hdf5_lock lock;
  state_->need_open();
  growing_dataset& g = state_->at(dataset);
  sizes like = g.row;
  like.insert(like.begin(), rows.rows.size(0));
  if (rows.rows.sizes() != at::IntArrayRef(like) || rows.rows.scalar_type() != g.format.numbers.holder)
    throw error(fmt::format("{} got rows {} of {}, need {} of {} like those before", state_->where(dataset),
                            to_string(rows.rows.sizes().vec()), dtype_text(rows.rows.scalar_type()), to_string(like),
                            dtype_text(g.format.numbers.holder)));
  if (rows.rows.size(0) == 0) return;
  if (g.ended_in_chunk)
    throw error(
        fmt::format("{} got rows behind a unit that ended within a chunk of {} rows, need units of whole chunks",
                    state_->where(dataset), g.format.chunk_rows));
  state_->make_head();
  state_->extend(dataset, g, g.rows + rows.rows.size(0));
  std::int64_t done = 0;
  if (g.waiting_rows == 0)  // otherwise the chunks of these rows are not those of the file
    for (const encoded_chunk& c : rows.chunks) {
      state_->put(dataset, g, c);
      done += g.format.chunk_rows;
    }
  g.rows += rows.rows.size(0);
  if (done == rows.rows.size(0)) return;
  g.waiting.push_back(rows.rows.slice(0, done).clone());  // the rest of a batch may be held elsewhere, and changed
  g.waiting_rows += rows.rows.size(0) - done;
  state_->put_waiting(dataset, g, false);
}

static hdf5_handle owner_of(hid_t file, const std::string& path, const std::string& object,
                            const std::string& attribute) {
  hdf5_handle owner(H5Oopen(file, object.c_str(), H5P_DEFAULT), H5Oclose);
  if (!owner.valid())
    throw error(fmt::format("{}: attribute '{}' got object '{}', need one written before", path, attribute, object));
  return owner;
}

void growing_file::attribute(const std::string& object, const std::string& name, const std::string& value) {
  const hdf5_lock lock;
  state_->need_open();
  const hdf5_handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  const char* text = value.c_str();
  if (!set_attribute(owner_of(state_->id, state_->path.string(), object, name), name, type, type, &text))
    throw state_->failed(fmt::format("write attribute '{}'", name));
}

void growing_file::attribute(const std::string& object, const std::string& name, double value) {
  const hdf5_lock lock;
  state_->need_open();
  if (!set_attribute(owner_of(state_->id, state_->path.string(), object, name), name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE,
                     &value))
    throw state_->failed(fmt::format("write attribute '{}'", name));
}

void growing_file::fill_value(const std::string& dataset, std::int64_t value) {
  const hdf5_lock lock;
  state_->need_open();
  if (!set_attribute(state_->at(dataset).id, "_FillValue", stored_type(state_->at(dataset).format.numbers),
                     H5T_NATIVE_INT64, &value))
    throw state_->failed("write attribute '_FillValue'");
}

void growing_file::copy_description(const std::string& dataset, const std::vector<std::filesystem::path>& files,
                                    const std::string& source, std::int64_t rows, description_of what) {
  const hdf5_lock lock;
  state_->need_open();
  storage::copy_description(state_->id, state_->path.string(), dataset, state_->at(dataset).row, files, source, rows,
                            what == description_of::rows);
}

void growing_file::end_unit(std::int64_t first, std::int64_t rows) {
  const hdf5_lock lock;
  state_->need_open();
  stored_unit unit{
      first, rows, std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(), {}};
  for (auto& [dataset, g] : state_->datasets) {
    state_->put_waiting(dataset, g, true);
    g.unit_chunks = std::max(g.unit_chunks, static_cast<std::int64_t>(g.of_unit.size()));
    for (const stored_chunk& c : g.of_unit) state_->ended_bytes = std::max(state_->ended_bytes, c.offset + c.bytes);
    unit.chunks[dataset] = std::exchange(g.of_unit, {});
  }
  state_->journal->add(std::move(unit));
}

void growing_file::close() {
  const hdf5_lock lock;
  state_->need_open();
  for (auto& [dataset, g] : state_->datasets) {
    state_->put_waiting(dataset, g, true);
    if (!g.id.close()) throw state_->failed(fmt::format("write dataset '{}'", dataset));
  }
  if (state_->journal) {
    state_->journal->finish();
    for (const auto& [dataset, g] : state_->datasets)
      write_checksums(state_->id, state_->path, dataset, g.sums, g.unit_chunks);
  }
  if (H5Fflush(state_->id, H5F_SCOPE_GLOBAL) < 0 || !state_->id.close()) throw state_->failed("write the file");
  if (state_->file)
    state_->file->commit();
  else
    make_durable(state_->path);
  state_->closed = true;  // whatever becomes of the note, the file is whole
  if (state_->journal) note_closed(state_->path);
}

}
