// Shared by figures of a sampler's frames: collecting them, the forward process of data at equal times, and panels in
// rows and columns.
#pragma once

#include "gnuplot.hpp"
#include "noneq/plugin.hpp"

namespace shipped {

// The parameters of a figure plugin, for the functions that draw.
struct figure_style {
  std::string draw = "auto", title, unit;
  std::int64_t count = 0;
};

// Returns the frames to draw, from t = 0 to T: all of them, or as many as fit, equally spaced.
inline std::vector<std::size_t> shown(const std::vector<std::int64_t>& times) {
  constexpr std::size_t most_columns = 6;
  std::vector<std::size_t> order(times.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return times[a] < times[b]; });
  if (order.size() <= most_columns) return order;
  std::vector<std::size_t> some;
  for (std::size_t k = 0; k < most_columns; ++k) some.push_back(order[k * (order.size() - 1) / (most_columns - 1)]);
  return some;
}

// Samplers' frames, and beside them the forward process of data.
class frames_sinking : public noneq::sinking {
 public:
  frames_sinking(const figure_style& of, const noneq::writing& w, std::filesystem::path file, std::int64_t count)
      : of_(of), w_(w), file_(std::move(file)), count_(of.count > 0 ? of.count : count) {
    if (w.frame_times.empty())
      throw noneq::error("draw: " + of.draw + " got a sampler without frames, need frames: 3 or more there");
  }

  // Returns the frames of a batch alone, because its turn may come late.
  noneq::batch map(noneq::batch b) const override { return {b.step, b.first, {{"frames", b.at("frames")}}}; }

  void add(const noneq::batch& mapped) override {
    const noneq::Tensor& frames = mapped.at("frames");
    const auto need = static_cast<std::int64_t>(w_.frame_times.size());
    if (frames.dim() < 3 || frames.size(1) != need)
      throw noneq::error(c10::str("draw: ", of_.draw, " got frames ", noneq::to_string(frames.sizes().vec()),
                                  ", need [n, ", need, ", …]"));
    check_shape(frames.sizes().slice(2).vec());
    if (held_ >= count_ || frames.size(0) == 0) return;
    parts_.push_back(frames.slice(0, 0, count_ - held_).clone());
    held_ += parts_.back().size(0);
  }

  noneq::outcome finish() override {
    if (parts_.empty()) throw noneq::error(file_.string() + ": got no frames to draw, need at least one sample");
    const at::NoGradGuard no_gradients;
    draw(at::cat(parts_), shown(w_.frame_times));
    return {{}, {}, {file_}};
  }

 protected:
  virtual void check_shape(const noneq::sizes& sample) const = 0;
  virtual void draw(const noneq::Tensor& frames, const std::vector<std::size_t>& columns) = 0;

  const noneq::normalisation& normal() const { return w_.info.normal; }
  const noneq::process& process() const { return w_.denoiser->process(); }
  std::int64_t time(std::size_t column) const { return w_.frame_times[column]; }

  // Data, in its own units, at time t of the forward process.
  noneq::Tensor forward(std::int64_t t) {
    if (!x0_.defined()) x0_ = first_rows();
    if (t == 0) return normal().restore(x0_);
    const noneq::kernel& k = *process().kernel;
    const auto c = noneq::coefficients_at(process().tables, at::full({x0_.size(0)}, t - 1, at::kLong), x0_);
    const noneq::Tensor noise = k.noise(x0_.sizes().vec(), w_.stream.fork("forward").fork(t), 0);
    return normal().restore(k.jump(x0_, c, noise));
  }

  // As many rows of the data, normalised, as there are samples to draw.
  noneq::Tensor first_rows() const {
    std::vector<noneq::Tensor> rows;
    const auto x0 = [](const noneq::batch& b) -> noneq::batch { return {b.step, b.first, {{"x0", b.at("x0")}}}; };
    w_.pass({"", held_}, x0, [&](const noneq::batch& b) { rows.push_back(b.at("x0")); });
    return at::cat(rows);
  }

  // Panels in rows and columns between margins given in pixels, `gap` pixels apart.
  static void begin_panels(gnuplot& g, std::size_t rows, std::size_t columns, std::int64_t width, std::int64_t height,
                           std::int64_t left, std::int64_t right, std::int64_t bottom, std::int64_t top,
                           std::int64_t gap) {
    const auto w = static_cast<double>(width), h = static_cast<double>(height);
    g.script << "set multiplot layout " << rows << "," << columns << " margins screen " << left / w << ","
             << 1 - right / w << "," << bottom / h << "," << 1 - top / h << " spacing screen " << gap / w << ","
             << gap / h << "\n";
  }

  void put_title(gnuplot& g) const {
    if (!of_.title.empty())
      g.script << "set label 100 " << gnuplot::quoted(of_.title)
               << " at screen 0.5, screen 1 offset 0,-1 center noenhanced font ',13'\n";
  }

  const figure_style of_;
  const noneq::writing w_;
  const std::filesystem::path file_;
  const std::int64_t count_;
  std::vector<noneq::Tensor> parts_;
  std::int64_t held_ = 0;
  noneq::Tensor x0_;
};

}
