// Samples on their way from noise to data as an animated PNG: images in a grid, fields channel by channel, or points in
// the plane, a picture for each of a sampler's frames.
#include "fields.hpp"
#include "moving_points.hpp"
#include "noneq/storage/apng.hpp"
#include "noneq/storage/rows.hpp"

namespace {

using noneq::sizes;
using noneq::Tensor;

struct animation : noneq::writer {
  std::int64_t count = 0, pixel = 0, delay = 100, hold = 1500, plays = 0;
  std::vector<double> range;
  std::string draw = "auto";

  std::unique_ptr<noneq::sinking> open(const noneq::writing& w) const override;

  bool draws_points(const sizes& sample) const { return draw == "points" || (draw == "auto" && sample == sizes{2}); }
  std::int64_t count_of(const sizes& sample) const { return count > 0 ? count : draws_points(sample) ? 2000 : 16; }

  // Returns whether gnuplot draws samples of this shape.
  bool needs_gnuplot(const sizes& sample) const { return draws_points(sample) || shipped::draws_fields(draw, sample); }

  void check_sample(const sizes& sample) const {
    if (draw == "points" && sample != sizes{2})
      throw noneq::error("draw: points got samples of shape " + noneq::to_string(sample) + ", need points [2]");
    if (sample.empty() || sample.size() > 3 || (draw == "picture" && !shipped::sample_grid::is_image(sample)))
      throw noneq::error("got samples of shape " + noneq::to_string(sample) + ", need points [2], images [H, W], " +
                         (draw == "picture" ? "[1, H, W], [3, H, W]" : "[C, H, W]") + " or sequences [L]");
    if (draws_points(sample)) return;
    const std::int64_t n = count_of(sample), C = sample.size() == 3 ? sample[0] : 1,
                       H = sample.size() == 1 ? 1 : sample[sample.size() - 2], W = sample.back();
    if (shipped::draws_fields(draw, sample))
      shipped::fields_layout(n, C, H, W, pixel).check();
    else
      shipped::sample_grid{pixel}.check(n, sample, C, H, W);
  }

  void check_input(const noneq::writer_input& given) const override {
    if (given.find("frames") == nullptr || !given.from.starts_with("sampler."))
      throw noneq::error(
          "got " + given.from + " without frames, need " +
              (given.from.starts_with("sampler.") ? "frames: 2 or more there" : "a sampler that has frames: 2 or more"),
          "in");
    if (!given.shape) return;
    check_sample(*given.shape);
    if (needs_gnuplot(*given.shape)) shipped::gnuplot::need();
  }

  void check_machine() const override {
    if (draw == "fields" || draw == "points") shipped::gnuplot::need();
  }

  void check() const override {
    if (!range.empty() && (range.size() != 2 || !(range[0] < range[1])))
      throw noneq::error(c10::str("range got [", c10::Join(", ", range), "], need two numbers, the lower one first"));
    if (file.extension() != ".png" && file.extension() != ".apng")
      throw noneq::error("file got '" + file.string() + "', need a name that ends in .png or .apng");
  }

  // Returns the pictures of frames [n, F, …], one for each index in `order`. `known`: the values the data may take.
  std::vector<Tensor> pictures(const Tensor& frames, const std::vector<std::size_t>& order,
                               const std::vector<std::int64_t>& times, const std::vector<double>& known,
                               const std::filesystem::path& target) const;

