// Writers: what is written can be read back, and what cannot be drawn is refused.
#include <cstdlib>
#include <fstream>

#include "../../plugins/writers/fields.hpp"
#include "measuring.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/hdf5.hpp"
#include "noneq/storage/rows.hpp"
#include "plugins/message.hpp"

using noneq::sizes;
using noneq::stream;
using noneq::Tensor;
using testing::make;
using testing::make_process;
using testing::message_of;
using testing::says;

namespace {

const noneq::denoiser& roll_denoiser() {
  static const auto d = testing::gaussian_denoiser(
      make_process("gaussian", "{plugin: linear, steps: 40, first: 1.0e-3, last: 0.3}", "epsilon", "fixed_small"),
      at::zeros({2}), at::ones({2}));
  return d;
}

noneq::writing writing_to(const testing::scratch& folder, const noneq::denoiser& d = roll_denoiser()) {
  return {folder.folder(), "", &d, {}, stream(4), {{"seed", "7"}, {"sampler", "ddim"}}, {}};
}

void feed(const std::unique_ptr<noneq::sinking>& s, noneq::batch b) { s->add(s->map(std::move(b))); }

// Width and height, from the header of a PNG.
sizes size_of(const std::filesystem::path& png) {
  const std::string bytes = noneq::storage::read_file(png);
  const auto number = [&](std::size_t at) {
    std::int64_t v = 0;
    for (std::size_t i = 0; i < 4; ++i) v = v * 256 + static_cast<unsigned char>(bytes.at(at + i));
    return v;
  };
  REQUIRE(bytes.substr(1, 3) == "PNG");
  return {number(16), number(20)};
}

noneq::batch chunk(const std::string& name, const Tensor& x, std::int64_t first = 0) { return {0, first, {{name, x}}}; }

bool have_gnuplot() { return std::system("gnuplot --version > /dev/null 2>&1") == 0; }

// Frames [n, F, …] of a sampler at times T … 0, in data units.
Tensor frames_of(const noneq::sampler& s, const noneq::denoiser& d, noneq::source& data, std::int64_t n,
                 const std::vector<std::int64_t>& times) {
  std::vector<Tensor> kept;
  noneq::sampling_request r{0, n, data.info().shape, stream(11), {}, [&](std::int64_t t, const Tensor& x) {
                              if (std::find(times.begin(), times.end(), t) != times.end()) kept.push_back(x);
                            }};
  s.sample(d, r);
  return data.info().normal.restore(at::stack(kept, 1));
}

// The best denoiser of data with a known density.
noneq::denoiser best_denoiser(noneq::process p, const noneq::mixture& m) {
  const bool bits = !p.kernel->has_variance();
  const noneq::process q = p;
  return testing::make_denoiser(std::move(p), [q, m, bits](const noneq::network_input& in) {
    const auto c = noneq::coefficients_at(q.tables, in.t, in.x);
    const Tensor w = (q.kernel->log_marginal_of_atoms(in.x, m.atoms, m.variance, c) + m.log_weights).softmax(1);
    const Tensor mean = w.to(at::kFloat).matmul(m.atoms.to(at::kFloat));
    if (bits) return mean.clamp(1e-6, 1 - 1e-6).logit();
    const Tensor gain = c.sqrt_alpha_bar * m.variance / (c.alpha_bar * m.variance + c.one_minus_alpha_bar);
    return mean + gain * (in.x - c.sqrt_alpha_bar * mean);
  });
}

}

TEST_CASE("hdf5: chunks, provenance and times of frames come back") {
  testing::scratch folder;
  const auto w = make<noneq::writer>("{plugin: hdf5, file: out.h5}");
  noneq::writing to = writing_to(folder);
  to.frame_times = {40, 20, 0};
  const Tensor samples = stream(1).normal({7, 2}), frames = stream(2).normal({7, 3, 2}),
               curve = at::arange(40, at::kDouble);
  {
    const auto s = w->open(to);
    feed(s, {0, 0, {{"samples", samples.slice(0, 0, 4)}, {"frames", frames.slice(0, 0, 4)}}});
    feed(s, {1, 4, {{"samples", samples.slice(0, 4)}, {"frames", frames.slice(0, 4)}}});
    feed(s, chunk("kl", curve));
    CHECK_FALSE(std::filesystem::exists(folder / "out.h5"));
    CHECK(s->finish().files == std::vector<std::filesystem::path>{folder / "out.h5"});
  }
  const noneq::storage::hdf5_reader in(folder / "out.h5");
  CHECK(in.rows("samples", 0, 7).equal(samples));
  CHECK(in.rows("frames", 0, 7).equal(frames));
  CHECK(in.rows("kl", 0, 40).equal(curve));
  CHECK(in.attributes("/").at("seed") == "7");
  CHECK(in.attributes("/").at("sampler") == "ddim");
  CHECK(in.attributes("frames").at("frame_times") == "40, 20, 0");
}

