// Samples of any shape as a picture or as points in the plane. Pure functions, thread-safe.
#pragma once

#include <nlohmann/json.hpp>

#include "noneq/app/report/colour_map.hpp"
#include "noneq/app/report/page_budget.hpp"
#include "noneq/core/tensor.hpp"

namespace noneq::app {

// The form of samples [n, …] on a page.
enum class sample_form { points, picture, none };

// [2]: points; [L], [H, W], [C, H, W]: a picture. `members` samples of each row stand side by side.
struct sample_layout {
  sample_form form = sample_form::none;
  sizes shape;                 // of one sample
  std::int64_t members = 0;    // of a row; 0: no ensemble
  bool coloured = false;       // fields in the colours of a map, a panel a channel; or grey and RGB pictures
  std::string of = "members";  // what the members are, where they are no members

  std::int64_t count() const;  // rows to read, at most
  std::string note() const;    // the meaning of the picture's parts
  const char* kind() const { return form == sample_form::points ? "points" : "picture"; }
};

// Returns whether numbers are those of fields: neither whole, as categories and bits are, nor between the limits of
// pictures, `known`.
bool are_fields(const Tensor& numbers, const std::vector<double>& known);

// Returns the layout of rows of this shape. `trained`: the shape of one sample of the data that the model was trained
// on, whose order of dimensions may be another; empty: not known.
sample_layout layout_of(const sizes& row, const sizes& trained, bool coloured);

// The values at the ends of the colours: of each channel where there are several that are no colours. A range of both
// signs is symmetric.
struct value_range {
  struct ends {
    double low, high;
    colour_map map = colour_map::rising;
  };
  std::vector<ends> channels;
};
value_range range_of(const Tensor& samples, const sample_layout& l, const std::vector<double>& known);

// Returns [{name, low, high, unit, colours}], a scale for each channel; empty where numbers are drawn in grey or RGB.
nlohmann::ordered_json scales_of(const sample_layout& l, const value_range& range, const std::string& unit);

// Returns the frame {label, xy} or {label, src, width, height} of samples [n, …]; null where the budget is used up.
nlohmann::ordered_json frame_of(const std::string& label, const Tensor& samples, const sample_layout& l,
                                const value_range& range, const std::string& what, page_budget& budget);

}
