// The safetensors format: named tensors in one file, readable by PyTorch, JAX and others.
// A file is not trusted: everything it states is checked before it is used. Functions are thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "noneq/core/tensor.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::storage {

struct tensor_file {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

// Reads F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL. Errors name the file and the tensor: cut short, not safetensors, an
// unknown dtype, bytes that overlap, leave holes or do not fit the shape.
tensor_file load_safetensors(const std::filesystem::path& path);
tensor_file load_safetensors(const input_file& file);

// Replaces `path` by a file of these tensors (any device and strides); equal content gives equal bytes. Errors: a dtype
// the format lacks, a name it reserves, disk full.
void save_safetensors(const std::filesystem::path& path, const tensor_file& content);
// Writes the same bytes into a file that is not committed yet; `where` names it in messages. Errors: as above.
void write_safetensors(atomic_file& file, const std::string& where, const tensor_file& content);

}