TEST_CASE("hdf5: an integer type keeps a number for NaN, or holds all its numbers") {
  testing::scratch folder;
  const auto written = [&](const std::string& more, const Tensor& x) {
    const auto s =
        make<noneq::writer>("{plugin: hdf5, file: out.h5, dtype: uint8" + more + "}")->open(writing_to(folder));
    feed(s, chunk("samples", x));
    s->finish();
    return noneq::storage::hdf5_reader(folder / "out.h5");
  };
  const Tensor bytes = at::arange(256, at::kFloat).view({64, 4});
  const auto whole = written(", fill: none", bytes);
  CHECK(whole.rows("samples", 0, 64).equal(bytes.to(at::kByte)));
  CHECK(whole.attributes("samples").count("_FillValue") == 0);
  CHECK(
      says(message_of([&] { written("", bytes); }),
           "got 255 in row 63, need values from 0 to 254, as uint8 holds them beside a fill value; need another dtype, "
           "scale or offset, or overflow: saturate, or fill: none"));
  Tensor holes = bytes.clamp_max(254);
  holes[1][2] = std::nan("");
  const auto filled = written("", holes);
  CHECK(filled.attributes("samples").at("_FillValue") == "255");
  CHECK(filled.rows("samples", 1, 1)[0][2].item<int>() == 255);
  CHECK(says(message_of([&] { written(", fill: none", holes); }), "got NaN in row 1, need numbers"));
}

TEST_CASE("hdf5: only what is asked for, on occasions, and nothing when never closed") {
  testing::scratch folder;
  const auto w = make<noneq::writer>("{plugin: hdf5, file: out.h5, datasets: [b], gzip: 4}");
  noneq::writing to = writing_to(folder);
  to.occasion = "step 5000";
  {
    const auto s = w->open(to);
    feed(s, {0, 0, {{"a", at::ones({2})}, {"b", at::zeros({2})}}});
    s->finish();
  }
  CHECK(noneq::storage::hdf5_reader(folder / "out-step-5000.h5").datasets() == std::vector<std::string>{"b"});
  CHECK(says(message_of([&] { feed(w->open(to), chunk("a", at::ones({2}))); }), "datasets got 'b', need one of a"));
  {
    const auto s = w->open(writing_to(folder));
    feed(s, chunk("b", at::ones({2})));
  }
  CHECK(std::distance(std::filesystem::directory_iterator(folder.folder()), {}) == 1);
}

