// A graph of ONNX operators as plain data, and the file of it that other programs run (onnx.ai, version 17 of the
// standard operators). Pure but for writing.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "noneq/core/tensor.hpp"

namespace noneq::storage::onnx {

using attribute = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>>;

struct node {
  std::string operation;            // "Conv"
  std::vector<std::string> inputs;  // "": an optional one that is left out
  std::string output;
  std::map<std::string, attribute> attributes = {};
};

// A tensor that the caller gives or gets. A dimension of −1 is the batch, of any size.
struct port {
  std::string name, doc;
  at::ScalarType type;  // float32 or int64
  sizes shape;
};

struct graph {
  std::string name, doc;
  std::vector<port> inputs, outputs;
  std::map<std::string, Tensor> constants;  // float32 or int64
  std::vector<node> nodes;                  // each behind those whose output it reads
};

// Replaces `file`. Throws noneq::error when it cannot be written, or is larger than the 2 GB of the format.
void save(const std::filesystem::path& file, const graph& g);

}
