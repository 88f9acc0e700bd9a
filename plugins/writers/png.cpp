// The first samples as one picture: images side by side, fields channel by channel, sequences as rows of pixels.
#include "noneq/storage/png.hpp"
#include "fields.hpp"
#include "noneq/plugin.hpp"

namespace {

using noneq::sizes;
using noneq::Tensor;

struct png : noneq::writer {
  std::int64_t count = 64, pixel = 0;
  std::vector<double> range;
  std::string draw = "auto", beside;

  std::unique_ptr<noneq::sinking> open(const noneq::writing& w) const override;

  bool draws_fields(const sizes& sample) const {
    if (sample.size() != 3 || draw == "picture") return false;
    return draw == "fields" || (sample[0] != 1 && sample[0] != 3);
  }

  // Draws samples [n, …] to a file; `known`: the values the data may take, if they are known.
  void draw_samples(const Tensor& samples, const std::vector<double>& known, const std::filesystem::path& to) const {
    const sizes sample = samples.sizes().slice(1).vec();
    check_shape(sample);
    const std::vector<double>& range = this->range.empty() ? known : this->range;
    if (draws_fields(sample))
      shipped::draw_fields(samples, range, pixel, to);
    else if (draw == "fields")
      shipped::draw_fields(samples.view({samples.size(0), 1, sample.size() == 1 ? 1 : sample[0], sample.back()}), range,
                           pixel, to);
    else
      noneq::storage::write_png(to, picture(samples.detach().to(at::kDouble), range));
  }

  // uint8 [H, W] or [H, W, 3] of samples [n, …].
  Tensor picture(const Tensor& x, const std::vector<double>& known) const {
    const std::vector<double> range = known.empty() ? extremes(x) : known;
    const std::int64_t n = x.size(0), rank = x.dim() - 1;
    if (rank == 1)
      return blocks(noneq::storage::image_grid(x.view({n, 1, 1, -1}), 1, range[0], range[1]), pixel ? pixel : 8);
    const Tensor all = rank == 2 ? x.unsqueeze(1) : x;
    const auto columns = columns_of(n);
    const Tensor images = blocks(all, side_of(n, all.size(2), all.size(3)), 2);
    const double grey = (range[0] + range[1]) / 2;
    return noneq::storage::image_grid(at::constant_pad_nd(images, {gap, gap, gap, gap}, grey), columns, range[0],
                                      range[1]);
  }

  void check_input(const noneq::writer_input& given) const override {
    if (!beside.empty()) {
      given.need(beside, "beside");
      if (given.find(beside)->extent != noneq::extent::like_samples)
        throw noneq::error("got '" + beside + "', " + given.find(beside)->doc + "; need one of the shape of samples",
                           "beside");
    }
    if (const auto* samples = given.find("samples");
        samples != nullptr && samples->extent != noneq::extent::like_samples)
      throw noneq::error("got an ensemble for each row, or stored rows that may be one, from " + given.from +
                             "; need one sample: leave out members, or put transform.members between",
                         "in");
    if (given.shape) check_size(*given.shape);
  }

  void check_machine() const override {
    if (draw == "fields") shipped::gnuplot::need();
  }

  void check() const override {
    if (!range.empty() && (range.size() != 2 || !(range[0] < range[1])))
      throw noneq::error(c10::str("range got [", c10::Join(", ", range), "], need two numbers, the lower one first"));
    if (file.extension() != ".png")
      throw noneq::error("file got '" + file.string() + "', need a name that ends in .png");
  }

  static void describe(noneq::description<png>& d) {
    d.doc(
         "Draws the first samples, images in a grid, fields of many channels with a panel a channel, or sequences as "
         "rows of pixels, as a PNG.")
        .param("draw", &png::draw,
               "picture: grey or RGB; fields: a panel a channel, with a colour map and its scale, by gnuplot; auto: a "
               "picture of 1 or 3 channels, fields of any other number",
               noneq::one_of({"auto", "picture", "fields"}))
        .param("count", &png::count, "samples to draw", noneq::at_least(1), noneq::at_most(65536))
        .param("pixel", &png::pixel,
               "side of the square that stands for one value; 0: 8 for sequences, for others what makes the picture "
               "some 480 "
               "pixels wide",
               noneq::between(0, 256))
        .param("range", &png::range,
               "the values, in data units, that are black and white; empty: the values of transform.range behind the "
               "loader, otherwise the smallest and largest value drawn; of fields, those of each channel")
        .param("beside", &png::beside,
               "another tensor of as many images, each drawn to the right of its sample, e.g. nearest")
        .reads("samples", "float32 [n, …]");
  }