TEST_CASE("png: images, grey or in colour, and sequences") {
  testing::scratch folder;
  const auto drawn = [&](const std::string& more, const Tensor& x) {
    const auto s = make<noneq::writer>("{plugin: png, file: p.png" + more + "}")->open(writing_to(folder));
    for (std::int64_t k = 0; k < x.size(0); k += 3)
      feed(s, chunk("samples", x.slice(0, k, std::min(k + 3, x.size(0))), k));
    s->finish();
    return size_of(folder / "p.png");
  };
  // 4 across, each with a border, and every value as large as brings the longer side near 480.
  CHECK(drawn("", at::rand({10, 3, 6, 4})) == sizes{4 * (20 * 4 + 2), 3 * (20 * 6 + 2)});
  CHECK(drawn(", pixel: 1", at::rand({10, 3, 6, 4})) == sizes{4 * 6, 3 * 8});
  CHECK(drawn("", at::rand({16, 1, 40, 40})) == sizes{4 * 122, 4 * 122});
  CHECK(drawn("", at::rand({1, 1, 600, 20})) == sizes{22, 602});
  CHECK(drawn(", count: 4, pixel: 3", at::rand({10, 1, 6, 4})) == sizes{2 * 14, 2 * 20});
  CHECK(drawn(", pixel: 1", at::rand({1, 5, 5})) == sizes{7, 7});
  CHECK(drawn(", range: [0, 1]", at::rand({5, 20})) == sizes{160, 40});
  CHECK(says(message_of([&] {
               drawn(", draw: picture", at::rand({2, 2, 5, 5}));
             }),
             "got samples of shape [2, 5, 5], need images [H, W], [1, H, W], [3, H, W]"));
  CHECK(says(message_of([&] { drawn("", at::rand({2, 2, 2, 5, 5})); }), "got samples of shape [2, 2, 5, 5], need"));
  CHECK(says(message_of([&] { drawn("", at::rand({0, 5, 5})); }), "got no samples to draw"));
  CHECK(says(message_of([&] { drawn(", range: [1, 1]", at::rand({1, 5})); }), "range got [1, 1], need two numbers"));
  CHECK(says(message_of([&] { make<noneq::writer>("{plugin: png, file: p.jpg}"); }),
             "file got 'p.jpg', need a name that ends in .png"));
}

TEST_CASE("png: black and white are the data's own range, without being told") {
  testing::scratch folder;
  const auto pixels = [&](const std::string& more, const Tensor& x, const std::vector<double>& range,
                          const noneq::batch& others = {}) {
    noneq::writing to = writing_to(folder);
    to.info.range = range;
    const auto s = make<noneq::writer>("{plugin: png, file: p.png, pixel: 1" + more + "}")->open(to);
    noneq::batch b = chunk("samples", x);
    for (const auto& [name, tensor] : others.tensors) b.set(name, tensor);
    feed(s, b);
    s->finish();
    return noneq::storage::open_rows(folder / "p.png")->next(1)[0];
  };
  // One image of 28 × 28 grey levels as a model draws it: not rounded, and beyond the range here and there.
  const Tensor grey = at::arange(784, at::kFloat).remainder(256).view({1, 1, 28, 28});
  Tensor drawn = grey + 0.4 * (stream(1).uniform({1, 1, 28, 28}) * 2 - 1);
  drawn[0][0][0][0] = -20;
  drawn[0][0][9][3] = 300;
  CHECK(pixels("", drawn, {0, 255}).slice(0, 1, 29).slice(1, 1, 29).equal(grey[0][0].to(at::kByte)));
  const Tensor colour = at::stack({grey, 255 - grey, grey / 2}, 2)[0];  // [1, 3, 28, 28]
  CHECK(pixels("", colour, {0, 255})
            .slice(0, 1, 29)
            .slice(1, 1, 29)
            .equal(colour[0].permute({1, 2, 0}).round().to(at::kByte)));
  // Where no range is known, the extremes; and what was stated wins.
  CHECK(pixels("", grey / 255 * 4 - 2, {}).slice(0, 1, 29).slice(1, 1, 29).equal(grey[0][0].to(at::kByte)));
  CHECK(pixels(", range: [0, 510]", grey, {0, 255}).slice(0, 1, 29).slice(1, 1, 29).max().item<int>() == 128);
  // Pairs.
  const Tensor pair = pixels(", beside: nearest", grey, {0, 255}, chunk("nearest", 255 - grey));
  CHECK(pair.sizes().vec() == sizes{30, 58});
  CHECK(pair.slice(0, 1, 29).slice(1, 29, 57).equal((255 - grey[0][0]).to(at::kByte)));
  CHECK(says(message_of([&] { pixels(", beside: nearest", grey, {0, 255}); }), "beside got 'nearest', which nobody"));
  CHECK(says(message_of([&] {
               pixels(", beside: n", grey, {0, 255}, chunk("n", grey.expand({2, 1, 28, 28})));
             }),
             "beside got 'n' [2, 1, 28, 28], need one for each sample, [1, 1, 28, 28]"));
}

