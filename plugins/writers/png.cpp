// The first samples as one picture: images side by side, fields channel by channel, sequences as rows of pixels.
#include "fields.hpp"
#include "sample_grid.hpp"

namespace {

using noneq::sizes;
using noneq::Tensor;

struct png : noneq::writer {
  std::int64_t count = 64, pixel = 0;
  std::vector<double> range;
  std::string draw = "auto", beside;

  std::unique_ptr<noneq::sinking> open(const noneq::writing& w) const override;

  // Draws samples [n, …] to a file; `known`: the values the data may take, if they are known.
  void draw_samples(const Tensor& samples, const std::vector<double>& known, const std::filesystem::path& to) const {
    const sizes sample = samples.sizes().slice(1).vec();
    check_shape(sample);
    const std::vector<double>& range = this->range.empty() ? known : this->range;
    if (!shipped::draws_fields(draw, sample)) {
      const shipped::sample_grid grid{pixel};
      const Tensor x = samples.detach().to(at::kDouble);
      return noneq::storage::write_png(to, grid.picture(x, range.empty() ? shipped::ends_of(x) : range));
    }
    const Tensor x = shipped::as_fields(samples);
    const shipped::fields_layout layout(x.size(0), x.size(1), x.size(2), x.size(3), pixel);
    layout.check();
    shipped::gnuplot g(layout.width(), layout.height());
    shipped::draw_fields(g, x, layout, shipped::ranges_of_channels(x, range));
    g.draw(to);
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
    if (shipped::draws_fields(draw, sample)) {
      shipped::gnuplot::need();
      return shipped::fields_layout(count, C, H, W, pixel).check();
    }
    shipped::sample_grid{pixel}.check(count, sample, C, H, W);
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
