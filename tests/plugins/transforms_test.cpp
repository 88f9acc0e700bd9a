// Transforms by their laws: what has an inverse comes back by it, random ones are functions of a row's position,
// statistics are those of the data.
#include "data_file.hpp"

using noneq::batch;
using noneq::dataset_info;
using noneq::sizes;
using noneq::stream;
using noneq::Tensor;
using noneq::transform;
using noneq::transform_context;
using testing::data_file;
using testing::measured_of;
using testing::message_of;
using testing::says;

namespace {

const stream node(7);

dataset_info info_of(const Tensor& x) {
  dataset_info info;
  info.shape = x.sizes().slice(1).vec();
  info.numbers = x.scalar_type();
  info.count = x.size(0);
  info.parts["train"] = x.size(0);
  return info;
}

batch rows_in(const Tensor& x, std::int64_t first = 0) { return {0, first, {{"x0", x}}}; }

transform_context trained(const dataset_info& info, std::int64_t first = 0) {
  return transform_context::of_training(node, info, 0, 0, first);
}
transform_context at_rest(const dataset_info& info, std::int64_t first = 0) {
  return transform_context::of_part(node, info, "train", first);
}

// A transform that learned from x, and what it makes of x.
struct applied_once {
  std::shared_ptr<transform> made;
  dataset_info before, after;
  Tensor y;

  applied_once(const std::string& yaml, const Tensor& x) : applied_once(yaml, x, info_of(x)) {}
  applied_once(const std::string& yaml, const Tensor& x, dataset_info info)
      : made(testing::make<transform>(yaml)), before(std::move(info)) {
    if (made->learns()) {
      made->look(rows_in(x), at_rest(before));
      made->learned(before);
    }
    after = made->after(before);
    y = made->run(rows_in(x), at_rest(before)).at("x0");
    CHECK(y.sizes().slice(1).vec() == after.shape);
    CHECK((y.scalar_type() == after.numbers));
  }
  Tensor in_training(const Tensor& x, std::int64_t first = 0) const {
    return made->run(rows_in(x), trained(before, first)).at("x0");
  }
};

// Whether rows come out with equal bits from batches of any size. Missing numbers have many bits.
const std::string all_equal = "equal";
std::string cut_up(const applied_once& a, const Tensor& x) {
  const auto bits = [](const Tensor& y) { return y.nan_to_num(-12345); };
  const Tensor all = bits(a.in_training(x));
  for (const std::int64_t cut : {1, 13, 39})
    if (!bits(at::cat({a.in_training(x.slice(0, 0, cut)), a.in_training(x.slice(0, cut), cut)})).equal(all))
      return c10::str("not equal, cut at ", cut);
  return all_equal;
}

std::string refused(const std::string& yaml, const Tensor& x) {
  return message_of([&] { applied_once(yaml, x); });
}

Tensor positive(std::int64_t n, sizes sample) {
  sample.insert(sample.begin(), n);
  return stream(1).normal(sample).to(at::kDouble).exp();
}

}

TEST_CASE("transforms: an inverse gives back what came in, for one and for chains of them") {
  const Tensor x = positive(300, {2, 3});
  const data_file f({{"x", x}, {"single", x.to(at::kFloat)}, {"far", 5e6 + x}});
  const std::string log = "{plugin: log, shift: 0.5}", wide = "{plugin: range, values: [-1, 6e6]}";
  using chain = data_file::transforms;
  for (const chain& through :
       {chain{"standardise"}, chain{"{plugin: standardise, per: dim}"}, chain{log}, chain{wide},
        chain{log, "standardise"}, chain{"standardise", "{plugin: log, shift: 100}"},
        chain{"standardise", "{plugin: log, shift: 9}", "standardise"},
        chain{"{plugin: standardise, per: channel}", "{plugin: range, values: [-50, 50]}"},
        chain{log, "{plugin: log, shift: 5}", "{plugin: standardise, per: dim}", "{plugin: log, shift: 50}"}})
    for (const std::string dataset : {"x", "single", "far"}) {
      CAPTURE(c10::Join(" ", through));
      CAPTURE(dataset);
      const auto s = f.through(through, "dataset: " + dataset);
      const noneq::normalisation& normal = s->info().normal;
      const Tensor x0 = measured_of(*s, 0, 300).at("x0"),
                   stored = noneq::storage::hdf5_reader(f.path).rows(dataset, 0, 300).to(at::kDouble);
      CHECK((x0.scalar_type() == at::kFloat));
      // A digit of float32 x⁰ is worth this much in data units.
      const Tensor step =
          (normal.restore(x0.to(at::kDouble) + 1e-6 * (1 + x0.abs())) - normal.restore(x0.to(at::kDouble)));
      const Tensor missed = (normal.restore(x0.to(at::kDouble)) - stored).abs();
      CHECK((missed <= 4 * step.abs() + 1e-6 * stored.abs()).all().item<bool>());
      CHECK(normal.apply(stored).allclose(x0, 1e-5, 1e-5));
      CHECK((normal.affine() == (c10::Join("", through).find("log") == std::string::npos)));
    }
}

