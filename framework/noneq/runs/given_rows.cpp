#include "noneq/runs/detail/given_rows.hpp"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/config/problems.hpp"

namespace noneq::runs {
namespace {

constexpr const char* label = "label";

at::ScalarType type_of(number n) {
  switch (n) {
    case number::float32:
      return at::kFloat;
    case number::float64:
      return at::kDouble;
    case number::int64:
      return at::kLong;
  }
  throw error(fmt::format("got {}, which is no type of numbers", static_cast<int>(n)));
}

void check(const rows& x, const std::string& name, const shape* need) {
  const bool of_labels = type_of(x.type) == at::kLong;
  if (x.of.empty()) throw error("got no dimensions, need at least that of the rows", name);
  if (std::any_of(x.of.begin(), x.of.end(), [](std::int64_t d) { return d < 1; }))
    throw error(fmt::format("got the shape {}, need lengths of at least 1", to_string(x.of)), name);
  if (x.numbers == nullptr) throw error("got a null pointer, need its numbers", name);
  if (need == nullptr) {
    if (!of_labels || x.of.size() != 1) throw error("got other numbers, need int64 of the shape [n]", name);
    return;
  }
  if (of_labels) throw error("got int64, need float32 or float64", name);
  if (shape(x.of.begin() + 1, x.of.end()) != *need) {
    shape whole = *need;
    whole.insert(whole.begin(), x.of.front());
    throw error(fmt::format("got the shape {}, need {}", to_string(x.of), to_string(whole)), name);
  }
}

void check_labels(const rows& x, const dataset_info& model) {
  const auto* labels = static_cast<const std::int64_t*>(x.numbers);
  const std::int64_t first = model.first_class, last = first + model.classes - 1;
  for (std::int64_t k = 0; k < x.of.front(); ++k)
    if (labels[k] < first || labels[k] > last)
      throw error(fmt::format("got the class {} in row {}, need {} to {}", labels[k], k, first, last), label);
}

// A loop of our own, because libtorch would change the calling thread's settings of OpenMP.
template <class T>
void need_finite(const rows& x, const std::string& name, bool may_be_missing) {
  const auto* numbers = static_cast<const T*>(x.numbers);
  const std::int64_t of_row = c10::multiply_integers(x.of) / x.of.front();
  for (std::int64_t i = 0; i < x.of.front() * of_row; ++i)
    if (!std::isfinite(numbers[i]) && !(may_be_missing && std::isnan(numbers[i])))
      throw error(fmt::format("got numbers that are not finite in row {}, need finite ones{}", i / of_row,
                              may_be_missing ? ", or NaN" : ""),
                  name);
}

}

std::int64_t checked_rows(const request& r, const std::map<std::string, shape>& needs, const dataset_info& model) {
  constexpr std::int64_t most = std::int64_t{1} << 40;
  config::problems found;
  std::vector<std::string> known;
  for (const auto& [name, _] : needs) known.push_back(name);
  if (model.classes > 0 && !needs.count(label)) known.emplace_back(label);
  std::int64_t count = -1;
  for (const auto& [name, x] : r.given)
    found.guard(
        [&, &name = name, &x = x] {
          if (std::find(known.begin(), known.end(), name) == known.end())
            throw error(fmt::format("is no tensor of this task{}; it takes {}", did_you_mean(name, known),
                                    known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))),
                        name);
          check(x, name, name == label ? nullptr : &needs.at(name));
          if (name == label) check_labels(x, model);
          if (count >= 0 && x.of.front() != count)
            throw error(fmt::format("got {} rows, need {}, as the tensor before it has", x.of.front(), count), name);
          count = x.of.front();
        },
        {}, name);
  for (const auto& [name, row] : needs)
    if (!r.given.count(name))
      found.add(error(fmt::format("is missing; need it with rows of the shape {}", to_string(row)), name));
  if (r.first < 0 || r.first > most)
    found.add(error(fmt::format("got {}, need a number from 0 to {}", r.first, most), "first"));
  if (r.given.empty() && needs.empty() && (r.count < 1 || r.count > most))
    found.add(error(fmt::format("got {}, need a number from 1 to {}, as no rows are given", r.count, most), "count"));
  if (count >= 0 && r.count != 0 && r.count != count)
    found.add(error(fmt::format("got {}, need 0, or {}, the rows that are given", r.count, count), "count"));
  found.raise();
  return count >= 0 ? count : r.count;
}

batch batch_of(const request& r, std::int64_t count, const std::set<std::string>& missing, const dataset_info& model) {
  for (const auto& [name, x] : r.given)
    if (x.type == number::float32)
      need_finite<float>(x, name, missing.count(name) > 0);
    else if (x.type == number::float64)
      need_finite<double>(x, name, missing.count(name) > 0);
  batch b{0, r.first, {}};
  // Nothing changes a tensor of a batch in place.
  for (const auto& [name, x] : r.given) b.set(name, at::from_blob(const_cast<void*>(x.numbers), x.of, type_of(x.type)));
  if (b.has(label)) b.set(label, b.at(label) - model.first_class);
  b.set("row", at::arange(r.first, r.first + count, at::kLong));
  return b;
}

}