TEST_CASE("figure: a Swiss roll on its way, with forward, reverse and drift") {
  if (!have_gnuplot()) {
    MESSAGE("no gnuplot here: figures are not tested");
    return;
  }
  testing::scratch folder;
  const auto data = make<noneq::loader>("swiss_roll")->open({}, stream(3));
  // One atom in eight still lies closer to the next than the roll is wide.
  const noneq::mixture& all = *data->info().truth;
  const noneq::mixture some{all.atoms.slice(0, 0, {}, 8), all.log_weights.slice(0, 0, {}, 8), all.variance};
  const auto d = best_denoiser(
      make_process("gaussian", "{plugin: linear, steps: 40, first: 1.0e-3, last: 0.3}", "x0", "fixed_small"), some);
  noneq::writing to = writing_to(folder, d);
  to.pass = testing::pass_over(*data);
  to.info = data->info();
  to.frame_times = {40, 20, 0};
  const Tensor frames = frames_of(*make<noneq::sampler>("ancestral"), d, *data, 1000, to.frame_times);
  const auto s = make<noneq::writer>("{plugin: figure, file: roll.png, draw: scatter}")->open(to);
  feed(s, chunk("frames", frames.slice(0, 0, 600)));
  feed(s, chunk("frames", frames.slice(0, 600), 600));
  CHECK(s->finish().files == std::vector<std::filesystem::path>{folder / "roll.png"});
  CHECK(size_of(folder / "roll.png") == sizes{82 + 16 + 3 * 250 + 2 * 12, 56 + 30 + 3 * 250 + 2 * 12});
  CHECK(std::distance(std::filesystem::directory_iterator(folder.folder()), {}) == 1);

  to.pass = {};
  const auto alone = make<noneq::writer>("{plugin: figure, file: alone.png, draw: scatter}")->open(to);
  feed(alone, chunk("frames", frames));
  alone->finish();
  CHECK(size_of(folder / "alone.png") == sizes{82 + 16 + 3 * 250 + 2 * 12, 38 + 30 + 250});
}

TEST_CASE("figure: heartbeats as rows of pixels") {
  if (!have_gnuplot()) return;
  testing::scratch folder;
  const auto data = make<noneq::loader>("heartbeat")->open({}, stream(3));
  const auto d = best_denoiser(make_process("{plugin: binomial, r: 0.2}", "{plugin: reciprocal, steps: 60}", "x0"),
                               *data->info().truth);
  noneq::writing to = writing_to(folder, d);
  to.pass = testing::pass_over(*data);
  to.info = data->info();
  to.frame_times = {60, 40, 20, 10, 0};
  const auto s = make<noneq::writer>("{plugin: figure, file: beat.png, draw: raster, title: Heartbeats}")->open(to);
  feed(s, chunk("frames", frames_of(*make<noneq::sampler>("ancestral"), d, *data, 50, to.frame_times)));
  s->finish();
  CHECK(size_of(folder / "beat.png")[0] > 400);
}

TEST_CASE("figure: curves over t") {
  if (!have_gnuplot()) return;
  testing::scratch folder;
  const auto& d = roll_denoiser();
  const auto w =
      make<noneq::writer>("{plugin: figure, file: kl.png, draw: curves, unit: KL / bits, title: The bound by step}");
  const auto s = w->open(writing_to(folder));
  const Tensor snr = d.process().tables.snr, beta = d.process().tables.beta;
  feed(s, {0, 0, {{"kl_posterior", snr}, {"beta", beta}, {"other", at::ones({3})}}});
  s->finish();
  CHECK(size_of(folder / "kl.png") == sizes{920, 550});
  const auto bounds = make<noneq::writer>("{plugin: figure, file: h.png, draw: curves}")->open(writing_to(folder));
  feed(bounds, {0, 0, {{"lower", d.process().tables.beta_tilde.log()}, {"upper", beta.log()}}});
  bounds->finish();
  CHECK(size_of(folder / "h.png") == sizes{920, 520});
  // Bands are drawn around curves, on either axis.
  const auto drawn = [&](const std::map<std::string, Tensor>& arrays) {
    const auto one = w->open(writing_to(folder));
    feed(one, {0, 0, arrays});
    one->finish();
    return noneq::storage::read_file(folder / "kl.png");
  };
  for (const Tensor& curve : {snr, beta.log()}) {
    const std::string with_band = drawn({{"kl", curve}, {"kl_stderr", beta}});
    CHECK(with_band == drawn({{"kl", curve}, {"kl_stderr", beta}}));
    CHECK(with_band != drawn({{"kl", curve}}));
    CHECK(with_band != drawn({{"kl", curve}, {"other_stderr", beta}}));
  }
  CHECK(says(message_of([&] {
               const auto none = w->open(writing_to(folder));
               feed(none, chunk("other", at::ones({3})));
               none->finish();
             }),
             "draw: curves got other [3], need an array [40], one number for each t"));
}