TEST_CASE("transforms: affine maps are folded into one, however many there are") {
  const Tensor x = positive(100, {3});
  const data_file f({{"x", x}});
  const auto one = f.through({"{plugin: standardise, per: dim}"}),
             two = f.through({"{plugin: range, values: [-7, 99]}", "{plugin: standardise, per: dim}"});
  CHECK(two->info().normal.stages.empty());
  CHECK(two->info().normal.shift.allclose(one->info().normal.shift, 1e-12));
  CHECK(two->info().normal.scale.allclose(one->info().normal.scale, 1e-12));
  CHECK(measured_of(*one, 0, 100).at("x0").allclose(measured_of(*two, 0, 100).at("x0"), 1e-5, 1e-5));
  CHECK(says(message_of([&] { f.through({"log"})->info().normal.need_affine("a guide"); }),
             "a guide cannot work behind transform.log, need data that is shifted and scaled only"));
}

TEST_CASE("standardise: mean and variance are those of all rows, however they come, and outlive the data") {
  const Tensor x = 40 + 3 * stream(4).normal({1000, 2, 5}).to(at::kDouble);
  for (const std::string per : {"all", "channel", "dim"}) {
    CAPTURE(per);
    const std::string yaml = "{plugin: standardise, per: " + per + "}";
    const auto parts = testing::make<transform>(yaml);
    const dataset_info info = info_of(x);
    for (const std::int64_t at : {0, 1, 400}) {
      const std::int64_t end = at == 0 ? 1 : at == 1 ? 400 : 1000;
      parts->look(rows_in(x.slice(0, at, end), at), at_rest(info, at));
    }
    parts->learned(info);
    const std::vector<std::int64_t> over = per == "all"       ? std::vector<std::int64_t>{0, 1, 2}
                                           : per == "channel" ? std::vector<std::int64_t>{0, 2}
                                                              : std::vector<std::int64_t>{0};
    const Tensor mean = x.mean(over, true).squeeze(0), deviation = x.var(over, false, true).sqrt().squeeze(0);
    const auto normal = parts->after(info).normal;
    CHECK((normal.shift - mean).abs().max().item<double>() < 1e-10);
    CHECK((normal.scale - deviation).abs().max().item<double>() < 1e-10);

    // Another object with the state of the first is that transform.
    const auto other = testing::make<transform>(yaml);
    CHECK(says(message_of([&] { other->run(rows_in(x), at_rest(info)); }), "has learned no mean and variance yet"));
    std::map<std::string, Tensor> state;
    parts->state([&](const std::string& name, Tensor& t) { state[name] = t; });
    other->state([&](const std::string& name, Tensor& t) { t = state.at(name); });
    CHECK(other->run(rows_in(x), at_rest(info)).at("x0").equal(parts->run(rows_in(x), at_rest(info)).at("x0")));
    if (per != "all")
      CHECK(says(message_of([&] { other->after(info_of(at::zeros({3, 7}))); }), "got samples [7], need ["));
  }
}

TEST_CASE("two transforms that learn: each sees the data as it gets it") {
  const Tensor x = positive(5000, {2});
  const data_file f({{"x", x}});
  const auto s =
      f.through({"{plugin: standardise, per: dim}", "{plugin: log, shift: 2}", "{plugin: standardise, per: dim}"});
  const Tensor x0 = measured_of(*s, 0, 5000).at("x0").to(at::kDouble);
  CHECK(x0.mean(0).abs().max().item<double>() < 1e-5);
  CHECK((x0.var(0, false) - 1).abs().max().item<double>() < 1e-4);
  // Rows that are spread over the data, when that many were asked for.
  const auto some = f.through({"{plugin: log, shift: 2}", "{plugin: standardise, rows: 2000}"});
  CHECK(std::abs(measured_of(*some, 0, 5000).at("x0").mean().item<double>()) < 0.1);
  CHECK(some->info().normal.shift.item<double>() != (x + 2).log().mean().item<double>());
}

