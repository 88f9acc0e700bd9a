// Laws of roles/model.hpp.
#include "noneq/plugin/roles/model.hpp"

#include <fmt/format.h>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/subject.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace model_laws {

constexpr std::int64_t rows = 6, T = 20;
static_assert(rows <= T);

network_signature signature(const subject& s, const sizes& shape, std::int64_t outputs, std::int64_t classes) {
  network_signature n{shape, outputs, T, classes, {}};
  for (const std::string& name : s.as<model>()->conditions()) n.conditions[name] = shape;
  return n;
}

// The data that the model takes: vectors and pictures, one and two outputs, with and without classes.
std::vector<network_signature> accepted(const subject& s) {
  std::vector<network_signature> all;
  std::string refusal;
  for (const sizes& shape : {sizes{2}, sizes{1, 16, 16}, sizes{3, 16, 16}})
    for (const std::int64_t outputs : {1, 2}) {
      const network_signature n = signature(s, shape, outputs, outputs == 2 ? 3 : 0);
      try {
        s.as<model>()->check_signature(n);
        all.push_back(n);
      } catch (const error& e) {
        refusal = e.what();
      }
    }
  if (all.empty()) throw error("check_signature() refuses every signature: " + refusal);
  return all;
}

// A network away from its first weights, among which zeros hide whole branches.
std::shared_ptr<network> built(const subject& s, const network_signature& n, std::uint64_t seed, bool shaken = true) {
  at::manual_seed(seed);
  network_signature seeded = n;
  seeded.first_weights = stream(seed);
  auto made = need_made(s.as<model>()->build(seeded), "build()", "network");
  at::NoGradGuard values_only;
  if (shaken)
    for (Tensor& p : made->parameters())
      if (p.is_floating_point()) p.add_(0.1 * at::randn_like(p));
  return made;
}

// B samples, of steps from the first to the last: of each step one, where B = T.
network_input input_of(const network_signature& n, const network& net, std::int64_t B = rows) {
  const stream s(83);
  const auto of_rows = [&](const sizes& shape, const char* purpose) {
    sizes all = shape;
    all.insert(all.begin(), B);
    return s.fork(purpose).normal(all);
  };
  const Tensor t = at::linspace(0, static_cast<double>(T - 1), B, at::kDouble).round().to(at::kLong);
  network_input in{of_rows(n.shape, "x"), t, {}, at::linspace(6, -6, B)};
  if (n.classes > 0) in.given = in.given.with("label", at::arange(B, at::kLong).remainder(n.classes));
  for (const auto& [name, shape] : n.conditions) in.given = in.given.with(name, of_rows(shape, name.c_str()));
  if (net.self_conditioned()) in.given = in.given.with("x0_hat", of_rows(n.shape, "x0_hat"));
  return in;
}

network_input slice(const network_input& in, std::int64_t from, std::int64_t to) {
  return {in.x.slice(0, from, to), in.t.slice(0, from, to), in.given.slice(from, to), in.log_snr.slice(0, from, to)};
}

template <class F>
void with_each(const subject& s, const F& f) {
  for (const network_signature& n : accepted(s)) {
    try {
      f(n);
    } catch (const error& e) {
      throw error(fmt::format("{} (with samples {}, {} outputs, {} classes)", e.what(), to_string(n.shape), n.outputs,
                              n.classes));
    }
  }
}

// Networks may compute in bfloat16, of 8 binary digits, whose sums depend on the size of the batch.
void need_near(const std::string& what, const Tensor& got, const Tensor& wanted) {
  need_close(what, got, wanted, 0, 0.02 * wanted.detach().abs().max().item<double>());
}

bool is_trained(const network& net) {
  const auto all = net.parameters();
  return std::any_of(all.begin(), all.end(), [](const Tensor& p) { return p.requires_grad(); });
}

void has_outputs(const subject& s) {
  with_each(s, [&](const network_signature& n) {
    const auto net = built(s, n, 7);
    for (const std::int64_t B : {std::int64_t{1}, rows}) {
      const network_input in = slice(input_of(n, *net), 0, B);
      const Tensor out = net->forward(in);
      check_returned_output(s.name(), out, in.x, n.outputs, is_trained(*net));
      need_finite(s.name(), "output", out);
    }
  });
}

void works_by_sample(const subject& s) {
  with_each(s, [&](const network_signature& n) {
    at::NoGradGuard values_only;
    const auto net = built(s, n, 7);
    const network_input in = input_of(n, *net);
    const Tensor all = net->forward(in);
    for (const std::int64_t k : {std::int64_t{0}, rows - 1})
      need_near("output of a sample alone", net->forward(slice(in, k, k + 1)), all.slice(0, k, k + 1));
    const auto again = at_once(threads_at_once, [&](std::size_t) {
      at::NoGradGuard here_too;
      return net->forward(in);
    });
    for (const Tensor& out : again) need_equal("output, from several threads at once", out, all);
  });
}