TEST_CASE("figure: what cannot be drawn is refused") {
  if (!have_gnuplot()) return;
  testing::scratch folder;
  noneq::writing to = writing_to(folder);
  const auto drawn = [&](const std::string& draw, const Tensor& frames) {
    return message_of([&] {
      const auto s = make<noneq::writer>("{plugin: figure, file: f.png, draw: " + draw + "}")->open(to);
      feed(s, chunk("frames", frames));
      s->finish();
    });
  };
  CHECK(says(drawn("scatter", at::ones({1, 2, 2})), "got a sampler without frames, need frames: 3"));
  to.frame_times = {40, 0};
  CHECK(says(drawn("scatter", at::ones({1, 2, 3})), "got samples of shape [3], need points in the plane, [2]"));
  CHECK(says(drawn("raster", at::ones({1, 2, 3, 3})), "got samples of shape [3, 3], need sequences"));
  CHECK(says(drawn("raster", at::ones({1, 5, 3})), "got frames [1, 5, 3], need [n, 2, …]"));
  CHECK(says(drawn("pie", at::ones({1, 2, 2})), "test.draw"));
  CHECK(
      says(message_of([&] { make<noneq::writer>("{plugin: figure, file: f.pdf}"); }), "need a name that ends in .png"));

  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder.folder().c_str(), 1);
  const std::string missing = drawn("scatter", at::ones({1, 2, 2}));
  {
    std::ofstream(folder / "gnuplot") << "#!/bin/sh\necho 'no terminal' >&2\nexit 3\n";
    std::filesystem::permissions(folder / "gnuplot", std::filesystem::perms::owner_all);
  }
  const std::string failing = drawn("scatter", stream(1).normal({9, 2, 2}));
  ::setenv("PATH", path.c_str(), 1);
  CHECK(says(missing, "found no program gnuplot, need it to draw figures: install Debian's package gnuplot-nox"));
  CHECK(says(failing, "gnuplot failed (no terminal)"));
  CHECK_FALSE(std::filesystem::exists(folder / "f.png"));
}

namespace {

// The figure, or picture, of one chunk, as bytes.
std::string drawn_by(const std::string& writer, const noneq::writing& to, const noneq::batch& b) {
  const auto w = make<noneq::writer>(writer);
  const auto s = w->open(to);
  feed(s, b);
  s->finish();
  return noneq::storage::read_file(w->path(to));
}

// An environment variable, as it was before when the object goes.
class variable {
 public:
  variable(const char* name, const std::string& text) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, text.c_str(), 1);
  }
  variable(variable&&) = delete;
  ~variable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}

TEST_CASE("figure: what a user's own gnuplot is told by files and the environment changes no picture") {
  if (!have_gnuplot()) return;
  testing::scratch folder, home;
  const std::string curves = "{plugin: figure, file: c.png, draw: curves}";
  const noneq::batch b{0, 0, {{"kl", roll_denoiser().process().tables.beta}}};
  const std::string plain = drawn_by(curves, writing_to(folder), b);
  std::ofstream(home / ".gnuplot") << "set title 'from home'\nset border 0\nset terminal dumb\n";
  const variable where("HOME", home.folder()), terminal("GNUTERM", "dumb"), library("GNUPLOT_LIB", home.folder()),
      config("XDG_CONFIG_HOME", home.folder());
  CHECK(drawn_by(curves, writing_to(folder), b) == plain);
}