TEST_CASE("a branch on a generator learns from rows that it draws") {
  const auto roll = testing::make<noneq::loader>("{plugin: swiss_roll, noise: 0.5}")->open({}, stream(3));
  noneq::flow::branch b(roll, {{"scaled", testing::make_instance("transform", "{plugin: standardise, per: dim}")}},
                        stream(3), {});
  const Tensor x = measured_of(b, 0, 65536).at("x0").to(at::kDouble);
  CHECK(x.mean(0).abs().max().item<double>() < 1e-5);
  CHECK((x.var(0, false) - 1).abs().max().item<double>() < 1e-4);
  CHECK(b.info()
            .normal.restore(x.to(at::kFloat))
            .allclose(roll->info().normal.restore(measured_of(*roll, 0, 65536).at("x0")), 1e-4, 1e-4));
}

TEST_CASE("range: the ends are -1 and 1, and rows outside are refused with their place") {
  const Tensor x = at::tensor({0, 51, 255}, at::kByte).unsqueeze(1);
  const applied_once bytes("range", x);
  CHECK(bytes.y.allclose(at::tensor({-1.f, -0.6f, 1.f}).unsqueeze(1)));
  CHECK(bytes.after.bin_width == doctest::Approx(2. / 255));
  CHECK(bytes.after.range == std::vector<double>{0, 255});
  CHECK(applied_once("range", x.to(at::kFloat)).y.equal(bytes.y));
  CHECK(applied_once("range", x.to(at::kFloat)).after.bin_width == 0);
  CHECK(refused("{plugin: range, values: [0, 100]}", x) == "train got 255 in row 2, need values from 0 to 100");
  CHECK(says(message_of([] { testing::make<transform>("{plugin: range, values: [1, 0]}"); }),
             "values: got [1, 0], need two numbers, the lower one first"));
  // In data units, whatever stands before it.
  dataset_info scaled = info_of(x.to(at::kFloat));
  scaled.normal = scaled.normal.then(at::full({}, 10.), at::full({}, 2.));
  CHECK(testing::make<transform>("{plugin: range, values: [-5, 5]}")->after(scaled).range ==
        std::vector<double>{0, 20});
}

TEST_CASE("dequantise: the density is that of the integers, spread over one step each") {
  constexpr std::int64_t n = 200000;
  const Tensor x = (stream(5).uniform({n, 1}).square() * 4).to(at::kByte);  // 0 … 3, unequally often
  const applied_once a("dequantise", x);
  const Tensor u = a.y - x.to(at::kFloat);
  CHECK(u.min().item<double>() >= 0);
  CHECK(u.max().item<double>() < 1);
  for (std::int64_t level = 0; level < 4; ++level) {
    const Tensor inside = u.masked_select(x == level).to(at::kDouble);
    const auto count = static_cast<double>(inside.numel());
    for (const double part : {0.25, 0.5, 0.75})  // four standard errors
      CHECK(std::abs((inside < part).to(at::kDouble).mean().item<double>() - part) <
            4 * std::sqrt(part * (1 - part) / count));
  }
  dataset_info known = info_of(x);
  known.range = {0, 3};
  CHECK(testing::make<transform>("dequantise")->after(known).range == std::vector<double>{0, 4});
}

TEST_CASE("random transforms are functions of a row's position, and of the node") {
  const Tensor x = stream(2).normal({40, 2, 9, 9}), whole = (x * 100).to(at::kInt);
  for (const std::string yaml :
       {"dequantise", "noise", "permute", "flip", "{plugin: crop, size: [4, 5], place: random}"}) {
    CAPTURE(yaml);
    const Tensor& data = yaml == "dequantise" ? whole : x;
    const applied_once a(yaml, data);
    const Tensor all = a.in_training(data);
    CHECK(cut_up(a, data) == all_equal);
    CHECK_FALSE(a.in_training(data, 40).equal(all));
    const auto other = transform_context::of_training(stream(8), a.before, 0, 0, 0);
    CHECK_FALSE(a.made->run(rows_in(data), other).at("x0").equal(all));
    CHECK(a.made->run(rows_in(data), at_rest(a.before)).at("x0").equal(a.y));
  }
}

TEST_CASE("a row has the same bits whatever rows stand beside it, complete or not") {
  Tensor x = stream(2).normal({40, 2, 9, 12});
  for (const std::int64_t row : {0, 13, 14, 30}) x[row][1].slice(0, 2, 5).fill_(std::nan(""));
  for (const char* yaml : {"{plugin: resize, size: [5, 7]}", "{plugin: resize, size: [20, 31]}",
                           "{plugin: resize, size: [6, 8], by: bilinear}", "median", "{plugin: median, width: 5}",
                           "{plugin: noise, deviation: 0.3}", "{plugin: crop, size: [4, 5]}", "hide"}) {
    CAPTURE(yaml);
    CHECK(cut_up(applied_once(yaml, x), x) == all_equal);
  }
}

