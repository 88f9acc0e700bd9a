// Dead leaves (Lee, Mumford & Huang 2001, with r⁻³; data of Sohl-Dickstein et al. 2015): disks of random size and grey
// fall without end, and the image is the view from above. Looking up from below instead, the first disk that reaches a
// pixel is the one seen there, so painting front to back until nothing is left to cover ends after finitely many disks
// and is exact (Kendall & Thönnes 1999), where a pile of fixed height is not. Endless.
#include <cmath>

#include "generated.hpp"

namespace {

using noneq::Tensor;

struct dead_leaves : noneq::loader {
  std::int64_t size = 32, levels = 256;
  double smallest = 1, largest = 0;
  bool dequantise = true;

  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>& known,
                                      const noneq::stream& s) const override;

  double widest() const { return largest > 0 ? largest : std::max(smallest, static_cast<double>(size)); }

  void check() const override {
    if (widest() < smallest)
      throw noneq::error(c10::str("largest got ", largest, ", need at least the smallest radius, ", smallest));
  }

  static void describe(noneq::description<dead_leaves>& d) {
    d.doc("Images [1, size, size] of disks that hide each other, their radii by the law r⁻³, drawn afresh without end.")
        .param("size", &dead_leaves::size, "pixels along a side", noneq::between(1, 4096))
        .param("smallest", &dead_leaves::smallest, "smallest radius of a disk, in pixels", noneq::between(0.1, 1e6))
        .param("largest", &dead_leaves::largest, "largest radius, in pixels; 0: the size of the image",
               noneq::between(0, 1e6))
        .param("levels", &dead_leaves::levels, "greys 0, 1, …, all of them equally likely", noneq::between(2, 65536))
        .param("dequantise", &dead_leaves::dequantise,
               "adds uniform noise of one grey level and brings the pixels to mean 0 and variance 1; without it the "
               "levels are brought to −1 … 1 and have bins");
  }
};

// Disks that may reach the pixels 0 … side in both directions. Of radius r these are, per unit of r⁻³, as many as the
// square of their centres has area: r⁻³(side + 2r)², a sum of three powers of r, each inverted in closed form. A disk
// thus needs no rejection, and the pixels at the border are as those in the middle.
class falling_disks {
 public:
  falling_disks(double side, double smallest, double largest)
      : side_(side),
        smallest_(smallest),
        cubes_(0.5 * side * side * (1 / (smallest * smallest) - 1 / (largest * largest))),
        squares_(4 * side * (1 / smallest - 1 / largest)),
        reciprocals_(4 * std::log(largest / smallest)) {}

  struct disk {
    double x, y, radius;
  };

  // u: three independent numbers from [0, 1).
  disk at(double u0, double u1, double u2) const {
    const double r = radius(u0), width = side_ + 2 * r;
    return {u1 * width - r, u2 * width - r, r};
  }

 private:
  double radius(double u) const {
    double mass = u * (cubes_ + squares_ + reciprocals_);
    if (mass < cubes_) return 1 / std::sqrt(1 / (smallest_ * smallest_) - 2 * mass / (side_ * side_));
    mass -= cubes_;
    if (mass < squares_) return 1 / (1 / smallest_ - mass / (4 * side_));
    return smallest_ * std::exp((mass - squares_) / 4);
  }

  double side_, smallest_, cubes_, squares_, reciprocals_;
};

class leaf_source : public shipped::generated_source {
 public:
  leaf_source(const dead_leaves& of, const std::optional<noneq::normalisation>& known, const noneq::stream& s)
      : generated_source(of.batch_size, s),
        of_(of),
        disks_(static_cast<double>(of.size - 1), of.smallest, of.widest()) {
    info_.shape = {1, of.size, of.size};
    info_.normal = known.value_or(scaling());
    info_.range = {0, static_cast<double>(of.dequantise ? of.levels : of.levels - 1)};
    if (!of.dequantise) info_.bin_width = 1 / info_.normal.scale.mean().item<double>();
  }

 private:
  // Greys are independent of shapes: a pixel has every grey with equal probability, and with noise on it is uniform
  // over [0, levels), of mean levels/2 and variance levels²/12. No sample needs to be taken.
  noneq::normalisation scaling() const {
    const auto levels = static_cast<double>(of_.levels);
    if (of_.dequantise)
      return {at::scalar_tensor(levels / 2, at::kFloat), at::scalar_tensor(levels / std::sqrt(12.), at::kFloat)};
    return {at::scalar_tensor((levels - 1) / 2, at::kFloat), at::scalar_tensor((levels - 1) / 2, at::kFloat)};
  }

  Tensor samples(const noneq::stream& s, std::int64_t first, std::int64_t count) const override {
    Tensor grey = at::full({count, 1, of_.size, of_.size}, uncovered, at::kFloat);
    const noneq::stream leaves = s.fork("leaves");
    for (std::int64_t k = 0; k < count; ++k)
      paint(leaves.fork(first + k), grey.data_ptr<float>() + k * of_.size * of_.size);
    if (of_.dequantise) grey += s.fork("dequantise").uniform(grey.sizes().vec(), first);
    return info_.normal.apply(grey);
  }

  void paint(const noneq::stream& s, float* pixels) const {
    std::uint64_t drawn = 0;
    const auto unit = [&] { return static_cast<double>(s.bits(drawn++) >> 11) * 0x1p-53; };
    for (std::int64_t left = of_.size * of_.size; left > 0;) {
      const double u0 = unit(), u1 = unit(), u2 = unit();
      const double grey = std::floor(unit() * static_cast<double>(of_.levels));
      left -= cover(disks_.at(u0, u1, u2), static_cast<float>(grey), pixels);
    }
  }

  // Paints the uncovered pixels of a disk in its grey; returns their number.
  std::int64_t cover(const falling_disks::disk& d, float grey, float* pixels) const {
    std::int64_t covered = 0;
    const auto [top, bottom] = within(d.y, d.radius);
    for (std::int64_t y = top; y <= bottom; ++y) {
      const double across = d.radius * d.radius - (static_cast<double>(y) - d.y) * (static_cast<double>(y) - d.y);
      const auto [left, right] = within(d.x, std::sqrt(std::max(0., across)));
      for (float* p = pixels + y * of_.size + left; p <= pixels + y * of_.size + right; ++p) {
        if (*p >= 0) continue;
        *p = grey;
        ++covered;
      }
    }
    return covered;
  }

  // The first and last pixel no farther than `reach` from a point on their line.
  std::pair<std::int64_t, std::int64_t> within(double centre, double reach) const {
    const auto last = static_cast<double>(of_.size - 1);
    return {static_cast<std::int64_t>(std::clamp(std::ceil(centre - reach), 0., last + 1)),
            static_cast<std::int64_t>(std::clamp(std::floor(centre + reach), -1., last))};
  }

  static constexpr float uncovered = -1;
  const dead_leaves of_;
  const falling_disks disks_;
};

std::shared_ptr<noneq::source> dead_leaves::open(const std::optional<noneq::normalisation>& known,
                                                 const noneq::stream& s) const {
  return std::make_shared<leaf_source>(*this, known, s);
}

}

NONEQ_PLUGIN(dead_leaves);