TEST_CASE("figure: marks of axes differ, and points lie apart, however large the numbers are") {
  // As gnuplot would write the marks of an axis from low to high, a tenth of the way apart.
  for (const auto& [low, high] : std::vector<std::pair<double, double>>{
           {0, 1}, {-3, 5}, {4649776.12, 4649776.32}, {1.6e9, 1.6e9 + 86400}, {-1e-5, 2e-5}, {1e12, 1e12 + 1}}) {
    const int digits = shipped::digits_of_marks(low, high);
    CAPTURE(low);
    char before[64] = "";
    for (int k = 0; k <= 10; ++k) {
      char mark[64];
      std::snprintf(mark, sizeof mark, "%.*g", digits, low + k * (high - low) / 10);
      CHECK(std::string(mark) != before);
      std::copy(mark, mark + sizeof mark, before);
    }
  }
  CHECK(shipped::offset_of_marks(-3, 5) == 0);
  CHECK(shipped::offset_of_marks(4649776.12, 4649776.32) == 4649776);
  CHECK(shipped::shortest(4649776.25) == "4649776.25");
  if (!have_gnuplot()) return;
  // A figure of points far from 0 differs from that of the same points at 0 by its note alone: the rows above it agree,
  // but for edges that fall elsewhere within a pixel. Points in other places would change some twentieth of the pixels.
  testing::scratch folder;
  noneq::writing to = writing_to(folder);
  to.frame_times = {40, 0};
  const Tensor frames = stream(5).normal({400, 2, 2}).to(at::kDouble);
  const auto picture = [&](double offset) {
    drawn_by("{plugin: figure, file: s.png, draw: scatter}", to, chunk("frames", frames * 0.125 + offset));
    return noneq::storage::open_rows(folder / "s.png")->next(1)[0];
  };
  const Tensor near = picture(0), far = picture(4194304);
  CHECK(far.size(0) == near.size(0) + 20);
  CHECK(far.slice(0, 0, 270).ne(near.slice(0, 0, 270)).to(at::kDouble).mean().item<double>() < 0.01);
}

TEST_CASE("figure: curves along the axis that a metric declares, where there is no model too") {
  if (!have_gnuplot()) return;
  testing::scratch folder;
  noneq::writing to = writing_to(folder);
  to.denoiser = nullptr;
  const noneq::batch ranks{0, 0, {{"rank", at::arange(4, at::kDouble)}, {"share", at::full({4}, 0.25)}}};
  const std::string plain = "{plugin: figure, file: r.png}";
  CHECK(says(message_of([&] { drawn_by(plain, to, ranks); }), "draw: curves got "));
  to.tensors = {{"rank", "", noneq::extent::axis}, {"share", "", noneq::extent::per_step}};
  const std::string drawn = drawn_by(plain, to, ranks);
  CHECK(size_of(folder / "r.png") == sizes{920, 520});
  // The axis is drawn under its name, from its first to its last number.
  noneq::batch moved = ranks;
  moved.set("rank", at::arange(4, at::kDouble) + 1000);
  CHECK(drawn_by(plain, to, moved) != drawn);
}

TEST_CASE("figure: the course of the loss, in the unit of the loss") {
  if (!have_gnuplot()) return;
  testing::scratch folder;
  const noneq::batch course{0,
                            0,
                            {{"step", at::arange(100, 1001, 100, at::kLong)},
                             {"loss", 1 / at::arange(1, 11, at::kDouble)},
                             {"loss_stderr", at::full({10}, 0.01, at::kDouble)}}};
  const std::string plain = "{plugin: figure, file: l.png}";
  noneq::writing to = writing_to(folder);
  const std::string without = drawn_by(plain, to, course);
  CHECK(size_of(folder / "l.png") == sizes{920, 520});
  to.provenance["unit"] = "nats/dim";
  const std::string with_unit = drawn_by(plain, to, course);
  CHECK(with_unit != without);
  CHECK(drawn_by("{plugin: figure, file: l.png, unit: nats/dim}", writing_to(folder), course) == with_unit);
  // One record is a course too.
  drawn_by(plain, to, {0, 0, {{"step", at::tensor({7})}, {"loss", at::ones({1})}, {"loss_stderr", at::zeros({1})}}});
}

