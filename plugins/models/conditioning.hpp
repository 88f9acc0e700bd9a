// The conditions of a network: fields, which are brought to the grid of the sample and stand beside its channels, and
// vectors, which stand beside t. A value; const use is thread-safe.
#pragma once

#include "noneq/core/random.hpp"
#include "noneq/plugin/description.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace shipped {

// The parameters of a model that reads conditions.
struct condition_options {
  std::vector<std::string> condition;
  std::vector<double> drop;

  // Throws noneq::error when the two contradict each other, or a name has another meaning.
  void check_conditions() const {
    for (std::size_t k = 0; k < condition.size(); ++k) {
      for (const char* taken : {"label", "x0", "xt", "t", "x0_hat", "row", "noise", "weight"})
        if (condition[k] == taken)
          throw noneq::error("got '" + condition[k] + "', need another tensor of the rows" +
                                 (condition[k] == "label" ? ": a model reads the labels of data that has them" : ""),
                             "condition");
      if (std::find(condition.begin(), condition.begin() + static_cast<std::ptrdiff_t>(k), condition[k]) !=
          condition.begin() + static_cast<std::ptrdiff_t>(k))
        throw noneq::error("got '" + condition[k] + "' twice", "condition");
    }
    if (condition.empty() && !drop.empty())
      throw noneq::error("got shares without condition, need the names of conditions", "drop");
    if (drop.size() > 1 && drop.size() != condition.size())
      throw noneq::error(c10::str("got ", drop.size(), " shares for ", condition.size(),
                                  " conditions, need one for all, or one for each"),
                         "drop");
  }

  template <class P>
  static void describe_conditions(noneq::description<P>& d, const std::string& doc) {
    d.param("condition", &P::condition, "tensors of the rows that the network reads as conditions, " + doc);
    d.param("drop", &P::drop,
            "share of samples in training that a condition is left out of, one for all conditions or one for each; "
            "guidance needs it. Conditions of equal shares are left out together",
            noneq::limits{.low = 0, .high = 1, .high_open = true, .choices = {}});
  }
};

class conditioning {
 public:
  // `flat`: every condition is a vector. Throws noneq::error when a condition can be neither a field nor a vector.
  conditioning(const condition_options& o, const noneq::network_signature& s, bool flat)
      : space_(s.shape.begin() + (s.shape.empty() ? 0 : 1), s.shape.end()) {
    for (std::size_t k = 0; k < o.condition.size(); ++k) {
      const noneq::sizes& shape = s.conditions.at(o.condition[k]);
      one c{o.condition[k], shape, o.drop.empty() ? 0 : o.drop[o.drop.size() == 1 ? 0 : k], false};
      c.field = !flat && shape.size() > 1;
      if (c.field && shape.size() + 1 == s.shape.size()) c.shape.insert(c.shape.begin(), 1);  // without channels
      if (c.field && c.shape.size() != s.shape.size())
        throw noneq::error("got '" + c.name + "' with rows of shape " + noneq::to_string(shape) +
                               ", need a field of as many axes as a sample " + noneq::to_string(s.shape) +
                               ", or a vector",
                           "condition");
      const std::int64_t presence = c.drop > 0 ? 1 : 0;
      (c.field ? channels_ : numbers_) += presence + (c.field ? c.shape[0] : c10::multiply_integers(shape));
      all_.push_back(std::move(c));
    }
  }

  std::int64_t channels() const { return channels_; }  // of all fields
  std::int64_t numbers() const { return numbers_; }    // of all vectors

  // Returns the names of the conditions that training leaves out at times.
  std::vector<std::string> dropped() const {
    std::vector<std::string> names;
    for (const one& c : all_)
      if (c.drop > 0) names.push_back(c.name);
    return names;
  }