  static void describe(noneq::description<animation>& d) {
    d.doc("Draws samples on their way from noise to data as an animated PNG, a picture for each frame of the sampler.")
        .param(
            "draw", &animation::draw,
            "points: in the plane; picture: grey or RGB, in a grid; fields: a panel a channel, with a colour map and "
            "its scale; auto: points of samples [2], a picture of 1 or 3 channels, fields of any other number. "
            "gnuplot draws points and fields",
            noneq::one_of({"auto", "points", "picture", "fields"}))
        .param("count", &animation::count, "samples to draw; 0: 2000 points, 16 of others", noneq::between(0, 65536))
        .param("pixel", &animation::pixel,
               "side of the square that stands for one value; 0: 8 for sequences, for others what makes the picture "
               "some 480 pixels wide",
               noneq::between(0, 256))
        .param("range", &animation::range,
               "the values, in data units, at the ends of the colours; empty: the values of transform.range behind the "
               "loader, otherwise the extremes of the last frame; of fields, those of each channel")
        .param("delay", &animation::delay, "milliseconds that a frame stands", noneq::between(1, 65535))
        .param("hold", &animation::hold, "milliseconds that the last frame stands", noneq::between(1, 65535))
        .param("plays", &animation::plays, "how often it plays; 0: without end", noneq::at_least(0),
               noneq::at_most(1e9))
        .reads("samples", "float32 [n, …]");
  }
};

std::vector<Tensor> animation::pictures(const Tensor& frames, const std::vector<std::size_t>& order,
                                        const std::vector<std::int64_t>& times, const std::vector<double>& known,
                                        const std::filesystem::path& target) const {
  const sizes sample = frames.sizes().slice(2).vec();
  const std::vector<double>& range = this->range.empty() ? known : this->range;
  const auto frame = [&](std::size_t k) { return frames.select(1, static_cast<std::int64_t>(k)).to(at::kDouble); };
  const Tensor last = frame(order.back());
  std::vector<Tensor> all;
  if (!needs_gnuplot(sample)) {
    // Black and white are those of the samples, so that noise beyond them saturates.
    const std::vector<double> ends = range.empty() ? shipped::ends_of(last) : range;
    for (const std::size_t k : order) all.push_back(shipped::sample_grid{pixel}.picture(frame(k), ends));
    return all;
  }
  const auto title = [&](std::size_t k) { return "t = " + std::to_string(times[k]); };
  const auto drawn = [&](shipped::gnuplot& g, const auto& draw_frame) {
    for (const std::size_t k : order) {
      if (k != order.front()) g.next_picture();
      draw_frame(k);
    }
    for (const auto& file : g.draw_all(target)) all.push_back(noneq::storage::open_rows(file)->next(1)[0]);
    return all;
  };
  if (draws_points(sample)) {
    const shipped::moving_points points(frame(order.front()), last);
    shipped::gnuplot g(points.side, points.side);
    return drawn(g, [&](std::size_t k) { points.draw(g, frame(k), title(k)); });
  }
  const Tensor ends = shipped::as_fields(last);
  const shipped::fields_layout layout(ends.size(0), ends.size(1), ends.size(2), ends.size(3), pixel);
  shipped::gnuplot g(layout.width(), layout.height());
  const auto ranges = shipped::ranges_of_channels(ends, range);
  return drawn(g, [&](std::size_t k) {
    shipped::draw_fields(g, shipped::as_fields(frame(k)), layout, ranges, ", " + title(k));
  });
}

class animation_sinking : public noneq::sinking {
 public:
  animation_sinking(const animation& of, const noneq::writing& w)
      : of_(of), file_(of.path(w)), times_(w.frame_times), known_(w.info.range) {
    if (times_.size() < 2) throw noneq::error("got a sampler without frames, need frames: 2 or more there", "in");
  }

  noneq::batch map(noneq::batch b) const override { return {b.step, b.first, {{"frames", b.at("frames")}}}; }

  void add(const noneq::batch& mapped) override {
    const Tensor& frames = mapped.at("frames");
    if (frames.dim() < 3 || frames.size(1) != static_cast<std::int64_t>(times_.size()))
      throw noneq::error(c10::str("got frames ", noneq::to_string(frames.sizes().vec()), ", need [n, ", times_.size(),
                                  ", …]: one sample a row"));
    const sizes sample = frames.sizes().slice(2).vec();
    of_.check_sample(sample);
    const std::int64_t missing = of_.count_of(sample) - held_;
    if (missing <= 0 || frames.size(0) == 0) return;
    parts_.push_back(frames.slice(0, 0, missing).clone());
    held_ += parts_.back().size(0);
  }

  noneq::outcome finish() override {
    if (parts_.empty()) throw noneq::error(file_.string() + ": got no frames to draw, need at least one sample");
    std::vector<std::size_t> order(times_.size());
    for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return times_[a] > times_[b]; });
    const std::vector<Tensor> pictures = of_.pictures(at::cat(parts_), order, times_, known_, file_);
    noneq::storage::write_atomically(
        file_, noneq::storage::apng_bytes(file_.string(), pictures, {of_.delay, of_.hold, of_.plays}));
    return {{}, {}, {file_}};
  }

 private:
  const animation of_;
  const std::filesystem::path file_;
  const std::vector<std::int64_t> times_;
  const std::vector<double> known_;
  std::vector<Tensor> parts_;
  std::int64_t held_ = 0;
};

std::unique_ptr<noneq::sinking> animation::open(const noneq::writing& w) const {
  return std::make_unique<animation_sinking>(*this, w);
}

}

NONEQ_PLUGIN(animation);
