#include "noneq/storage/chunks.hpp"

#include <filesystem>
#include <memory>
#include <new>

#include <fmt/format.h>
#include <hdf5.h>
#include <libdeflate.h>

#include "noneq/storage/detail/deflate.hpp"
#include "noneq/storage/detail/hdf5_file.hpp"
#include "noneq/storage/detail/hdf5_filters.hpp"

namespace noneq::storage {

// Returns the filters when decode() has them all: none, shuffle, deflate or lzf, shuffle and then one of these.
static std::optional<std::vector<int>> known_filters(hid_t creation, std::size_t element) {
  std::vector<int> filters;
  for (int i = 0, count = H5Pget_nfilters(creation); i < count; ++i) {
    unsigned value = 0;
    std::size_t values = 1;
    filters.push_back(
        H5Pget_filter2(creation, static_cast<unsigned>(i), nullptr, &values, &value, 0, nullptr, nullptr));
    if (filters.back() == H5Z_FILTER_SHUFFLE && value != element) return {};
  }
  using list = std::vector<int>;
  for (const list& known :
       {list{}, list{H5Z_FILTER_SHUFFLE}, list{H5Z_FILTER_DEFLATE}, list{H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE},
        list{filter_lzf}, list{H5Z_FILTER_SHUFFLE, filter_lzf}})
    if (filters == known) return filters;
  return {};
}

// Returns whether the stored chunks are, filters aside, the numbers that rows() returns; fills in the members that
// decode() needs.
static bool describe(const open_dataset& d, raw_chunks& raw) {
  const hdf5_lock lock;
  const hdf5_handle creation(H5Dget_create_plist(d.id), H5Pclose), stored(H5Dget_type(d.id), H5Tclose);
  const std::size_t element = c10::elementSize(d.type.dtype);
  unsigned options = 0;
  if (d.layout.chunk.empty() || d.type.dtype == at::kBool || d.type.unsigned_64 ||
      H5Tequal(stored, d.type.memory) <= 0 || H5Pget_chunk_opts(creation, &options) < 0 || options != 0)
    return false;
  const auto filters = known_filters(creation, element);
  if (!filters) return false;
  raw.filters = *filters;
  raw.chunk_shape = d.layout.chunk;
  raw.fill.assign(element, '\0');
  return !d.filled || H5Pget_fill_value(creation, d.type.memory, raw.fill.data()) >= 0;
}

static raw_chunks::chunk fetch(const open_dataset& d, const sizes& offset, std::uint64_t file_bytes) {
  raw_chunks::chunk chunk{.offset = offset, .skipped = 0, .bytes = {}};
  const std::vector<hsize_t> at(offset.begin(), offset.end());
  hsize_t bytes = 0;  // 0 when the chunk was never written
  // H5Dget_chunk_info_by_coord would visit all chunks of the dataset each time.
  bool read = H5Dget_chunk_storage_size(d.id, at.data(), &bytes) >= 0 && bytes <= file_bytes;
  if (read && bytes > 0) {
    chunk.bytes.resize(bytes);
    read = H5Dread_chunk(d.id, H5P_DEFAULT, at.data(), &chunk.skipped, chunk.bytes.data()) >= 0;
  }
  const std::string reason = read ? "" : hdf5_reason();
  if (!read) need_as_long(d);
  if (!read)
    throw error(
        fmt::format("{}: cannot read the chunk at {} ({}): copy the file again", d.where, to_string(offset), reason));
  return chunk;
}

// The next chunk in row-major order over the band of chunks [from, to) of dimension 0.
static bool advance(sizes& offset, const dataset_layout& layout, std::int64_t to) {
  for (std::size_t i = offset.size(); i-- > 0;) {
    offset[i] += layout.chunk[i];
    if (offset[i] < (i == 0 ? to : layout.shape[i])) return true;
    if (i > 0) offset[i] = 0;
  }
  return false;
}

// Returns where the numbers of a dataset begin in its file, when they lie there in one piece, as rows() returns them.
static std::optional<std::int64_t> begin_of_piece(const open_dataset& d) {
  const hdf5_lock lock;
  const hdf5_handle stored(H5Dget_type(d.id), H5Tclose), creation(H5Dget_create_plist(d.id), H5Pclose);
  if (H5Pget_layout(creation) != H5D_CONTIGUOUS || H5Pget_external_count(creation) > 0 || d.type.dtype == at::kBool ||
      d.type.unsigned_64 || H5Tequal(stored, d.type.memory) <= 0)
    return std::nullopt;
  const haddr_t offset = H5Dget_offset(d.id);
  return offset == HADDR_UNDEF ? std::nullopt : std::optional(static_cast<std::int64_t>(offset));
}

raw_chunks read_raw(const hdf5_reader& reader, const std::string& dataset, std::int64_t first, std::int64_t count) {
  const open_dataset& d = reader.file_->dataset(dataset);
  check_rows(d, first, count);
  raw_chunks raw;
  raw.where = d.where;
  raw.dtype = d.type.dtype;
  raw.shape = d.layout.shape;
  raw.shape[0] = count;
  raw.first = first;
  if (const auto begin = count > 0 ? begin_of_piece(d) : std::nullopt) {
    const std::int64_t row_bytes = d.layout.bytes / d.layout.shape[0];
    const hdf5_lock lock;
    need_as_long(d);
    if (!d.piece) d.piece = std::make_shared<const input_file>(reader.file_->name);
    raw.piece = d.piece;
    raw.piece_offset = *begin + first * row_bytes;
    raw.piece->will_read(raw.piece_offset, count * row_bytes);
    return raw;
  }
  if (count == 0 || !describe(d, raw)) {
    raw.plain = reader.rows(dataset, first, count);
    return raw;
  }
  const hdf5_lock lock;
  const auto file_bytes = static_cast<std::uint64_t>(d.files.front().bytes);
  sizes offset(d.layout.shape.size(), 0);
  offset[0] = first / d.layout.chunk[0] * d.layout.chunk[0];
  do raw.chunks.push_back(fetch(d, offset, file_bytes));
  while (advance(offset, d.layout, first + count));
  need_as_long(d);
  return raw;
}

static error damaged(const raw_chunks& raw, const raw_chunks::chunk& chunk, std::size_t got, std::size_t need) {
  return error(fmt::format("{} has a damaged chunk at {}: got {} bytes, need {}: copy the file again", raw.where,
                           to_string(chunk.offset), got, need));
}

using inflater = std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>;

// Memory that decoding needs, used again from chunk to chunk. One thread.
struct decoding {
  std::array<std::string, 2> bytes;
  inflater inflates{libdeflate_alloc_decompressor(), libdeflate_free_decompressor};
  decoding() {
    if (!inflates) throw std::bad_alloc();
  }
};

static void inflate_into(const raw_chunks& raw, const raw_chunks::chunk& chunk, const std::string& from,
                         const inflater& inflates, std::string& to) {
  std::size_t got = 0;
  if (libdeflate_zlib_decompress(inflates.get(), from.data(), from.size(), to.data(), to.size(), &got) !=
      LIBDEFLATE_SUCCESS)
    throw damaged(raw, chunk, 0, to.size());
  if (got != to.size()) throw damaged(raw, chunk, got, to.size());
}

// HDF5's shuffle stores all first bytes, then all second bytes, … of the elements.
static void unshuffle_into(const std::string& from, std::string& to, std::size_t element) {
  const std::size_t count = from.size() / element;
  for (std::size_t byte = 0; byte < element; ++byte) {
    const char* source = from.data() + byte * count;
    char* target = to.data() + byte;
    for (std::size_t i = 0; i < count; ++i) target[i * element] = source[i];
  }
}

// Returns the bytes of a chunk with its filters undone, valid until `scratch` is used again.
static const std::string& unfilter(const raw_chunks& raw, const raw_chunks::chunk& chunk, std::size_t element,
                                   std::size_t bytes, decoding& scratch) {
  if (bytes / most_deflated > chunk.bytes.size()) throw damaged(raw, chunk, chunk.bytes.size(), bytes);
  const std::string* now = &chunk.bytes;
  std::size_t turn = 0;
  for (std::size_t i = raw.filters.size(); i-- > 0;) {
    if (chunk.skipped >> i & 1u) continue;
    if (raw.filters[i] == H5Z_FILTER_SHUFFLE && element == 1) continue;  // bytes stay where they are
    std::string& next = scratch.bytes[turn++];
    next.resize(bytes);
    if (raw.filters[i] == H5Z_FILTER_DEFLATE) {
      inflate_into(raw, chunk, *now, scratch.inflates, next);
    } else if (raw.filters[i] == filter_lzf) {
      if (const std::size_t got = unpack_lzf(now->data(), now->size(), next.data(), bytes); got != bytes)
        throw damaged(raw, chunk, got, bytes);
    } else {
      if (now->size() != bytes) throw damaged(raw, chunk, now->size(), bytes);
      unshuffle_into(*now, next, element);
    }
    now = &next;
  }
  if (now->size() != bytes) throw damaged(raw, chunk, now->size(), bytes);
  return *now;
}

void check_chunk_shape(const open_dataset& d) {
  const hdf5_lock lock;
  const hdf5_handle creation(H5Dget_create_plist(d.id), H5Pclose), stored(H5Dget_type(d.id), H5Tclose),
      space(H5Dget_space(d.id), H5Sclose);
  const std::size_t element = H5Tget_size(stored);
  const auto filters = known_filters(creation, element);
  unsigned options = 0;  // chunks at the edge may be stored without their filters, which only HDF5 undoes
  if (H5Pget_chunk_opts(creation, &options) < 0 || options != 0) return;
  std::vector<hsize_t> at(d.layout.shape.size(), 0);
  unsigned skipped = 0;
  haddr_t address = HADDR_UNDEF;
  hsize_t bytes = 0;
  if (!filters || H5Dget_chunk_info(d.id, space, 0, at.data(), &skipped, &address, &bytes) < 0) return;
  raw_chunks raw;
  raw.where = d.where;
  raw.filters = *filters;
  decoding scratch;
  const sizes offset(at.begin(), at.end());
  const auto chunk = fetch(d, offset, static_cast<std::uint64_t>(d.files.front().bytes));
  if (!chunk.bytes.empty())
    unfilter(raw, chunk, element, static_cast<std::size_t>(c10::multiply_integers(d.layout.chunk)) * element, scratch);
}

Tensor decode(const raw_chunks& raw) {
  if (raw.plain.defined()) return raw.plain;
  const Tensor out = at::empty(raw.shape, raw.dtype);
  if (raw.piece) {
    raw.piece->read(raw.piece_offset, out.data_ptr(), static_cast<std::int64_t>(out.nbytes()));
    return out;
  }
  const std::size_t element = c10::elementSize(raw.dtype),
                    bytes = static_cast<std::size_t>(c10::multiply_integers(raw.chunk_shape)) * element;
  decoding scratch;
  for (const raw_chunks::chunk& chunk : raw.chunks) {
    // from_blob takes a mutable pointer; the views below are only read.
    const bool written = !chunk.bytes.empty();
    const std::string& values = written ? unfilter(raw, chunk, element, bytes, scratch) : raw.fill;
    Tensor from = at::from_blob(const_cast<char*>(values.data()),
                                written ? at::IntArrayRef(raw.chunk_shape) : at::IntArrayRef(), raw.dtype);
    Tensor to = out;
    if (!written) from = from.expand(raw.chunk_shape);
    for (std::size_t i = 0; i < raw.shape.size(); ++i) {
      const std::int64_t shift = i == 0 ? raw.first : 0, dim = static_cast<std::int64_t>(i);
      const std::int64_t begin = std::max(chunk.offset[i], shift);
      const std::int64_t end = std::min(chunk.offset[i] + raw.chunk_shape[i], shift + raw.shape[i]);
      from = from.narrow(dim, begin - chunk.offset[i], end - begin);
      to = to.narrow(dim, begin - shift, end - begin);
    }
    to.copy_(from);
  }
  return out;
}

}