  // Returns the fields on the grid of the sample, [B, channels(), …], and the vectors, [B, numbers()]; undefined where
  // there are none. A condition that may be left out has one more channel or number: 1 where it is there, and 0, as all
  // its numbers, where it is not. Axes of the grid that are periodic wrap around. Throws noneq::error when a condition
  // is missing that training never left out.
  noneq::Tensor fields(const noneq::network_input& in, const std::vector<bool>& periodic) const {
    std::vector<noneq::Tensor> parts;
    for (const one& c : all_)
      if (c.field) add(parts, in, c, [&](noneq::Tensor x) { return on_grid(x, periodic); });
    return parts.empty() ? noneq::Tensor() : at::cat(parts, 1);
  }
  noneq::Tensor vectors(const noneq::network_input& in) const {
    std::vector<noneq::Tensor> parts;
    for (const one& c : all_)
      if (!c.field) add(parts, in, c, [](noneq::Tensor x) { return x; });
    return parts.empty() ? noneq::Tensor() : at::cat(parts, 1);
  }

 private:
  struct one {
    std::string name;
    noneq::sizes shape;
    double drop;
    bool field;
  };

  template <class Place>
  void add(std::vector<noneq::Tensor>& parts, const noneq::network_input& in, const one& c, const Place& place) const {
    const std::int64_t n = in.x.size(0);
    noneq::Tensor x = in.given.find(c.name);
    if (!x.defined() && c.drop == 0)
      throw noneq::error("the network got no condition '" + c.name + "', which it was never trained without");
    noneq::sizes shape{n};
    if (c.field)
      shape.insert(shape.end(), c.shape.begin(), c.shape.end());
    else
      shape.push_back(c10::multiply_integers(c.shape));
    const bool there = x.defined();
    x = there ? x.to(in.x.scalar_type()).reshape(shape) : at::zeros(shape, in.x.options());
    if (c.drop == 0) {
      parts.push_back(place(x));
      return;
    }
    // One number a sample decides for all its conditions, so that equal shares are left out together.
    noneq::Tensor kept = at::full({n}, there ? 1 : 0, in.x.options());
    if (there && in.dropout != nullptr)
      kept = in.dropout->fork("conditions").uniform({n}, in.first).ge(c.drop).to(in.x.scalar_type());
    noneq::sizes by_row(shape.size(), 1);
    by_row[0] = n;
    x = place(x * kept.view(by_row));
    shape = x.sizes().vec();
    shape[1] = 1;
    parts.push_back(x);
    parts.push_back(kept.view(by_row).expand(shape));
  }

  noneq::Tensor on_grid(noneq::Tensor x, const std::vector<bool>& periodic) const {
    for (std::size_t k = 0; k < space_.size(); ++k)
      x = along(x, static_cast<std::int64_t>(k) + 2, space_[k], k < periodic.size() && periodic[k]);
    return x;
  }

  // Linear between the middles of the cells where the grid is finer; the mean over each new cell where it is coarser by
  // a whole number.
  static noneq::Tensor along(const noneq::Tensor& x, std::int64_t d, std::int64_t size, bool periodic) {
    const std::int64_t have = x.size(d);
    if (have == size) return x;
    if (have % size == 0) return x.unflatten(d, {size, have / size}).mean(d + 1);
    const noneq::Tensor at = (at::arange(size, at::kDouble) + 0.5) * (static_cast<double>(have) / size) - 0.5;
    const noneq::Tensor left = at.floor(), share = (at - left).to(x.scalar_type());
    const auto cell = [&](const noneq::Tensor& i) {
      const noneq::Tensor inside = periodic ? i.remainder(have) : i.clamp(0, have - 1);
      return x.index_select(d, inside.to(at::kLong));
    };
    noneq::sizes by_axis(static_cast<std::size_t>(x.dim()), 1);
    by_axis[static_cast<std::size_t>(d)] = size;
    const noneq::Tensor low = cell(left), high = cell(left + 1);
    return low + (high - low) * share.view(by_axis);
  }

  noneq::sizes space_;
  std::vector<one> all_;
  std::int64_t channels_ = 0, numbers_ = 0;
};

}
