// Notes on settings that look unintended for the stored rows but may be right: a line each for the user, with the
// parameter that mends it. Pure, thread-safe.
#pragma once

#include <charconv>
#include <map>
#include <optional>

#include "noneq/core/error.hpp"
#include "seen_rows.hpp"

namespace shipped {

// Returns the number of an attribute; nothing when it is no number.
inline std::optional<double> number_in(const std::map<std::string, std::string>& attributes, const char* name) {
  const auto found = attributes.find(name);
  if (found == attributes.end()) return {};
  double value = 0;
  const char* end = found->second.data() + found->second.size();
  if (std::from_chars(found->second.data(), end, value).ptr != end) return {};
  return value;
}

// The values that stand for missing numbers by the conventions of netCDF (CF 1.11, §2.5.1). NaN is refused anyway.
inline std::vector<double> fill_values(const std::map<std::string, std::string>& attributes) {
  std::vector<double> values;
  for (const char* name : {"_FillValue", "missing_value"})
    if (const auto v = number_in(attributes, name); v && !std::isnan(*v)) values.push_back(*v);
  return values;
}

// Attributes that rescale numbers by the conventions of netCDF (CF 1.11, §8.1), where they are not to be applied.
inline void note_packing(const std::map<std::string, std::string>& attributes, const std::string& where,
                         std::vector<std::string>& notes) {
  const double scale = number_in(attributes, "scale_factor").value_or(1),
               offset = number_in(attributes, "add_offset").value_or(0);
  if (scale == 1 && offset == 0) return;
  notes.push_back(c10::str(where, " has the attributes scale_factor = ", scale, " and add_offset = ", offset,
                           ", which are not applied: training, samples and range are in the numbers as they are "
                           "stored; conventions: netcdf brings them to its unit"));
}

inline void note_missing(const seen_rows& seen, const std::string& where, std::vector<std::string>& notes) {
  if (seen.missing_row() < 0) return;
  notes.push_back(c10::str(where, " has ", seen.missing(), " in row ", seen.missing_row(),
                           ", which its _FillValue or missing_value says is missing; it is trained on as a number: "
                           "conventions: netcdf takes it for missing"));
}

// Classes without a row among `counts`, those of the labels from first_class on.
inline void note_empty_classes(const std::vector<std::int64_t>& counts, std::int64_t first_class,
                               const std::string& where, std::vector<std::string>& notes) {
  const auto empty = std::count(counts.begin(), counts.end(), 0);
  if (empty == 0) return;
  const auto least = std::find_if(counts.begin(), counts.end(), [](std::int64_t n) { return n > 0; }) - counts.begin();
  const auto last = static_cast<std::int64_t>(counts.size()) - 1 + first_class;
  if (least == empty)
    notes.push_back(c10::str(where, " run from ", least + first_class, " to ", last, ", so ", empty, " of ",
                             counts.size(), " classes ", empty == 1 ? "has" : "have",
                             " no rows; first_class: ", least + first_class, " counts from there"));
  else
    notes.push_back(c10::str(where, " run from ", first_class, " to ", last, ", and ", empty, " of these ",
                             counts.size(), " classes ", empty == 1 ? "has" : "have",
                             " no rows; a model learns nothing of them: number the classes without gaps"));
}

// For a model that takes the first dimension of samples [A, B] for channels, of which data seldom has so many.
inline std::string note_channels(const noneq::sizes& sample) {
  constexpr std::int64_t many = 4;
  if (sample.size() != 2 || sample[0] <= many) return "";
  return c10::str("samples ", noneq::to_string(sample), " are taken for sequences of ", sample[1], " places with ",
                  sample[0], " channels; {plugin: transform.channels, from: ",
                  sample[1] <= many ? "last} behind the loader takes the last dimension for channels"
                                    : "none} behind the loader makes them images of one channel",
                  ", from: first states that it is as it should be");
}

}