TEST_CASE("crop and flip are slices and mirror images of what comes in") {
  const Tensor x = stream(2).normal({400, 2, 6, 9});
  CHECK(applied_once("{plugin: crop, size: [4, 5]}", x).y.equal(x.slice(2, 1, 5).slice(3, 2, 7)));
  CHECK(applied_once("{plugin: crop, size: [3]}", x).y.equal(x.slice(3, 3, 6)));

  const applied_once random("{plugin: crop, size: [4, 5], place: random}", x);
  CHECK(random.y.equal(x.slice(2, 1, 5).slice(3, 2, 7)));
  const Tensor cut = random.in_training(x);
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> places;
  for (std::int64_t i = 0; i < x.size(0); ++i)
    for (std::int64_t top = 0; top <= 2; ++top)
      for (std::int64_t left = 0; left <= 4; ++left)
        if (cut[i].equal(x[i].slice(1, top, top + 4).slice(2, left, left + 5))) ++places[{top, left}];
  std::int64_t found = 0;
  for (const auto& [_, count] : places) {
    found += count;
    CHECK(std::abs(static_cast<double>(count) - 400. / 15) < 4 * std::sqrt(400. / 15));
  }
  CHECK(places.size() == 15);
  CHECK(found == 400);

  const applied_once turned("{plugin: flip, axis: 1, share: 0.25}", x);
  CHECK(turned.y.equal(x));
  const Tensor some = turned.in_training(x);
  std::int64_t mirrored = 0;
  for (std::int64_t i = 0; i < 400; ++i) {
    const bool is = some[i].equal(x[i].flip(1));
    CHECK((is || some[i].equal(x[i])));
    mirrored += is;
  }
  CHECK(std::abs(static_cast<double>(mirrored) - 100) < 4 * std::sqrt(75.));
  CHECK(applied_once("{plugin: flip, share: 1}", x).in_training(x).equal(x.flip(3)));

  CHECK(says(refused("{plugin: crop, size: [7, 2]}", x), "size: got 7 of samples [2, 6, 9], need at most 6"));
  CHECK(says(refused("{plugin: flip, axis: 3}", x), "axis: got 3 of samples [2, 6, 9], need -3 to 2"));
}

TEST_CASE("what moves positions takes their scales along, or refuses") {
  const Tensor x = stream(2).normal({50, 2, 6, 8});
  const applied_once each("{plugin: standardise, per: dim}", x), by_channel("{plugin: standardise, per: channel}", x);
  const applied_once middle("{plugin: crop, size: [4, 4]}", each.y, each.after);
  CHECK(middle.after.normal.restore(middle.y).allclose(x.slice(2, 1, 5).slice(3, 2, 6), 1e-5, 1e-5));
  const applied_once last("{plugin: channels, from: last}", each.y, each.after);
  CHECK(last.after.normal.restore(last.y).allclose(x.movedim(-1, 1), 1e-5, 1e-5));
  const applied_once kept("{plugin: channels, keep: [1]}", by_channel.y, by_channel.after);
  CHECK(kept.after.normal.restore(kept.y).allclose(x.slice(1, 1, 2), 1e-5, 1e-5));
  for (const std::string yaml :
       {"{plugin: crop, size: [4, 4], place: random}", "{plugin: resize, size: [3, 4]}", "flip"}) {
    CHECK(says(message_of([&] { testing::make<transform>(yaml)->after(each.after); }), "a scale for each position"));
    CHECK(testing::make<transform>(yaml)->after(by_channel.after).shape.size() == 3);
  }
}

