#include "noneq/plugin/conditions.hpp"

namespace noneq {

conditions::conditions(std::initializer_list<std::pair<std::string, Tensor>> named) {
  for (const auto& [name, value] : named) *this = with(name, value);
}

Tensor conditions::find(const std::string& name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? Tensor{} : it->second;
}

conditions conditions::with(const std::string& name, const Tensor& value) const {
  conditions result = *this;
  result.tensors_.erase(name);
  if (!value.defined()) return result;
  if (value.dim() == 0)
    throw error("got the condition '" + name + "' as a single number, need one row for each sample");
  if (!result.tensors_.empty())
    if (const auto& [other, rows] = *result.tensors_.begin(); rows.size(0) != value.size(0))
      throw error(c10::str("got the condition '", name, "' with ", value.size(0), " rows, need ", rows.size(0),
                           ", as many as '", other, "' has"));
  result.tensors_[name] = value;
  return result;
}

template <class Change>
conditions conditions::changed(const Change& change) const {
  conditions result;
  for (const auto& [name, value] : tensors_) result.tensors_[name] = change(value);
  return result;
}

conditions conditions::slice(std::int64_t begin, std::int64_t end) const {
  return changed([&](const Tensor& value) { return value.slice(0, begin, end); });
}

conditions conditions::index_select(const Tensor& index) const {
  return changed([&](const Tensor& value) { return value.index_select(0, index); });
}

conditions conditions::repeated(std::int64_t times) const {
  return changed([&](const Tensor& value) { return at::cat(std::vector<Tensor>(times, value)); });
}

conditions conditions::to(at::ScalarType type) const {
  return changed([&](const Tensor& value) { return value.is_floating_point() ? value.to(type) : value; });
}

conditions conditions_of(const batch& rows, const std::vector<std::string>& names) {
  conditions result{{"label", rows.find("label")}};
  for (const std::string& name : names) result = result.with(name, rows.at(name));
  return result;
}

}