// Tried on the smallest sample, as a network may have gradients far from the data that float32 rounds to 0; at every
// step, as it may have weights of its own for each; with and without the conditions that it can do without.
void trains_every_weight(const subject& s) {
  const network_signature n = accepted(s).front();
  const auto net = built(s, n, 7);
  if (!is_trained(*net)) return;
  std::vector<network_input> inputs{input_of(n, *net, T)};
  for (const std::string& name : net->knows_without()) {
    inputs.push_back(inputs.front());
    inputs.back().given = inputs.back().given.with(name, {});
  }
  for (const network_input& in : inputs) {
    const Tensor out = net->forward(in);
    need(out.requires_grad(), "output of a network with weights to train", "one without a gradient", "one that has it");
    (out * stream(89).normal(out.sizes().vec()).to(out.scalar_type())).sum().backward();
  }
  for (const auto& p : net->named_parameters())
    if (p.value().requires_grad())
      need(p.value().grad().defined() && (p.value().grad() != 0).any().item<bool>(),
           "the gradient of the weight '" + p.key() + "'", "none", "one that is not 0");
}

using named_tensors = torch::OrderedDict<std::string, Tensor>;

// Returns the tensor that another network has under a name.
const Tensor& counterpart(const named_tensors& other, const std::string& name, const char* what) {
  const Tensor* found = other.find(name);
  need(found != nullptr, fmt::format("the {} '{}' of a second network", what, name), "none", "one of each name");
  return *found;
}

void is_drawn_by_seed(const subject& s) {
  with_each(s, [&](const network_signature& n) {
    const auto first = built(s, n, 7, false), second = built(s, n, 7, false);
    const named_tensors others = second->named_parameters();
    for (const auto& p : first->named_parameters())
      need_equal("the weight '" + p.key() + "' of an equal seed", counterpart(others, p.key(), "weight"), p.value());
  });
}

void is_restored(const subject& s) {
  with_each(s, [&](const network_signature& n) {
    at::NoGradGuard values_only;
    const auto trained = built(s, n, 7), other = built(s, n, 8);
    const network_input in = input_of(n, *trained);
    const Tensor wanted = trained->forward(in);
    const named_tensors weights = trained->named_parameters(), buffers = trained->named_buffers();
    for (auto& p : other->named_parameters()) p.value().copy_(counterpart(weights, p.key(), "weight"));
    for (auto& b : other->named_buffers()) b.value().copy_(counterpart(buffers, b.key(), "buffer"));
    need_equal("output of a network with the weights and buffers of another", other->forward(in), wanted);
  });
}

void changes_nothing(const subject& s) {
  with_each(s, [&](const network_signature& n) {
    const auto net = built(s, n, 7);
    std::map<std::string, Tensor> before;
    for (const auto& p : net->named_parameters()) before[p.key()] = p.value().detach().clone();
    const network_input in = input_of(n, *net);
    const Tensor x = in.x.clone();
    const Tensor sum = net->forward(in).sum();
    if (sum.requires_grad()) sum.backward();
    need_equal("x that the network was given, after forward()", in.x, x);
    for (const auto& p : net->named_parameters())
      need_equal("the weight '" + p.key() + "' after forward()", p.value().detach(), before.at(p.key()));
  });
}

void does_as_it_claims(const subject& s) {
  with_each(s, [&](const network_signature& n) {
    at::NoGradGuard values_only;
    const auto net = built(s, n, 7);
    const network_input in = input_of(n, *net);
    const auto need_output = [&](const std::string& with, const network_input& other) {
      try {
        const Tensor out = net->forward(other);
        check_returned_output(s.name(), out, other.x, n.outputs, false);
        need_finite(s.name(), "output", out);
      } catch (const std::exception& e) {
        throw error(fmt::format("forward() {}: got '{}', need an output", with, first_line(e.what())));
      }
    };
    network_input other = in;
    if (net->takes_any_t()) {
      other.t = in.t.to(at::kDouble) * 0.97;
      need_output("at a t between the steps, which takes_any_t() allows", other);
    }
    if (n.classes > 0 && net->knows_no_class()) {
      other = in;
      other.given = in.given.with("label", at::full({rows}, n.classes, at::kLong));
      need_output("with the label of no class, which knows_no_class() allows", other);
    }
    for (const std::string& name : net->knows_without()) {
      other = in;
      other.given = in.given.with(name, {});
      need_output("without the condition '" + name + "', which knows_without() names", other);
    }
    if (net->self_conditioned()) {
      other = in;
      other.given = in.given.with("x0_hat", {});
      need_output("without x0_hat, which means zeros", other);
    }
  });
}

}

law_list of_model() {
  using namespace model_laws;
  return {
      {"forward() returns finite outputs [B, outputs·C, …] for any B.", has_outputs},
      {"A sample's output does not depend on its batch, nor on the thread that computes it.", works_by_sample},
      {"A gradient reaches every weight.", trains_every_weight},
      {"First weights are drawn from libtorch's generator alone.", is_drawn_by_seed},
      {"Weights and buffers are all of a network's state.", is_restored},
      {"forward() changes neither weights nor its input.", changes_nothing},
      {"forward() takes what the network claims to take: any t, no class, missing conditions.", does_as_it_claims},
  };
}

}
