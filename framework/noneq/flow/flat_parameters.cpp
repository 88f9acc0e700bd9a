#include "noneq/flow/flat_parameters.hpp"

#include <algorithm>

#include <torch/csrc/autograd/variable.h>

#include "noneq/plugin/roles/model.hpp"

namespace noneq::flow {

flat_parameters::flat_parameters(std::shared_ptr<noneq::network> n)
    : network_(std::move(n)), parameters_(network_->parameters()), buffers_(network_->buffers()) {
  at::NoGradGuard values_only;
  std::vector<at::ScalarType> types;
  for (const Tensor& p : parameters_) {
    const auto known = std::find(types.begin(), types.end(), p.scalar_type());
    home_.push_back(static_cast<std::size_t>(known - types.begin()));
    if (known == types.end()) types.push_back(p.scalar_type());
  }
  vectors_.resize(types.size());
  const auto parts = grouped(parameters_);
  for (std::size_t k = 0; k < parts.size(); ++k) vectors_[k] = at::cat(parts[k]);
  std::vector<std::int64_t> used(types.size(), 0);
  for (std::size_t k = 0; k < parameters_.size(); ++k) {
    Tensor& p = parameters_[k];
    const Tensor& home = vectors_[home_[k]];
    p.set_data(home.narrow(0, used[home_[k]], p.numel()).view(p.sizes()));
    used[home_[k]] += p.numel();
    // Values computed from a parameter are cached under its version, so that writing to the vector must change it too.
    torch::autograd::impl::set_version_counter(p, torch::autograd::impl::version_counter(home));
  }
}

std::int64_t flat_parameters::count() const {
  std::int64_t n = 0;
  for (const Tensor& v : vectors_) n += v.numel();
  return n;
}

std::map<std::string, Tensor> flat_parameters::named(const std::vector<Tensor>& vectors) const {
  std::map<std::string, Tensor> all;
  std::vector<std::int64_t> used(vectors.size(), 0);
  std::size_t k = 0;
  for (const auto& p : network_->named_parameters()) {
    const std::size_t home = home_[k++];
    all[p.key()] = vectors[home].narrow(0, used[home], p.value().numel()).view(p.value().sizes());
    used[home] += p.value().numel();
  }
  return all;
}

// All of `parts` where they lie one after another in one piece of memory; undefined where they do not.
static Tensor as_they_lie(const std::vector<Tensor>& parts) {
  std::int64_t numbers = 0;
  for (const Tensor& p : parts) {
    if (!p.is_alias_of(parts.front()) || !p.is_contiguous() ||
        p.storage_offset() != parts.front().storage_offset() + numbers)
      return {};
    numbers += p.numel();
  }
  return parts.front().as_strided({numbers}, {1});
}

std::vector<std::vector<Tensor>> flat_parameters::grouped(const std::vector<Tensor>& of_parameters) const {
  std::vector<std::vector<Tensor>> parts(vectors_.size());
  for (std::size_t k = 0; k < parameters_.size(); ++k)
    parts[home_[k]].push_back(of_parameters[k].defined()
                                  ? of_parameters[k].reshape(-1)
                                  : at::zeros({parameters_[k].numel()}, parameters_[k].options()));
  return parts;
}

std::vector<Tensor> flat_parameters::flat(const std::vector<Tensor>& of_parameters) const {
  std::vector<Tensor> joined;
  for (const auto& p : grouped(of_parameters)) {
    const Tensor whole = as_they_lie(p);
    joined.push_back(whole.defined() ? whole : at::cat(p));
  }
  return joined;
}

}
