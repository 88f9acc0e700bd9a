// Arrays of metrics over t, such as the terms of the bound; an array "…_stderr" is a band around its curve.
#pragma once

#include <algorithm>
#include <set>

#include "frames.hpp"

namespace noneq {

const char* const ink[] = {"#1f4e79", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#17808f", "#5d6d7e", "#a04000"};

class curves_sink : public sink {
 public:
  curves_sink(const figure_style& of, const writing& w, std::filesystem::path file)
      : of_(of), file_(std::move(file)), T_(w.denoiser.process().steps()), t_(at::arange(1, T_ + 1, at::kDouble)) {}

  void write(const batch& chunk) override {
    // Arrays measured at some steps only bring their own axis along.
    if (chunk.has("t")) t_ = chunk.at("t").to(at::kDouble);
    for (const auto& [name, tensor] : chunk.tensors) {
      if (tensor.dim() == 1 && tensor.size(0) == t_.size(0) && name != "t") curves_[name] = tensor.to(at::kDouble);
      seen_.insert(name + " " + to_string(tensor.sizes().vec()));
    }
  }

  std::vector<std::filesystem::path> close() override {
    if (curves_.empty())
      throw error(c10::str("draw: curves got ", seen_.empty() ? "nothing" : c10::Join(", ", seen_), ", need an array [",
                           t_.size(0), "], one number for each t"));
    gnuplot g(920, of_.title.empty() ? 520 : 550);
    // Where −∞ or 0 would fall off a logarithmic axis, the linear one stays.
    const bool logarithmic = std::all_of(curves_.begin(), curves_.end(), [&](const auto& curve) {
      const Tensor finite = curve.second.masked_select(curve.second.isfinite());
      return is_band(curve.first) || (finite.numel() > 0 && (finite > 0).all().template item<bool>());
    });
    std::string bands, curves;
    std::size_t colour = 0;
    for (const auto& [name, y] : curves_) {
      if (is_band(name)) continue;
      const std::string of_this = std::string("lc rgb '") + ink[colour++ % std::size(ink)] + "' ";
      if (const auto error = curves_.find(name + band); error != curves_.end()) {
        Tensor below = y - error->second;
        if (logarithmic) below = at::maximum(below, y / 10);  // the axis has no place for what is not positive
        bands += g.data(at::stack({t_, below, y + error->second}, 1)) +
                 " using 1:2:3 with filledcurves fs transparent solid 0.25 noborder " + of_this + "notitle, ";
      }
      curves += (curves.empty() ? "" : ", ") + g.data(at::stack({t_, y}, 1)) + " using 1:2 with lines lw 2 " + of_this +
                "title " + gnuplot::quoted(name);
    }
    if (!of_.title.empty()) g.script << "set title " << gnuplot::quoted(of_.title) << " noenhanced font ',14'\n";
    g.script << "set xlabel 'step t' font ',13'\nset xrange [1:" << T_ << "]\n"
             << "set ylabel " << gnuplot::quoted(of_.unit.empty() ? "value" : of_.unit) << " noenhanced font ',13'\n"
             << "set bmargin 5.5\nset key noenhanced at screen 0.5, char 1.1 center horizontal samplen 2 nobox\n"
             << "set grid lt 1 lc rgb '#e8e8e8' lw 1\nset border 3 lc rgb '#808080'\nset rmargin 3\n";
    if (logarithmic) g.script << "set logscale y\nset format y '10^{%T}'\n";
    g.script << "plot " << bands << curves << "\n";
    g.draw(file_);
    return {file_};
  }

 private:
  static inline const std::string band = "_stderr";
  bool is_band(const std::string& name) const {
    return name.ends_with(band) && curves_.contains(name.substr(0, name.size() - band.size()));
  }

  const figure_style of_;
  const std::filesystem::path file_;
  const std::int64_t T_;
  Tensor t_;
  std::map<std::string, Tensor> curves_;
  std::set<std::string> seen_;
};

}
