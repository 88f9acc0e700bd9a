#include "noneq/compute/script.hpp"

#include <charconv>

#include <torch/script.h>

#include "noneq/compute/reference.hpp"
#include "noneq/core/error.hpp"

namespace noneq::compute {
namespace {

std::string attribute(std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

std::string list(std::initializer_list<std::int64_t> numbers) { return to_string(sizes(numbers)); }

// Returns a number in digits that TorchScript reads back to equal bits.
std::string number(double x) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), x, std::chars_format::scientific).ptr;
  return {text.data(), end};
}

// One expression of TorchScript for each kind of layer.
struct writer {
  const network_layers& n;

  const value_shape& shape(value_id v) const { return n.values[static_cast<std::size_t>(v)]; }
  static std::string value(value_id v) { return c10::str("v", v); }
  std::string weight(weight_id w) const { return "self." + attribute(n.weights[static_cast<std::size_t>(w)].name); }

  std::string operator()(const conv_layer& l) const {
    const std::string kernel = weight(l.weight) + ".reshape(" +
                               list({shape(l.out).channels, shape(l.in).channels, l.kernel[0], l.kernel[1]}) + ")";
    const padding_calls around(l);
    std::string x = value(l.in);
    for (const auto& [mode, numbers] : around.pad)
      x = c10::str("torch.pad(", x, ", ", to_string(numbers), ", \"", mode, "\")");
    return "torch.conv2d(" + x + ", " + kernel + ", " + (l.bias == none ? "None" : weight(l.bias)) + ", " +
           list({l.stride[0], l.stride[1]}) + ", " + list({around.zeros[0], around.zeros[1]}) + ")";
  }

  std::string operator()(const norm_layer& l) const {
    std::string y = "torch.group_norm(" + value(l.in) + ", " + std::to_string(l.groups) + ", " + weight(l.weight) +
                    ", " + weight(l.bias) + ", " + number(l.eps) + ")";
    if (l.modulation != none) {
      const std::int64_t c = shape(l.in).channels;
      const auto part = [&](std::int64_t from) {
        return value(l.modulation) + ".narrow(1, " + std::to_string(from) + ", " + std::to_string(c) + ")";
      };
      y = "(" + y + " * (1.0 + " + part(0) + ") + " + part(c) + ")";
    }
    return l.silu ? "torch.silu(" + y + ")" : y;
  }

  std::string operator()(const activation_layer& l) const {
    static const std::map<activation, std::string> names{{activation::silu, "silu"},
                                                         {activation::gelu, "gelu"},
                                                         {activation::relu, "relu"},
                                                         {activation::tanh, "tanh"},
                                                         {activation::sigmoid, "sigmoid"}};
    return "torch." + names.at(l.function) + "(" + value(l.in) + ")";
  }

  std::string operator()(const add_layer& l) const {
    return c10::str("(", value(l.a), " + ", value(l.b), ") * ", number(l.scale));
  }

  std::string operator()(const concat_layer& l) const {
    return "torch.cat([" + value(l.a) + ", " + value(l.b) + "], 1)";
  }

  std::string operator()(const slice_layer& l) const {
    return c10::str(value(l.in), ".narrow(1, ", l.first, ", ", shape(l.out).channels, ")");
  }

  std::string operator()(const upsample_layer& l) const {
    return "torch.upsample_nearest2d(" + value(l.in) + ", " + list({shape(l.out).height, shape(l.out).width}) + ")";
  }

  std::string operator()(const pool_layer& l) const {
    const std::string window = list({shape(l.in).height > 1 ? 2 : 1, shape(l.in).width > 1 ? 2 : 1});
    return "torch.avg_pool2d(" + value(l.in) + ", " + window + ", " + window + ", [0, 0], True, False)";
  }

  std::string operator()(const attention_layer& l) const {
    const value_shape& s = shape(l.q);
    const std::int64_t width = s.channels / l.heads;
    const auto heads = [&](value_id v) {
      return value(v) + ".reshape(" + list({-1, l.heads, width, s.height * s.width}) + ")";
    };
    const std::string logits = "torch.matmul(" + heads(l.q) + ".transpose(2, 3), " + heads(l.k) + ") * " +
                               number(1 / std::sqrt(static_cast<double>(width)));
    return "torch.matmul(" + heads(l.v) + ", torch.softmax(" + logits + ", 3).transpose(2, 3)).reshape(" +
           list({-1, s.channels, s.height, s.width}) + ")";
  }

  // Sine and cosine of the angles a.
  std::string operator()(const sinusoid_layer& l) const {
    const std::string waves = l.cosine_first ? "a.cos(), a.sin()" : "a.sin(), a.cos()";
    return "torch.cat([" + waves + "], 1).type_as(v0).unsqueeze(2).unsqueeze(3)";
  }

  std::string operator()(const embedding_layer& l) const {
    return "torch.embedding(" + weight(l.weight) + ", " + (l.of_time ? "t" : "label") + ").unsqueeze(2).unsqueeze(3)";
  }

  std::string operator()(const vector_layer&) const { return "vector.type_as(v0).unsqueeze(2).unsqueeze(3)"; }

  std::string operator()(const dropout_layer& l) const { return value(l.in); }

  static std::string frequencies(value_id out) { return "frequencies_" + std::to_string(out); }
};

// Sinusoids need a line for their angle, made in float64 as everywhere.
std::string statement(const writer& w, const layer& l) {
  std::string before;
  if (const auto* s = std::get_if<sinusoid_layer>(&l))
    before = std::string("  a = ") + (s->of_label ? "label" : "t") + ".unsqueeze(1) * self." +
             writer::frequencies(s->out) + "\n";
  return before + "  " + writer::value(written_by(l)) + " = " + std::visit(w, l) + "\n";
}

}

std::string script_text(const network_layers& n, const script_frame& f) {
  const writer w{n};
  const value_shape& s = n.values[0];
  std::string text = std::string("def forward(self, x, t") + (f.with_label ? ", label" : "") +
                     (vector_size(n) > 0 ? ", vector" : "") + "):\n  v0 = x.reshape(" +
                     list({-1, s.channels, s.height, s.width}) + ")\n";
  if (f.input_scale != 1 || f.input_shift != 0)
    text += "  v0 = v0 * " + number(f.input_scale) + " + " + number(f.input_shift) + "\n";
  for (const layer& l : n.layers) text += statement(w, l);
  sizes out{-1};
  out.insert(out.end(), f.output_shape.begin(), f.output_shape.end());
  return text + "  return " + writer::value(n.output) + ".reshape(" + to_string(out) + ")\n";
}

void save_torchscript(const std::filesystem::path& file, const network_layers& n, std::span<const Tensor> weights,
                      const script_frame& f) {
  try {
    torch::jit::Module module("network");
    for (std::size_t i = 0; i < weights.size(); ++i)
      module.register_parameter(attribute(n.weights[i].name), weights[i].detach().clone(), false);
    for (const layer& l : n.layers)
      if (const auto* s = std::get_if<sinusoid_layer>(&l))
        module.register_buffer(writer::frequencies(s->out),
                               sinusoid_frequencies(*s, n.values[static_cast<std::size_t>(s->out)].channels));
    module.define(script_text(n, f));
    module.save(file.string());
  } catch (const std::exception& e) {
    throw error("cannot write: " + first_line(e.what()), "", {file.string(), 0, 0});
  }
}

}
