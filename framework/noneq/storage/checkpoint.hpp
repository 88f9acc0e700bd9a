// A checkpoint: a directory with tensors-<n>.safetensors and checkpoint.json, which names it.
// The JSON's rename commits: after a kill at any moment, the directory holds the old checkpoint or the new one, whole,
// and leftovers are removed by the next save. Earlier ones stay, with their JSON as checkpoint-<n>.json, in case that a
// disk damages the last; the tensors of the one before always stay for processes that are reading it. Loading is
// thread-safe, also while another process saves; one thread of one process saves to a directory.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "noneq/core/error.hpp"
#include "noneq/core/tensor.hpp"

namespace noneq::storage {

struct checkpoint {
  std::map<std::string, Tensor> tensors;
  nlohmann::json meta;  // anything; JSON turns numbers that are not finite into null
};

// The error of a checkpoint that is not as it was saved: its files are missing, cut off or changed.
struct damaged_checkpoint : error {
  using error::error;
};

// Makes the directory if need be; `keep` checkpoints stay there with this one, at least 1. Errors: disk full and the
// like (the old checkpoint stays), a dtype safetensors lacks.
void save_checkpoint(const std::filesystem::path& dir, const checkpoint& content, std::int64_t keep = 2);

// Returns the checkpoint that is committed when the call returns, or one that was a moment before. Errors: none there,
// from a newer noneq, cannot be read; damaged_checkpoint.
checkpoint load_checkpoint(const std::filesystem::path& dir);

// Returns the last checkpoint before the committed one that is whole; none when there is none.
std::optional<checkpoint> load_earlier_checkpoint(const std::filesystem::path& dir);

// Commits the checkpoint that load_earlier_checkpoint() returns, and removes later ones. Errors: there is none, the
// directory cannot be written.
void go_back_to_earlier_checkpoint(const std::filesystem::path& dir);

// Removes every checkpoint of the directory, and the directory where nothing else lies in it.
void remove_checkpoints(const std::filesystem::path& dir);

// The content of checkpoint.json alone, which costs no pass over the tensors.
struct checkpoint_head {
  nlohmann::json meta;
  std::string tensors_crc32;
};

// Returns it; the tensors may be missing or damaged. Errors: no checkpoint there, damaged, from a newer noneq.
checkpoint_head load_checkpoint_head(const std::filesystem::path& dir);

// Returns the CRC-32 of the names and bytes of these tensors as eight hexadecimal digits, wherever they lie in memory.
std::string checksum(const std::map<std::string, Tensor>& tensors);

// Returns the CRC-32 of a tensor's bytes behind those that `before` covers, so that rows may be added in pieces of any
// size.
std::uint32_t checksum(const Tensor& tensor, std::uint32_t before);

// Returns whether a checkpoint was ever committed to `dir`; it may still be damaged.
bool has_checkpoint(const std::filesystem::path& dir);

}
