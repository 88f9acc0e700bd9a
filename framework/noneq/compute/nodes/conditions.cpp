// The inputs of a network beside x: sinusoids of t, rows of a table for t or a label, given vectors. Float32 vectors.
#include <cstring>

#include "noneq/compute/detail/node.hpp"
#include "noneq/core/error.hpp"

namespace noneq::compute {
namespace {

struct sinusoid_node : node {
  sinusoid_node(const sinusoid_layer& layer, const operand& to, const site& s) : l(layer), out(to), batch(s.batch) {
    const std::size_t half = out.channels() / 2;
    for (std::size_t i = 0; i < half; ++i)
      frequency.push_back(
          std::exp(-std::log(l.period) * static_cast<double>(i) / (static_cast<double>(half) - l.shift)));
  }

  void forward(const running& r) override {
    const std::size_t half = frequency.size();
    for (std::size_t b = 0; b < batch; ++b) {
      auto* row = static_cast<float*>(r.value(out, b));
      const double index = l.of_label ? static_cast<double>(r.beside.label[b]) : r.beside.t[b];
      for (std::size_t i = 0; i < half; ++i) {
        const double angle = index * l.scale * frequency[i];
        row[i + (l.cosine_first ? half : 0)] = static_cast<float>(std::sin(angle));
        row[i + (l.cosine_first ? 0 : half)] = static_cast<float>(std::cos(angle));
      }
    }
  }

  const sinusoid_layer l;
  const operand out;
  const std::size_t batch;
  std::vector<double> frequency;
};

struct embedding_node : node {
  embedding_node(const embedding_layer& layer, std::int64_t table_rows, const operand& to, const site& s)
      : l(layer), rows(table_rows), out(to), batch(s.batch) {}

  void forward(const running& r) override {
    for (std::size_t b = 0; b < batch; ++b)
      std::memcpy(r.value(out, b), r.weight(l.weight) + row(r, b), out.channels() * sizeof(float));
  }
  void backward(const running& r) override {
    float* table = r.weight_gradient(l.weight);
    std::fill_n(table, rows * out.shape.channels, 0.0f);
    for (std::size_t b = 0; b < batch; ++b) {
      const auto* g = static_cast<const float*>(r.gradient(out, b));
      float* to = table + row(r, b);
      for (std::size_t c = 0; c < out.channels(); ++c) to[c] += g[c];
    }
  }
  std::int64_t row(const running& r, std::size_t b) const {
    const std::int64_t k = l.of_time ? static_cast<std::int64_t>(r.beside.t[b]) : r.beside.label[b];
    if (k < 0 || k >= rows)
      throw error("got " + std::to_string(k) + ", need a value in [0, " + std::to_string(rows - 1) + "]",
                  l.of_time ? "t" : "label");
    return k * out.shape.channels;
  }

  const embedding_layer l;
  const std::int64_t rows;
  const operand out;
  const std::size_t batch;
};

struct vector_node : node {
  vector_node(const operand& to, const site& s) : out(to), bytes(s.batch * to.channels() * sizeof(float)) {}
  void forward(const running& r) override { std::memcpy(r.at(out.value), r.beside.vector, bytes); }

  const operand out;
  const std::size_t bytes;
};

}

std::unique_ptr<node> make_vector(const operand& out, const site& s) { return std::make_unique<vector_node>(out, s); }
std::unique_ptr<node> make_sinusoid(const sinusoid_layer& l, const operand& out, const site& s) {
  return std::make_unique<sinusoid_node>(l, out, s);
}
std::unique_ptr<node> make_embedding(const embedding_layer& l, std::int64_t rows, const operand& out, const site& s) {
  return std::make_unique<embedding_node>(l, rows, out, s);
}

}
