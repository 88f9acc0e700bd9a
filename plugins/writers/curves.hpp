// Arrays of metrics over t, such as the terms of the bound, over an axis that the metric declares, or the loss over the
// steps of training; an array "…_stderr" is a band around its curve.
#pragma once

#include <algorithm>
#include <set>

#include "axis.hpp"
#include "frames.hpp"

namespace shipped {

const char* const ink[] = {"#1f4e79", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#17808f", "#5d6d7e", "#a04000"};

class curves_sinking : public noneq::sinking {
 public:
  curves_sinking(const figure_style& of, const noneq::writing& w, std::filesystem::path file)
      : of_(of),
        file_(std::move(file)),
        T_(w.denoiser != nullptr ? w.denoiser->process().steps() : 0),
        t_(at::arange(1, T_ + 1, at::kDouble)) {
    for (const noneq::named_tensor_doc& t : w.tensors)
      if (t.extent == noneq::extent::axis) axis_ = t.name;
    if (const auto known = w.provenance.find("unit"); known != w.provenance.end()) unit_ = known->second;
  }

  void add(const noneq::batch& chunk) override {
    // Arrays measured at some steps only bring their own axis along; training steps are one of their own.
    in_training_ = chunk.has("step");
    if (in_training_) t_ = chunk.at("step").to(at::kDouble);
    if (chunk.has("t")) t_ = chunk.at("t").to(at::kDouble);
    if (!axis_.empty() && chunk.has(axis_)) t_ = chunk.at(axis_).to(at::kDouble);
    for (const auto& [name, tensor] : chunk.tensors) {
      const bool axis = name == "t" || name == "step" || name == axis_;
      if (tensor.dim() == 1 && tensor.size(0) == t_.size(0) && !axis) curves_[name] = tensor.to(at::kDouble);
      seen_.insert(name + " " + noneq::to_string(tensor.sizes().vec()));
    }
  }

  noneq::outcome finish() override {
    if (curves_.empty())
      throw noneq::error(c10::str("draw: curves got ", seen_.empty() ? "nothing" : c10::Join(", ", seen_),
                                  ", need an array [", t_.size(0), "], one number for each ",
                                  axis_.empty() ? "t" : axis_));
    gnuplot g(920, of_.title.empty() ? 520 : 550);
    const extremes y = extremes_of_curves();
    // The axis stays linear where −∞ or 0 would fall off a logarithmic one, or where it would have fewer than two
    // marks.
    const bool logarithmic = y.low > 0 && y.all_positive && y.high > 20 * y.low;
    std::string bands, curves;
    std::size_t colour = 0;
    const std::string style =
        t_.size(0) < 40 ? " using 1:2 with linespoints pt 7 ps 0.5 lw 2 " : " using 1:2 with lines lw 2 ";
    for (const auto& [name, values] : curves_) {
      if (is_band(name)) continue;
      const std::string of_this = std::string("lc rgb '") + ink[colour++ % std::size(ink)] + "' ";
      if (const auto error = curves_.find(name + band); error != curves_.end()) {
        noneq::Tensor below = values - error->second;
        if (logarithmic) below = at::maximum(below, values / 10);  // the axis has no place for 0 and below
        bands += g.data(at::stack({t_, below, values + error->second}, 1)) +
                 " using 1:2:3 with filledcurves fs transparent solid 0.25 noborder " + of_this + "notitle, ";
      }
      curves += (curves.empty() ? "" : ", ") + g.data(at::stack({t_, values}, 1)) + style + of_this + "title " +
                gnuplot::quoted(name);
    }
    if (!of_.title.empty()) g.script << "set title " << gnuplot::quoted(of_.title) << " noenhanced font ',14'\n";
    const bool steps_of_process = !in_training_ && axis_.empty();
    const double first = steps_of_process ? 1 : t_.min().item<double>(),
                 last = steps_of_process ? static_cast<double>(T_) : t_.max().item<double>();
    g.script << "set xlabel " << gnuplot::quoted(label_of_axis()) << " noenhanced font ',13'\nset xrange ["
             << (first < last ? first : first - 1) << ":" << (first < last ? last : last + 1) << "]\n"
             << "set ylabel " << gnuplot::quoted(unit()) << " noenhanced font ',13'\n"
             << "set bmargin 5.5\nset key noenhanced at screen 0.5, char 1.1 center horizontal samplen 2 nobox\n"
             << "set grid lt 1 lc rgb '#e8e8e8' lw 1\nset border 3 lc rgb '#808080'\nset rmargin 3\n";
    if (!axis_.empty() && first > 0 && last > 100 * first) g.script << "set logscale x\n";
    if (logarithmic)
      g.script << "set logscale y\nset format y '10^{%T}'\n";
    else
      g.script << "set format y '" << format_of_marks(y.low, y.high) << "'\n";
    g.script << "plot " << bands << curves << "\n";
    g.draw(file_);
    return {{}, {}, {file_}};
  }

 private:
  static inline const std::string band = "_stderr";
  bool is_band(const std::string& name) const {
    return name.ends_with(band) && curves_.contains(name.substr(0, name.size() - band.size()));
  }

  // The smallest and largest finite number of all curves; not of their bands.
  struct extremes {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    bool all_positive = true;
  };
  extremes extremes_of_curves() const {
    extremes found;
    for (const auto& [name, values] : curves_) {
      const noneq::Tensor finite = values.masked_select(values.isfinite());
      if (is_band(name)) continue;
      found.all_positive &= finite.numel() > 0 && (finite > 0).all().item<bool>();
      if (finite.numel() == 0) continue;
      found.low = std::min(found.low, finite.min().item<double>());
      found.high = std::max(found.high, finite.max().item<double>());
    }
    return found;
  }

  std::string label_of_axis() const {
    if (axis_.empty()) return in_training_ ? "training step" : "step t";
    std::string label = axis_;
    std::replace(label.begin(), label.end(), '_', ' ');
    return label;
  }

  std::string unit() const {
    if (!of_.unit.empty()) return of_.unit;
    return unit_.empty() ? "value" : unit_;
  }

  const figure_style of_;
  const std::filesystem::path file_;
  const std::int64_t T_;
  std::string unit_, axis_;  // axis_: the array that the curves are drawn over; "": t, or the step of training
  noneq::Tensor t_;
  bool in_training_ = false;
  std::map<std::string, noneq::Tensor> curves_;
  std::set<std::string> seen_;
};

}
