// The first samples as one picture: images side by side, sequences as rows of pixels.
#include "noneq/storage/png.hpp"
#include "noneq/plugin.hpp"

namespace {

using noneq::sizes;
using noneq::Tensor;

struct png : noneq::writer {
  std::int64_t count = 64, pixel = 0;
  std::vector<double> range;
  std::string beside;

  std::unique_ptr<noneq::sink> open(const noneq::writing& w) const override;

  // uint8 [H, W] or [H, W, 3] of samples [n, …]; `known`: the values the data may take, if they are known.
  Tensor picture(const Tensor& samples, const std::vector<double>& known) const {
    const Tensor x = samples.detach().to(at::kFloat);
    const std::vector<double> range = this->range.empty() ? known.empty() ? extremes(x) : known : this->range;
    const std::int64_t n = x.size(0), rank = x.dim() - 1;
    if (rank == 1) return blocks(noneq::image_grid(x.view({n, 1, 1, -1}), 1, range[0], range[1]), pixel ? pixel : 8);
    check_shape(samples.sizes().slice(1).vec());
    const Tensor images = blocks(rank == 2 ? x.unsqueeze(1) : x, pixel ? pixel : 1, 2);
    const auto columns = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(n))));
    constexpr std::int64_t gap = 1;  // around each image, so that dark ones stay apart
    const double grey = (range[0] + range[1]) / 2;
    return noneq::image_grid(at::constant_pad_nd(images, {gap, gap, gap, gap}, grey), columns, range[0], range[1]);
  }

  void check_input(const noneq::writer_input& given) const override {
    if (!beside.empty()) {
      given.need(beside, "beside");
      if (given.find(beside)->extent != noneq::extent::like_samples)
        throw noneq::error("got '" + beside + "', " + given.find(beside)->doc + "; need one of the shape of samples",
                           "beside");
    }
    if (given.shape) check_shape(*given.shape);
  }

  void check() const override {
    if (!range.empty() && (range.size() != 2 || !(range[0] < range[1])))
      throw noneq::error(c10::str("range got [", c10::Join(", ", range), "], need two numbers, the lower one first"));
    if (file.extension() != ".png")
      throw noneq::error("file got '" + file.string() + "', need a name that ends in .png");
  }

  static void describe(noneq::description<png>& d) {
    d.doc("Draws the first samples, images in a grid or sequences as rows of pixels, as a PNG.")
        .param("count", &png::count, "samples to draw", noneq::at_least(1), noneq::at_most(65536))
        .param("pixel", &png::pixel, "side of the square that stands for one value; 0: 1 for images, 8 for sequences",
               noneq::between(0, 256))
        .param("range", &png::range,
               "the values, in data units, that are black and white; empty: the loader's range under normalise: range, "
               "otherwise the smallest and largest value drawn")
        .param("beside", &png::beside,
               "another tensor of as many images, each drawn to the right of its sample, e.g. nearest")
        .reads("samples", "float32 [n, …]");
  }

 private:
  static void check_shape(const sizes& sample) {
    const std::size_t rank = sample.size();
    if (rank < 1 || rank > 3 || (rank == 3 && sample[0] != 1 && sample[0] != 3))
      throw noneq::error("got samples of shape " + noneq::to_string(sample) +
                         ", need images [H, W], [1, H, W], [3, H, W] or sequences [L]");
  }

  static std::vector<double> extremes(const Tensor& x) {
    const Tensor finite = x.masked_select(x.isfinite());
    if (finite.numel() == 0) return {-1, 1};
    const double low = finite.min().item<double>(), high = finite.max().item<double>();
    return low < high ? std::vector{low, high} : std::vector{low - 1, high + 1};
  }

  // Every value of the dimensions `first` and `first`+1 as a square of equal ones.
  static Tensor blocks(const Tensor& x, std::int64_t side, std::int64_t first = 0) {
    return x.repeat_interleave(side, first).repeat_interleave(side, first + 1);
  }
};

class png_sink : public noneq::sink {
 public:
  png_sink(const png& of, std::filesystem::path file, std::vector<double> known)
      : of_(of), file_(std::move(file)), known_(std::move(known)) {}

  void write(const noneq::batch& chunk) override {
    Tensor samples = chunk.at("samples");
    if (!of_.beside.empty()) {
      if (!chunk.has(of_.beside)) throw noneq::error("beside got '" + of_.beside + "', which nobody before it writes");
      const Tensor& other = chunk.at(of_.beside);
      if (other.sizes() != samples.sizes())
        throw noneq::error("beside got '" + of_.beside + "' " + noneq::to_string(other.sizes().vec()) +
                           ", need one for each sample, " + noneq::to_string(samples.sizes().vec()));
      samples = at::cat({samples, other.to(samples.scalar_type())}, -1);
    }
    const std::int64_t missing = of_.count - held_;
    if (missing <= 0 || samples.size(0) == 0) return;
    parts_.push_back(samples.slice(0, 0, missing));
    held_ += parts_.back().size(0);
  }

  std::vector<std::filesystem::path> close() override {
    if (parts_.empty()) throw noneq::error(file_.string() + ": got no samples to draw, need at least one");
    noneq::write_png(file_, of_.picture(at::cat(parts_), known_));
    return {file_};
  }

 private:
  const png of_;
  const std::filesystem::path file_;
  const std::vector<double> known_;
  std::vector<Tensor> parts_;
  std::int64_t held_ = 0;
};

std::unique_ptr<noneq::sink> png::open(const noneq::writing& w) const {
  return std::make_unique<png_sink>(*this, path(w), w.info.range);
}

}

NONEQ_PLUGIN(png);
