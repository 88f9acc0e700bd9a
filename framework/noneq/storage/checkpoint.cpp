#include "noneq/storage/checkpoint.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <zlib.h>

#include "noneq/storage/files.hpp"
#include "noneq/storage/json_text.hpp"
#include "noneq/storage/safetensors.hpp"

namespace noneq::storage {

namespace fs = std::filesystem;
using nlohmann::json;

static constexpr int newest_format = 1;

static fs::path json_of(const fs::path& dir) { return dir / "checkpoint.json"; }

static std::string checksum(std::string_view bytes) {
  return fmt::format("{:08x}", ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string checksum(const std::map<std::string, Tensor>& tensors) {
  uLong sum = 0;
  const auto add = [&](const void* bytes, std::size_t n) { sum = ::crc32_z(sum, static_cast<const Bytef*>(bytes), n); };
  for (const auto& [name, tensor] : tensors) {
    const Tensor values = tensor.detach().contiguous();
    add(name.data(), name.size());
    add(values.data_ptr(), values.nbytes());
  }
  return fmt::format("{:08x}", sum);
}

std::uint32_t checksum(const Tensor& tensor, std::uint32_t before) {
  const Tensor values = tensor.detach().contiguous();
  return static_cast<std::uint32_t>(::crc32_z(before, static_cast<const Bytef*>(values.data_ptr()), values.nbytes()));
}

// The n of "<head><n><tail>"; nothing for any other name.
static std::optional<std::int64_t> number_in(std::string_view name, std::string_view head, std::string_view tail) {
  if (!name.starts_with(head) || !name.ends_with(tail) || name.size() <= head.size() + tail.size()) return {};
  name = name.substr(head.size(), name.size() - head.size() - tail.size());
  std::int64_t n = 0;
  const auto [end, fault] = std::from_chars(name.data(), name.data() + name.size(), n);
  if (fault != std::errc() || end != name.data() + name.size() || n < 0 || n == INT64_MAX) return {};
  return n;
}

static std::optional<std::int64_t> number_of(std::string_view tensors) {
  return number_in(tensors, "tensors-", ".safetensors");
}

static fs::path earlier_json_of(const fs::path& dir, std::int64_t n) {
  return dir / fmt::format("checkpoint-{}.json", n);
}

// Returns the numbers of the earlier checkpoints, the last first.
static std::vector<std::int64_t> earlier_ones(const fs::path& dir) {
  std::vector<std::int64_t> all;
  std::error_code ignored;
  for (fs::directory_iterator at(dir, ignored), end; !ignored && at != end; at.increment(ignored))
    if (const auto n = number_in(at->path().filename().string(), "checkpoint-", ".json")) all.push_back(*n);
  std::sort(all.rbegin(), all.rend());
  return all;
}

// The content of checkpoint.json, checked except for the tensors file itself.
struct commit {
  std::string tensors, crc32;
  std::int64_t bytes = 0;
  json meta;
};

static commit parse_commit(const fs::path& json_file, std::string_view bytes) {
  const std::string where = json_file.string();
  const json text = [&] {
    try {
      return parse_json(bytes, where);
    } catch (const error& e) {
      throw damaged_checkpoint(e.message());
    }
  }();
  const auto field = [&](const json& in, const char* name, json::value_t type) -> const json& {
    if (!in.is_object() || !in.contains(name) || in[name].type() != type)
      throw damaged_checkpoint(fmt::format("{}: got no valid '{}', need a checkpoint's", where, name));
    return in[name];
  };
  const auto format = field(text, "format", json::value_t::number_unsigned).get<std::uint64_t>();
  if (format > newest_format)
    throw error(fmt::format("{}: got format {}, need at most {}: update noneq", where, format, newest_format));
  const json& tensors = field(text, "tensors", json::value_t::object);
  commit found{field(tensors, "file", json::value_t::string).get<std::string>(),
               field(tensors, "crc32", json::value_t::string).get<std::string>(),
               field(tensors, "bytes", json::value_t::number_unsigned).get<std::int64_t>(),
               {}};
  if (!number_of(found.tensors))
    throw damaged_checkpoint(
        fmt::format("{}: got tensors file {}, need 'tensors-<n>.safetensors'", where, in_quotes(found.tensors)));
  const std::string sum = field(text, "meta_crc32", json::value_t::string).get<std::string>();
  if (!text.contains("meta")) throw damaged_checkpoint(fmt::format("{}: got no 'meta', need a checkpoint's", where));
  found.meta = text["meta"];
  if (const std::string got = checksum(json_text(found.meta, where)); got != sum)
    throw damaged_checkpoint(
        fmt::format("{}: got 'meta' with checksum {}, need {}: it was changed or damaged", where, got, sum));
  return found;
}

bool has_checkpoint(const fs::path& dir) {
  std::error_code ignored;
  return fs::is_regular_file(json_of(dir), ignored);
}

static checkpoint load_committed(const fs::path& json_file, std::string_view json_bytes) {
  commit found = parse_commit(json_file, json_bytes);
  const fs::path path = json_file.parent_path() / found.tensors;
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    throw damaged_checkpoint(fmt::format("{}: is missing, need the file that checkpoint.json names", path.string()));
  const input_file file(path);  // open, it stays readable when the next save removes it
  if (file.size() != found.bytes)
    throw damaged_checkpoint(fmt::format("{}: got {} bytes, need {}", path.string(), file.size(), found.bytes));
  if (const std::string got = checksum(file); got != found.crc32)
    throw damaged_checkpoint(
        fmt::format("{}: got checksum {}, need {}: the file is damaged", path.string(), got, found.crc32));
  return {load_safetensors(file).tensors, std::move(found.meta)};
}

static void need_checkpoint(const fs::path& dir) {
  if (!has_checkpoint(dir))
    throw damaged_checkpoint(
        fmt::format("{}: has no checkpoint.json, need a checkpoint: check the path", dir.string()));
}

checkpoint_head load_checkpoint_head(const fs::path& dir) {
  need_checkpoint(dir);
  commit found = parse_commit(json_of(dir), read_file(json_of(dir)));
  return {std::move(found.meta), std::move(found.crc32)};
}

checkpoint load_checkpoint(const fs::path& dir) {
  for (;;) {
    need_checkpoint(dir);
    const std::string committed = read_file(json_of(dir));
    try {
      return load_committed(json_of(dir), committed);
    } catch (const error&) {
      // Saves remove the tensors of earlier ones. A reader slower than two saves finds another commit, and takes that.
      if (has_checkpoint(dir) && read_file(json_of(dir)) != committed) continue;
      throw;
    }
  }
}

// Returns the number and the content of the last earlier checkpoint that is whole.
static std::optional<std::pair<std::int64_t, checkpoint>> last_whole(const fs::path& dir) {
  for (const std::int64_t n : earlier_ones(dir)) try {
      const fs::path file = earlier_json_of(dir, n);
      return std::pair(n, load_committed(file, read_file(file)));
    } catch (const error&) {
      // Damaged too, or removed by a save meanwhile.
    }
  return {};
}

std::optional<checkpoint> load_earlier_checkpoint(const fs::path& dir) {
  auto found = last_whole(dir);
  return found ? std::optional(std::move(found->second)) : std::nullopt;
}

// Removes leftovers of killed saves, and every checkpoint except for those whose numbers `keep` accepts.
template <typename Keep>
static void sweep(const fs::path& dir, const Keep& keep) {
  remove_stale_temporaries(dir);
  std::error_code ignored;
  std::vector<fs::path> stale;
  for (fs::directory_iterator at(dir, ignored), end; !ignored && at != end; at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    const auto tensors = number_of(name), earlier = number_in(name, "checkpoint-", ".json");
    if ((tensors && !keep(*tensors)) || (earlier && !keep(*earlier))) stale.push_back(at->path());
  }
  for (const fs::path& path : stale) fs::remove(path, ignored);
}

void remove_checkpoints(const fs::path& dir) {
  std::error_code ignored;
  fs::remove(json_of(dir), ignored);
  sweep(dir, [](std::int64_t) { return false; });
  fs::remove(dir, ignored);
}

void go_back_to_earlier_checkpoint(const fs::path& dir) {
  const auto found = last_whole(dir);
  if (!found) throw error(fmt::format("{}: has no earlier checkpoint that is whole, need one", dir.string()));
  const std::int64_t n = found->first;
  write_atomically(json_of(dir), read_file(earlier_json_of(dir, n)));
  std::error_code ignored;
  fs::remove(earlier_json_of(dir, n), ignored);
  sweep(dir, [n](std::int64_t other) { return other <= n; });
}

// Returns the number of the tensors that checkpoint.json names, when there is one. Errors: it is damaged.
static std::optional<std::int64_t> committed_number(const fs::path& dir) {
  if (!has_checkpoint(dir)) return {};
  return number_of(parse_commit(json_of(dir), read_file(json_of(dir))).tensors);
}

static std::int64_t next_number(const fs::path& dir) {
  std::int64_t next = 0;
  std::error_code ignored;
  for (fs::directory_iterator at(dir, ignored), end; !ignored && at != end; at.increment(ignored))
    if (const auto n = number_of(at->path().filename().string())) next = std::max(next, *n + 1);
  return next;
}

void save_checkpoint(const fs::path& dir, const checkpoint& content, std::int64_t keep) {
  std::error_code fault;
  fs::create_directories(dir, fault);
  if (fault) throw file_error(dir, "make the directory", fault.value());
  std::optional<std::int64_t> before;
  std::vector<std::int64_t> kept = earlier_ones(dir);
  const auto is_kept = [&](std::int64_t n) {
    return n == before || std::find(kept.begin(), kept.end(), n) != kept.end();
  };
  try {
    before = committed_number(dir);
    sweep(dir, is_kept);
  } catch (const error&) {
    // Unreadable: until the next commit all tensors stay, so that the user can find the ones that are needed.
  }
  const std::int64_t n = next_number(dir);
  const std::string name = fmt::format("tensors-{}.safetensors", n);
  // Both files are whole on the disk before either has its name: a program that is killed, or finds the disk full,
  // leaves no tensors without the checkpoint.json that names them, from which a first run could neither go on nor begin
  // again.
  atomic_file tensors(dir / name), note(json_of(dir));
  write_safetensors(tensors, (dir / name).string(), {content.tensors, {}});
  tensors.make_durable();
  const input_file written(tensors.temporary());
  const std::string where = json_of(dir).string();
  const json text = {{"format", newest_format},
                     {"tensors", {{"file", name}, {"bytes", written.size()}, {"crc32", checksum(written)}}},
                     {"meta", content.meta},
                     {"meta_crc32", checksum(json_text(parse_json(json_text(content.meta, where), where), where))}};
  note.write(json_text(text, where, 2) + "\n");
  note.make_durable();
  if (before && keep > 1) {
    write_atomically(earlier_json_of(dir, *before), read_file(json_of(dir)));
    std::erase(kept, *before);
    kept.insert(kept.begin(), *before);
  }
  try {
    tensors.commit();
    note.commit();
  } catch (const error&) {
    std::error_code ignored;
    if (!before && !has_checkpoint(dir)) fs::remove(dir / name, ignored);
    throw;
  }
  kept.resize(std::min(kept.size(), static_cast<std::size_t>(keep - 1)));
  sweep(dir, [&](std::int64_t other) { return other == n || is_kept(other); });
}

}
