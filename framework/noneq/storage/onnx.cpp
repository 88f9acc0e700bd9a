#include "noneq/storage/onnx.hpp"

#include <limits>

#include "noneq/core/error.hpp"
#include "noneq/storage/detail/onnx.pb.h"
#include "noneq/storage/files.hpp"

namespace noneq::storage::onnx {
namespace format = onnx_format;
namespace {

format::NumberType type_of(at::ScalarType type) { return type == at::kLong ? format::INT64 : format::FLOAT32; }

void set(format::Attribute& to, const attribute& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) {
    to.set_type(format::Attribute::INT), to.set_integer(*i);
  } else if (const auto* x = std::get_if<double>(&value)) {
    to.set_type(format::Attribute::FLOAT), to.set_number(static_cast<float>(*x));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    to.set_type(format::Attribute::STRING), to.set_text(*text);
  } else {
    to.set_type(format::Attribute::INTS);
    for (const std::int64_t n : std::get<std::vector<std::int64_t>>(value)) to.add_integers(n);
  }
}

void add(format::Graph& to, const node& n) {
  format::Node& made = *to.add_node();
  made.set_operation(n.operation);
  made.set_name(n.output);
  for (const std::string& input : n.inputs) made.add_input(input);
  made.add_output(n.output);
  for (const auto& [name, value] : n.attributes) {
    format::Attribute& a = *made.add_attribute();
    a.set_name(name);
    set(a, value);
  }
}

void add(format::Graph& to, const std::string& name, const Tensor& constant) {
  const Tensor numbers = constant.detach().contiguous();
  format::Tensor& made = *to.add_constant();
  made.set_name(name);
  made.set_type(type_of(numbers.scalar_type()));
  for (const std::int64_t n : numbers.sizes()) made.add_dimension(n);
  made.set_little_endian(numbers.data_ptr(), numbers.nbytes());
}

void set(format::Port& to, const port& p) {
  to.set_name(p.name);
  to.set_doc(p.doc);
  format::Port::TensorType& tensor = *to.mutable_type()->mutable_tensor();
  tensor.set_numbers(type_of(p.type));
  for (const std::int64_t n : p.shape) {
    auto& dimension = *tensor.mutable_shape()->add_dimension();
    n < 0 ? dimension.set_named("batch") : dimension.set_known(n);
  }
}

}

void save(const std::filesystem::path& file, const graph& g) {
  format::Model model;
  model.set_ir_version(8);
  model.set_producer("noneq");
  model.set_doc(g.doc);
  model.add_operators()->set_version(17);
  format::Graph& to = *model.mutable_graph();
  to.set_name(g.name);
  for (const port& p : g.inputs) set(*to.add_input(), p);
  for (const port& p : g.outputs) set(*to.add_output(), p);
  for (const auto& [name, constant] : g.constants) add(to, name, constant);
  for (const node& n : g.nodes) add(to, n);
  if (model.ByteSizeLong() > std::numeric_limits<std::int32_t>::max())
    throw error("got a network of more than 2 GB, which a file of ONNX cannot hold; need --format safetensors", "",
                {file.string(), 0, 0});
  write_atomically(file, model.SerializeAsString());
}

}