TEST_CASE("png: fields have a panel a channel, of any number, each with its own scale") {
  if (!have_gnuplot()) return;
  testing::scratch folder;
  const auto fields = [&](const std::string& more, const Tensor& x, const std::vector<double>& range = {}) {
    noneq::writing to = writing_to(folder);
    to.info.range = range;
    return drawn_by("{plugin: png, file: f.png" + more + "}", to, chunk("samples", x));
  };
  // Two channels of scales 15 and 1e-5: both are seen, so neither changes when the other is rescaled.
  const Tensor x = stream(8).normal({16, 2, 12, 10}).to(at::kDouble);
  const Tensor scales = at::tensor({15., 1e-5}, at::kDouble).view({1, 2, 1, 1});
  fields("", x * scales);
  const sizes size = size_of(folder / "f.png");
  const shipped::fields_layout l(16, 2, 12, 10, 0);
  CHECK(size == sizes{l.width(), l.height()});
  CHECK(std::abs(l.panel_height() - 420) <= 30);  // the longer side
  // Every value is a square of its colour: the panel of the first channel is violet at its least, yellow at its
  // largest.
  const Tensor picture = noneq::storage::open_rows(folder / "f.png")->next(1)[0];  // [3, H, W] or [H, W, 3]
  const Tensor rgb = picture.size(0) == 3 ? picture.permute({1, 2, 0}) : picture;
  const Tensor mosaic = shipped::mosaic((x * scales).select(1, 0), l);
  const auto colour_at = [&](const Tensor& where) {
    const std::int64_t i = where.item<std::int64_t>() / mosaic.size(1), j = where.item<std::int64_t>() % mosaic.size(1);
    return rgb[l.title + i * l.pixel + l.pixel / 2][l.margin + j * l.pixel + l.pixel / 2].to(at::kLong);
  };
  CHECK(colour_at(mosaic.nan_to_num(1e9).flatten().argmin()).equal(at::tensor({0x44, 0x01, 0x54}, at::kLong)));
  CHECK(colour_at(mosaic.nan_to_num(-1e9).flatten().argmax()).equal(at::tensor({0xfd, 0xe7, 0x25}, at::kLong)));
  // Other numbers of channels, other forms, and what is not finite.
  for (const std::int64_t channels : {4, 5, 17}) fields("", at::rand({3, channels, 5, 5}));
  fields(", draw: fields", at::rand({3, 1, 5, 5}));
  fields(", draw: fields", at::rand({3, 5, 5}));
  fields(", draw: fields", at::rand({3, 7}));
  fields("", at::full({2, 2, 4, 4}, std::nan("")));
  fields("", at::ones({2, 2, 4, 4}));
  fields(", count: 1", at::rand({1, 2, 1, 1}));
  CHECK(fields("", at::zeros({2, 2, 4, 4}), {0, 1}) != fields("", at::zeros({2, 2, 4, 4}), {-1, 0}));
  CHECK(says(message_of([&] { fields(", pixel: 256", at::rand({64, 2, 64, 64})); }), "need at most 30000 each way"));
}

namespace {

// The number of frames of an animated PNG, and the times that they stand, in milliseconds.
std::vector<std::int64_t> times_of_frames(const std::filesystem::path& apng) {
  const std::string bytes = noneq::storage::read_file(apng);
  const auto number = [&](std::size_t at, std::size_t count) {
    std::int64_t v = 0;
    for (std::size_t i = 0; i < count; ++i) v = v * 256 + static_cast<unsigned char>(bytes.at(at + i));
    return v;
  };
  std::vector<std::int64_t> times;
  for (std::size_t at = 8; at + 8 < bytes.size(); at += 12 + static_cast<std::size_t>(number(at, 4)))
    if (bytes.substr(at + 4, 4) == "fcTL") times.push_back(number(at + 28, 2));
  return times;
}

// Writes frames [n, F, …] of times T … 0 by a writer; returns its file.
std::filesystem::path animated(const std::string& parameters, const testing::scratch& folder, const Tensor& frames,
                               const std::vector<std::int64_t>& times, const std::vector<double>& known = {}) {
  noneq::writing to = writing_to(folder);
  to.frame_times = times;
  to.info.range = known;
  const auto s = make<noneq::writer>("{plugin: animation, file: a.png" + parameters + "}")->open(to);
  feed(s, chunk("frames", frames.slice(0, 0, 3)));
  feed(s, chunk("frames", frames.slice(0, 3), 3));
  return s->finish().files.at(0);
}

}