TEST_CASE("resize: area keeps the mean, bilinear keeps linear fields") {
  const Tensor x = stream(2).normal({5, 2, 12, 9}).to(at::kDouble);
  for (const char* size : {"[6, 3]", "[5, 7]", "[24, 9]", "[1, 1]", "[13, 20]"}) {
    CAPTURE(size);
    const Tensor y = applied_once(c10::str("{plugin: resize, size: ", size, "}"), x).y;
    CHECK(y.mean({2, 3}).allclose(x.mean({2, 3}), 1e-10, 1e-12));
  }
  CHECK(applied_once("{plugin: resize, size: [6, 3]}", x)
            .y.allclose(x.view({5, 2, 6, 2, 3, 3}).mean({3, 5}), 1e-10, 1e-12));

  // f(u, v) = 2 + 3u − 5v at the middles of cells of [0, 1]².
  const auto middles = [](std::int64_t n) { return (at::arange(n, at::kDouble) + 0.5) / n; };
  const auto field = [&](std::int64_t h, std::int64_t w) {
    return (2 + 3 * middles(h).unsqueeze(1) - 5 * middles(w)).unsqueeze(0).unsqueeze(0);
  };
  for (const auto& [h, w] : {std::pair<std::int64_t, std::int64_t>{6, 4}, {24, 36}, {7, 11}}) {
    const Tensor y =
        applied_once(c10::str("{plugin: resize, by: bilinear, size: [", h, ", ", w, "]}"), field(12, 18)).y;
    const std::int64_t edge_h = h > 12 ? h / 12 : 0, edge_w = w > 18 ? w / 18 : 0;  // beyond the outermost middles
    const auto inside = [&](const Tensor& t) { return t.slice(2, edge_h, h - edge_h).slice(3, edge_w, w - edge_w); };
    CHECK(inside(y).allclose(inside(field(h, w)), 1e-10, 1e-12));
  }
  CHECK(applied_once("{plugin: resize, by: bilinear, size: [12, 9]}", x).y.allclose(x, 1e-12, 1e-12));
}

TEST_CASE("log: refuses what has no logarithm, by its row") {
  const Tensor x = at::tensor({1., 2., -0.5, 3.}, at::kDouble).unsqueeze(1);
  CHECK(refused("log", x) == "train got -0.5 in row 2, need numbers above 0, or a larger shift");
  CHECK(refused("{plugin: log, shift: 0.5}", x) ==
        "train got -0.5 in row 2, need numbers above -0.5, or a larger shift");
  CHECK(applied_once("{plugin: log, shift: 0.75}", x).y.allclose((x + 0.75).log()));
}

TEST_CASE("clip, one_hot, select and channels") {
  const Tensor x = stream(1).normal({100, 3});
  CHECK(applied_once("{plugin: clip, low: -0.5}", x).y.equal(x.clamp_min(-0.5)));
  CHECK(applied_once("{plugin: clip, low: -0.5, high: 1}", x).y.equal(x.clamp(-0.5, 1)));
  CHECK(says(message_of([] { testing::make<transform>("clip"); }), "got neither low nor high"));

  const Tensor category = (stream(1).uniform({100, 4}) * 3).to(at::kLong) + 5;
  const std::string three = "{plugin: one_hot, categories: 3, first: 5";
  const applied_once hot(three + "}", category);
  CHECK(hot.y.sizes().vec() == sizes{100, 3, 4});
  CHECK(hot.y.sum(1).equal(at::ones({100, 4})));
  CHECK(applied_once(three + ", inverse: true}", hot.y, hot.after).y.equal(category));
  CHECK(refused("{plugin: one_hot, categories: 2, first: 5}", at::full({2, 1}, 7, at::kLong)) ==
        "train got 7 in row 0, need whole numbers from 5 to 6");
  CHECK(says(refused(three + "}", at::full({2, 1}, 5.5)), "got 5.5 in row 0, need whole numbers from 5 to 7"));

  dataset_info info = info_of(x);
  info.classes = 4;
  const auto only = testing::make<transform>("{plugin: select, keep: [x0, row]}");
  CHECK(only->after(info).classes == 0);
  batch b = rows_in(x);
  b.set("label", at::zeros({100}, at::kLong));
  b.set("row", at::arange(100));
  CHECK(only->run(b, at_rest(info)).tensors.size() == 2);
  CHECK(says(message_of([] { testing::make<transform>("{plugin: select, keep: [row]}"); }), "need x0 among them"));

  const Tensor image = stream(1).normal({2, 4, 5, 3});
  const applied_once last("{plugin: channels, from: last, keep: [2, 0]}", image);
  CHECK(last.y.equal(image.movedim(-1, 1).index_select(1, at::tensor({2, 0}, at::kLong))));
  CHECK(last.after.as_stored(last.y).equal(image.index_select(3, at::tensor({2, 0}, at::kLong))));
  const applied_once twice("{plugin: channels, from: none}", last.y, last.after);
  CHECK(twice.after.as_stored(twice.y).equal(last.after.as_stored(last.y)));
  CHECK(says(refused("{plugin: channels, keep: [4]}", image), "keep: got 4, need channels from 0 to 3"));
}