 private:
  static constexpr std::int64_t gap = 1;  // around each image, so that dark ones stay apart

  void check_shape(const sizes& sample) const {
    const std::size_t rank = sample.size();
    if (rank < 1 || rank > 3 || (draw == "picture" && rank == 3 && sample[0] != 1 && sample[0] != 3))
      throw noneq::error("got samples of shape " + noneq::to_string(sample) + ", need images [H, W], " +
                         (draw == "picture" ? "[1, H, W], [3, H, W]" : "[C, H, W]") + " or sequences [L]");
  }

  // Returns whether so many samples of this shape make a picture of a possible size.
  void check_size(const sizes& sample) const {
    check_shape(sample);
    const std::int64_t twice = beside.empty() ? 1 : 2;
    const std::int64_t C = sample.size() == 3 ? sample[0] : 1, H = sample.size() == 1 ? 1 : sample[sample.size() - 2],
                       W = sample.back() * twice;
    if (draw == "fields" || draws_fields(sample)) {
      shipped::gnuplot::need();
      return shipped::fields_layout(count, C, H, W, pixel).check();
    }
    const std::int64_t columns = sample.size() == 1 ? 1 : columns_of(count), rows = (count + columns - 1) / columns,
                       side = sample.size() == 1 ? (pixel ? pixel : 8) : side_of(count, H, W),
                       edge = sample.size() == 1 ? 0 : 2 * gap;
    const std::int64_t width = columns * (W * side + edge), height = rows * (H * side + edge);
    if (width > noneq::storage::largest_png_side || height > noneq::storage::largest_png_side ||
        width > noneq::storage::largest_png / C / height)
      throw noneq::error(c10::str("got ", count, " samples of shape ", noneq::to_string(sample), ", a picture of ",
                                  width, " by ", height, " pixels, need a lower count or pixel"));
  }

  static std::int64_t columns_of(std::int64_t n) {
    return static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(n))));
  }

  // Returns `pixel`, or by default the side at which the longer side of the picture has some 480 pixels.
  std::int64_t side_of(std::int64_t n, std::int64_t H, std::int64_t W) const {
    if (pixel > 0) return pixel;
    const std::int64_t columns = columns_of(n), rows = (n + columns - 1) / columns;
    const std::int64_t longest = std::max(columns * (W + 2 * gap), rows * (H + 2 * gap));
    return std::clamp<std::int64_t>((480 + longest / 2) / longest, 1, 32);
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

class png_sinking : public noneq::sinking {
 public:
  png_sinking(const png& of, std::filesystem::path file, std::vector<double> known)
      : of_(of), file_(std::move(file)), known_(std::move(known)) {}

  noneq::batch map(noneq::batch b) const override {
    Tensor samples = b.at("samples");
    if (!of_.beside.empty()) {
      if (!b.has(of_.beside)) throw noneq::error("beside got '" + of_.beside + "', which nobody before it writes");
      const Tensor& other = b.at(of_.beside);
      if (other.sizes() != samples.sizes())
        throw noneq::error("beside got '" + of_.beside + "' " + noneq::to_string(other.sizes().vec()) +
                           ", need one for each sample, " + noneq::to_string(samples.sizes().vec()));
      samples = at::cat({samples, other.to(samples.scalar_type())}, -1);
    }
    return {b.step, b.first, {{"samples", samples}}};
  }

  void add(const noneq::batch& mapped) override {
    const Tensor& samples = mapped.at("samples");
    const std::int64_t missing = of_.count - held_;
    if (missing <= 0 || samples.size(0) == 0) return;
    parts_.push_back(samples.slice(0, 0, missing));
    held_ += parts_.back().size(0);
  }

  noneq::outcome finish() override {
    if (parts_.empty()) throw noneq::error(file_.string() + ": got no samples to draw, need at least one");
    of_.draw_samples(at::cat(parts_), known_, file_);
    return {{}, {}, {file_}};
  }

 private:
  const png of_;
  const std::filesystem::path file_;
  const std::vector<double> known_;
  std::vector<Tensor> parts_;
  std::int64_t held_ = 0;
};

std::unique_ptr<noneq::sinking> png::open(const noneq::writing& w) const {
  return std::make_unique<png_sinking>(*this, path(w), w.info.range);
}

}

NONEQ_PLUGIN(png);