TEST_CASE("animation: images from noise to data, in the colours of the data") {
  testing::scratch folder;
  // The frames are stored from t = 0 on, and shown from t = T on.
  const Tensor clean = at::linspace(0, 1, 4 * 8 * 8).view({4, 1, 1, 8, 8});
  const Tensor frames = at::cat({clean, clean * 0.5 + 0.2, 5 * stream(2).normal({4, 1, 1, 8, 8})}, 1);
  const auto file = animated(", pixel: 3, delay: 40, hold: 700", folder, frames, {0, 20, 40});
  CHECK(file == folder / "a.png");
  CHECK(times_of_frames(file) == std::vector<std::int64_t>{40, 40, 700});
  CHECK(size_of(file) == sizes{2 * (8 * 3 + 2), 2 * (8 * 3 + 2)});
  // A reader of PNG sees the first picture, which is noise: beyond black and white it saturates.
  const Tensor first = noneq::storage::open_rows(file)->next(1)[0];
  CHECK(first.eq(0).sum().item<std::int64_t>() > 300);
  CHECK(first.eq(255).sum().item<std::int64_t>() > 300);
  // The picture of t = 0 is the one that writer.png makes of the samples.
  const auto still = animated(", pixel: 3", folder, frames.slice(1, 0, 2).flip(1), {0, 0});
  const Tensor data_first = noneq::storage::open_rows(still)->next(1)[0];
  const auto s = make<noneq::writer>("{plugin: png, file: p.png, pixel: 3, range: [0, 1]}")->open(writing_to(folder));
  feed(s, chunk("samples", (clean * 0.5 + 0.2).squeeze(1)));
  s->finish();
  CHECK(at::equal(data_first, noneq::storage::open_rows(folder / "p.png")->next(1)[0]));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.folder()), {}) == 2);

  const std::string bytes = noneq::storage::read_file(animated("", folder, frames, {0, 20, 40}, {0, 1}));
  CHECK(bytes == noneq::storage::read_file(animated(", range: [0, 1]", folder, frames, {0, 20, 40})));
  CHECK(bytes != noneq::storage::read_file(animated(", count: 2", folder, frames, {0, 20, 40}, {0, 1})));
}

TEST_CASE("animation: fields and points are drawn by gnuplot, a picture for each frame") {
  if (!have_gnuplot()) return;
  testing::scratch folder;
  const auto fields = animated(", pixel: 4", folder, stream(2).normal({4, 3, 2, 8, 8}), {40, 20, 0});
  CHECK(times_of_frames(fields) == std::vector<std::int64_t>{100, 100, 1500});
  const shipped::fields_layout l(4, 2, 8, 8, 4);
  CHECK(size_of(fields) == sizes{l.width(), l.height()});
  const auto points = animated(", plays: 1", folder, stream(2).normal({50, 5, 2}), {40, 30, 20, 10, 0});
  CHECK(times_of_frames(points).size() == 5);
  CHECK(size_of(points) == sizes{480, 480});
  CHECK(std::distance(std::filesystem::directory_iterator(folder.folder()), {}) == 1);
}

TEST_CASE("animation: what cannot be drawn is refused") {
  testing::scratch folder;
  const auto fault = [&](const std::string& parameters, const Tensor& frames,
                         const std::vector<std::int64_t>& times = {40, 0}) {
    return message_of([&] { animated(parameters, folder, frames, times); });
  };
  CHECK(says(fault("", at::ones({4, 2, 8, 8}), {}), "got a sampler without frames, need frames: 2 or more there"));
  CHECK(says(fault("", at::ones({4, 3, 8, 8})), "got frames [3, 3, 8, 8], need [n, 2, …]: one sample a row"));
  CHECK(says(fault(", draw: picture", at::ones({4, 2, 2, 8, 8})), "got samples of shape [2, 8, 8], need points [2]"));
  CHECK(says(fault(", draw: points", at::ones({4, 2, 8, 8})), "draw: points got samples of shape [8, 8]"));
  CHECK(says(fault(", delay: 0", at::ones({4, 2, 8, 8})), "delay"));
  CHECK(says(message_of([&] { make<noneq::writer>("{plugin: animation, file: a.gif}"); }),
             "file got 'a.gif', need a name that ends in .png or .apng"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.folder()), {}) == 0);
}
