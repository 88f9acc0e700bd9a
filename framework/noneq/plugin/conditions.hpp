// The conditions of a prediction: named tensors that a network reads beside x^t and t, one row for each sample. The
// names in use are
//   label   int64 [B]: the class of each sample; the index one past the last class means "no class"
//   x0_hat  floating [B, …], as x^t: an earlier x̂⁰, for self-conditioned networks (Chen et al. 2023, "Analog bits")
//   others  float32 [B, …]: the tensors that a model names in conditions(), as fields, masks, vectors
// A network ignores names that it does not use, and defines the meaning of a missing one.
//
// A value: copies share the tensors, and every function returns a new value. Const use is thread-safe. All tensors have
// equal numbers of rows; noneq::error otherwise.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "noneq/core/tensor.hpp"
#include "noneq/plugin/batch.hpp"

namespace noneq {

class conditions {
 public:
  conditions() = default;
  // Undefined tensors are left out.
  conditions(std::initializer_list<std::pair<std::string, Tensor>> named);

  // Returns an undefined tensor when there is none of this name.
  Tensor find(const std::string& name) const;
  bool empty() const { return tensors_.empty(); }

  // Returns these conditions with `value` under `name`. An undefined value removes the name.
  conditions with(const std::string& name, const Tensor& value) const;
  // Returns rows [begin, end).
  conditions slice(std::int64_t begin, std::int64_t end) const;
  // Returns the rows at `index` (int64 [n]), in that order.
  conditions index_select(const Tensor& index) const;
  // Returns all rows `times` times, one copy behind the other; times >= 1.
  conditions repeated(std::int64_t times) const;
  // Returns the conditions with floating tensors converted to `type`, the others unchanged.
  conditions to(at::ScalarType type) const;

 private:
  template <class Change>
  conditions changed(const Change& change) const;

  std::map<std::string, Tensor> tensors_;
};

// Returns the conditions among the tensors of a batch: its labels, if it has any, and the tensors of these names.
// Throws noneq::error where one is missing.
conditions conditions_of(const batch& rows, const std::vector<std::string>& names);

}
