#include "noneq/storage/conventions.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "noneq/core/error.hpp"

namespace noneq::storage {

at::ScalarType number_meaning::dtype(at::ScalarType stored) const {
  if (plain()) return stored;
  const bool wide = stored == at::kDouble || stored == at::kLong || stored == at::kInt;
  if (c10::isFloatingType(stored) && !scaled()) return stored;
  return wide ? at::kDouble : at::kFloat;
}

number_meaning meaning_of(const hdf5_reader& reader, const std::string& dataset) {
  number_meaning found;
  const auto attributes = reader.attributes(dataset);
  const auto number = [&](const char* name, double& to) {
    if (!attributes.contains(name)) return;
    if (const auto all = reader.numbers(dataset, name); !all.empty()) to = all.front();
  };
  number("scale_factor", found.scale);
  number("add_offset", found.offset);
  if (found.scale == 0 || !std::isfinite(found.scale) || !std::isfinite(found.offset))
    throw error(
        fmt::format("'{}' has the attributes scale_factor = {} and add_offset = {}, need a finite scale other "
                    "than 0; conventions: none reads the numbers as they are stored",
                    dataset, found.scale, found.offset));
  for (const char* name : {"_FillValue", "missing_value"})
    if (attributes.contains(name))
      for (const double value : reader.numbers(dataset, name)) found.missing.push_back(value);
  return found;
}

// Returns where stored numbers are `value`, in their own type; an undefined tensor where none can be.
static Tensor equal_to(const Tensor& stored, double value) {
  if (stored.is_floating_point()) {
    if (std::isnan(value)) return {};  // NaN already
    return stored.eq(stored.scalar_type() == at::kFloat ? static_cast<double>(static_cast<float>(value)) : value);
  }
  constexpr double most = 9.2e18;
  if (!(std::abs(value) < most) || value != std::trunc(value)) return {};
  return stored.to(at::kLong).eq(static_cast<std::int64_t>(value));
}

Tensor meant(const Tensor& stored, const number_meaning& meaning, at::ScalarType dtype) {
  if (meaning.plain()) return stored.to(dtype);
  Tensor numbers = meaning.scaled() ? stored.to(at::kDouble).mul_(meaning.scale).add_(meaning.offset).to(dtype)
                                    : stored.to(dtype, /*non_blocking=*/false, /*copy=*/true);
  for (const double value : meaning.missing)
    if (const Tensor missing = equal_to(stored, value); missing.defined())
      numbers.masked_fill_(missing, std::numeric_limits<double>::quiet_NaN());
  return numbers;
}

}
