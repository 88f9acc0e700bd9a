// Loaders: batches are functions of the step, normalised as said, and bad files are refused with their reason.
#include <fstream>
#include <numbers>
#include <set>

#include "data_file.hpp"
#include "plugins/message.hpp"

using noneq::make;
using noneq::sizes;
using noneq::stream;
using noneq::Tensor;
using testing::data_file;
using testing::message_of;
using testing::says;
using testing::training;

namespace {

Tensor numbers(std::int64_t n) { return at::arange(n, at::kFloat).unsqueeze(1); }

std::vector<float> list(const Tensor& x) {
  const Tensor c = x.contiguous();
  return {c.data_ptr<float>(), c.data_ptr<float>() + c.numel()};
}

std::int64_t resident_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmRSS:", 0) == 0) return std::stoll(line.substr(6));
  return 0;
}

}

TEST_CASE("an epoch visits each row once, in another order than the epoch before") {
  const data_file f({{"x", numbers(1003)}});
  for (const std::int64_t batch : {1, 17, 1003}) {
    const auto s = f.open("batch: " + std::to_string(batch));
    std::vector<float> seen;
    for (std::int64_t step = 0; static_cast<std::int64_t>(seen.size()) < 2006; ++step)
      for (const float v : list(training(*s, step).at("x0"))) seen.push_back(v);
    const std::vector<float> first(seen.begin(), seen.begin() + 1003), second(seen.begin() + 1003, seen.begin() + 2006);
    CHECK(std::set<float>(first.begin(), first.end()).size() == 1003);
    CHECK(std::set<float>(second.begin(), second.end()).size() == 1003);
    CHECK(first != second);
    CHECK_FALSE(std::is_sorted(first.begin(), first.end()));
  }
}

TEST_CASE("many windows and a short last block: each row still comes once an epoch") {
  // Rows of 64 KiB make blocks of 64 rows and windows of 512.
  const std::int64_t n = 700;
  const data_file f({{"x", at::arange(n, at::kShort).unsqueeze(1).expand({n, 32768})}}, 1);
  const auto s = f.open("batch: 50");
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    std::set<float> seen;
    for (std::int64_t k = 0; k < n / 50; ++k)
      for (const float v : list(training(*s, epoch * n / 50 + k).at("x0").select(1, 0))) seen.insert(v);
    CHECK(seen.size() == static_cast<std::size_t>(n));
  }
}

TEST_CASE("a batch is a function of seed and step, not of what was read before") {
  const data_file f({{"x", numbers(300)}, {"y", at::arange(300, at::kLong).remainder(7)}});
  const auto one = f.open("batch: 70, labels: y"), other = f.open("batch: 70, labels: y");
  for (std::int64_t step = 0; step < 9; ++step) training(*one, step);
  for (const std::int64_t step : {8, 0, 5}) {
    const auto a = training(*one, step), b = training(*other, step);
    CHECK(a.at("x0").equal(b.at("x0")));
    CHECK(a.at("label").equal(b.at("label")));
    CHECK(a.at("label").equal(a.at("x0").flatten().to(at::kLong).remainder(7)));
  }
  CHECK_FALSE(training(*f.open("batch: 70", 2), 0).at("x0").equal(training(*one, 0).at("x0")));
  CHECK(one->info().classes == 7);
}

TEST_CASE("data smaller than a batch goes round; sequential keeps the order") {
  const data_file f({{"x", numbers(3)}});
  CHECK(list(training(*f.open("batch: 7, order: sequential"), 1).at("x0")) == std::vector<float>{1, 2, 0, 1, 2, 0, 1});
  const auto shuffled = list(training(*f.open("batch: 6"), 0).at("x0"));
  CHECK(std::count(shuffled.begin(), shuffled.end(), 2) == 2);
}

TEST_CASE("rows in order: fewer at the end, none beyond") {
  const data_file f({{"x", numbers(10)}});
  const auto s = f.open("normalise: zscore");
  CHECK(s->info().count == 10);
  const auto rows = s->fetch_rows(8, 5);
  CHECK(rows.first == 8);
  CHECK(list(s->info().normal.restore(rows.at("x0"))) == std::vector<float>{8, 9});
  CHECK(s->fetch_rows(10, 5).at("x0").size(0) == 0);
  CHECK(s->prepare(s->fetch_rows(0, 3)).at("x0").equal(s->fetch_rows(0, 3).at("x0")));
}

TEST_CASE("zscore: mean 0 and variance 1, over all numbers or at each position, whatever the offset") {
  const Tensor x = at::stack({stream(1).normal({5000}), 3 * stream(2).normal({5000})}, 1).to(at::kDouble) + 1e6;
  const data_file f({{"x", x}});
  const Tensor all = f.open("normalise: zscore")->fetch_rows(0, 5000).at("x0");
  CHECK((all.scalar_type() == at::kFloat));
  CHECK(all.mean().item<double>() == doctest::Approx(0).epsilon(0.02));
  CHECK(all.var(false).item<double>() == doctest::Approx(1).epsilon(1e-4));
  const auto s = f.open("normalise: zscore, per: dim");
  const Tensor each = s->fetch_rows(0, 5000).at("x0");
  for (const std::int64_t d : {0, 1})
    CHECK(each.select(1, d).var(false).item<double>() == doctest::Approx(1).epsilon(1e-4));
  CHECK(s->info().normal.scale.sizes().vec() == sizes{2});
  const noneq::normalisation known{at::full({}, 1e6f), at::full({}, 10.f)};
  CHECK(f.open("normalise: zscore", 1, known)->info().normal.scale.item<float>() == 10);
}

TEST_CASE("statistics can be taken from a part of the rows, spread over the whole file") {
  // The second half is another than the first: rows of one end alone would have another mean.
  const data_file f({{"x", at::cat({stream(1).normal({40000, 1}), 5 + stream(2).normal({40000, 1})})}});
  const auto all = f.open("normalise: zscore")->info().normal,
             some = f.open("normalise: zscore, normalise_rows: 8000")->info().normal;
  CHECK(some.shift.item<float>() == doctest::Approx(2.5).epsilon(0.05));
  CHECK(some.scale.item<float>() == doctest::Approx(all.scale.item<float>()).epsilon(0.05));
  CHECK(!some.shift.equal(all.shift));
  CHECK(f.open("normalise: zscore, normalise_rows: 1000000")->info().normal.shift.equal(all.shift));
}

TEST_CASE("range maps stored values to -1 … 1 and says how wide an integer's bin is") {
  const Tensor x = at::tensor({0, 51, 255}, at::kByte);
  const data_file f({{"x", x}, {"real", x.to(at::kFloat)}});
  const auto s = f.open("normalise: range");
  CHECK(s->info().shape == sizes{1});
  CHECK(s->info().bin_width == doctest::Approx(2. / 255));
  CHECK(at::allclose(s->fetch_rows(0, 3).at("x0").flatten(), at::tensor({-1.f, -0.6f, 1.f})));
  CHECK(s->info().normal.restore(s->fetch_rows(0, 3).at("x0")).flatten().equal(x.to(at::kFloat)));
  CHECK(f.open("normalise: range, dataset: real")->info().bin_width == 0);
  CHECK(f.open("normalise: none")->info().bin_width == 0);
}

TEST_CASE("channels are put first, or added; any type of number is read") {
  const Tensor image = at::arange(24, at::kShort).reshape({2, 2, 2, 3});  // [N, H, W, C]
  const data_file f({{"a/image", image}, {"bit", at::ones({2, 4}, at::kBool)}, {"half", at::ones({2, 3}, at::kHalf)}});
  const auto last = f.open("dataset: a/image, channels: last");
  CHECK(last->info().shape == sizes{3, 2, 2});
  CHECK(last->fetch_rows(0, 2).at("x0").equal(image.movedim(3, 1).to(at::kFloat)));
  CHECK(f.open("dataset: a/image, channels: first")->info().shape == sizes{2, 2, 3});
  CHECK(f.open("dataset: bit, channels: add")->info().shape == sizes{1, 4});
  CHECK(training(*f.open("dataset: bit, batch: 5"), 0).at("x0").equal(at::ones({5, 4})));
  CHECK((training(*f.open("dataset: half"), 0).at("x0").scalar_type() == at::kFloat));
}

TEST_CASE("parts: what is held out or stands apart is not trained on, and measured on by name") {
  const data_file f({{"x", numbers(100)},
                     {"v", numbers(7) + 500},
                     {"t", numbers(5) + 600},
                     {"l", at::arange(100, at::kLong).remainder(3)}});
  const auto held = f.open("held_out: 0.1, batch: 45, labels: l");
  CHECK(held->info().parts == std::map<std::string, std::int64_t>{{"train", 90}, {"validation", 10}});
  CHECK(held->info().count == 90);
  CHECK(noneq::measured_part(held->info()) == "validation");
  std::set<float> seen;
  for (std::int64_t step = 0; step < 4; ++step)
    for (const float v : list(training(*held, step).at("x0"))) seen.insert(v);
  CHECK(seen.size() == 90);
  CHECK(*seen.rbegin() == 89);
  const auto last = held->fetch_rows(8, 9);
  CHECK(list(last.at("x0")) == std::vector<float>{98, 99});
  CHECK(last.at("label").equal(at::tensor({2, 0}, at::kLong)));
  CHECK(list(held->fetch_part("train", 88, 5).at("x0")) == std::vector<float>{88, 89});

  const auto all = f.open("validation: v, test: t");
  CHECK(all->info().parts == std::map<std::string, std::int64_t>{{"test", 5}, {"train", 100}, {"validation", 7}});
  CHECK(noneq::measured_part(all->info()) == "test");
  CHECK(list(all->fetch_part("validation", 0, 2).at("x0")) == std::vector<float>{500, 501});
  CHECK(list(all->fetch_rows(0, 2).at("x0")) == std::vector<float>{600, 601});
  CHECK(all->info().identity != f.open("validation: v")->info().identity);

  CHECK(says(message_of([&] { f.open("validation: v, held_out: 0.1"); }), "held_out got 0.1 beside validation: 'v'"));
  CHECK(
      says(message_of([&] { f.open("validation: v, labels: l"); }), "validation_labels got '', need labels for both"));
  CHECK(says(message_of([&] { noneq::need_part(held->info(), "test", "on"); }),
             "on: got 'test', but the data has train and validation only"));
}

TEST_CASE("images that are not what they are taken for") {
  Tensor bytes = at::full({9, 2, 2}, 200, at::kShort);
  bytes[6][1][0] = 300;
  const data_file f({{"x", bytes},
                     {"test", bytes.to(at::kShort)},
                     {"real", bytes.to(at::kFloat) / 255},
                     {"last", at::zeros({2, 28, 28, 1}, at::kByte)},
                     {"rgb", at::zeros({2, 32, 32, 3}, at::kByte)},
                     {"first", at::zeros({2, 3, 32, 32}, at::kByte)}});
  const std::string name = f.path.string();
  const auto refused = [&](const std::string& more) {
    return message_of([&] { training(*f.open(more + ", batch: 9, order: sequential"), 0); });
  };
  CHECK(says(refused("normalise: range"),
             name + ": dataset 'x' got 300 in row 6, need values from 0 to 255, as range says"));
  CHECK(says(refused("normalise: range, dataset: real, range: [0, 1]"), "dataset 'real' got 1.17647 in row 6"));
  CHECK(says(message_of([&] { f.open("normalise: range, test: test")->fetch_rows(5, 3); }),
             "dataset 'test' got 300 in row 6"));
  CHECK(refused("normalise: range, range: [0, 300]") == "nothing was thrown");
  CHECK(refused("normalise: zscore") == "nothing was thrown");
  CHECK(f.open("normalise: range, dataset: last, channels: last")->info().range == std::vector<double>{0, 255});
  CHECK(f.open("normalise: zscore")->info().range.empty());

  CHECK(says(refused("dataset: last"), "dataset 'last' gives 28 channels of 28×1 numbers, need channels: last"));
  CHECK(says(refused("dataset: rgb"), "dataset 'rgb' gives 32 channels of 32×3 numbers, need channels: last"));
  CHECK(says(refused("dataset: first, channels: last"), "gives 32 channels of 3×32 numbers, need channels: first"));
  for (const char* good : {"dataset: last, channels: last", "dataset: rgb, channels: last", "dataset: first",
                           "dataset: first, channels: first", "dataset: rgb, channels: first", "channels: add"})
    CHECK(refused(good) == "nothing was thrown");
}

TEST_CASE("memory does not grow with a file that is not small") {
  testing::scratch folder;
  const std::int64_t mib = 320;
  {
    noneq::hdf5_writer out(folder / "large.h5");
    const Tensor some = stream(1).normal({1024, 256});
    for (std::int64_t k = 0; k < mib; ++k) out.append("x", some);
    out.close();
  }
  const auto loader =
      make<noneq::loader>("{plugin: hdf5, file: '" + (folder / "large.h5").string() + "', normalise: zscore}");
  const std::int64_t before = resident_kb();
  const auto s = loader->open({}, stream(1));
  for (std::int64_t step = 0; step < 2560; step += 256) training(*s, step);
  CHECK((resident_kb() - before) / 1024 < 120);
}

TEST_CASE("what a file lacks is said by name") {
  const Tensor nan = numbers(5000).clone();
  nan[4321] = std::nan("");
  const Tensor dim = at::stack({at::ones({9}), at::arange(9, at::kFloat)}, 1);
  const data_file f({{"x", numbers(100)},
                     {"nan", nan},
                     {"inf", (numbers(3) + 1) / 0.},
                     {"same", at::full({9, 2}, 3.)},
                     {"dim", dim},
                     {"huge", at::full({9, 2}, 1e300, at::kDouble)},
                     {"long", at::zeros({101}, at::kLong)},
                     {"wide", at::zeros({100, 2}, at::kLong)},
                     {"real", at::zeros({100})},
                     {"minus", at::arange(100, at::kLong) - 1},
                     {"good", at::arange(100, at::kLong).remainder(3)},
                     {"more", at::cat({at::zeros({98}, at::kLong), at::full({2}, 7, at::kLong)})},
                     {"zero", at::zeros({100}, at::kLong)},
                     {"vast", at::full({100}, std::int64_t{1} << 40, at::kLong)}});
  const std::string name = f.path.string();
  const auto refused = [&](const std::string& more) { return message_of([&] { f.open(more); }); };

  CHECK(says(refused("dataset: nan, normalise: zscore"),
             name + ": dataset 'nan' got NaN in row 4321, need finite numbers"));
  CHECK(says(refused("dataset: inf, normalise: zscore"),
             "dataset 'inf' got an infinite number in row 0 (and in 2 more rows"));
  CHECK(says(refused("dataset: same, normalise: zscore"), "dataset 'same' is 3 everywhere, need numbers that vary"));
  CHECK(says(refused("dataset: same, normalise: zscore, per: dim"), "'same' is 3 everywhere, or as constant"));
  CHECK(refused("dataset: dim, normalise: zscore, per: dim") == "nothing was thrown");
  CHECK(says(refused("dataset: none"), "'none'"));
  CHECK(says(refused("labels: long"), "labels 'long' got 101 rows, need 100, one per row of 'x'"));
  CHECK(says(refused("labels: wide"), "labels 'wide' got shape [100, 2], need one number per row, [100]"));
  CHECK(says(refused("labels: real"), "labels 'real' got numbers of type float32, need integers"));
  CHECK(says(refused("labels: minus"), "labels 'minus' got -1 in row 0, need class numbers from 0"));
  CHECK(says(refused("labels: vast"), "labels 'vast' got 1099511627776 in row 0"));
  CHECK(says(refused("labels: good, test: x, test_labels: more"),
             "labels 'more' got 7 in row 98, need class numbers from 0 to 2"));
  CHECK(says(refused("labels: good, test: x, test_labels: minus"), "labels 'minus' got -1 in row 0"));
  CHECK(says(refused("labels: good, test: x, test_labels: long"), "labels 'long' got 101 rows, need 100"));
  CHECK(says(refused("labels: good, test: x, test_labels: real"), "labels 'real' got numbers of type float32"));
  CHECK(f.open("labels: good, test: x, test_labels: zero")->info().classes == 3);
  CHECK(says(refused("labels: none"), "'none'"));
  CHECK(says(refused("channels: last"), "dataset 'x' has shape [100, 1] and channels: last, need"));
  const noneq::normalisation other{at::zeros({3}), at::ones({3})};
  CHECK(says(message_of([&] { f.open("", 1, other); }),
             "gives samples [1], need [3] as in the data the model was trained"));

  // All rows are looked at, when no statistics were asked for too.
  CHECK(says(refused("dataset: nan"), "dataset 'nan' got NaN in row 4321"));
  CHECK(says(refused("test: nan"), "dataset 'nan' got NaN in row 4321"));
  CHECK(says(refused("dataset: huge"), "need finite numbers of float32"));

  const auto unread = [](const std::string& yaml) {
    return message_of([&] { make<noneq::loader>(yaml)->open({}, stream(1)); });
  };
  CHECK(says(unread("{plugin: hdf5, file: nowhere.h5}"), "nowhere.h5"));
  CHECK(says(unread("{plugin: hdf5, file: a, range: [1, 0]}"),
             "range got [1, 0], need two numbers, the lower one first"));
  CHECK(says(unread("{plugin: hdf5, file: a, range: [1]}"), "range got [1], need two numbers"));
  CHECK(says(unread("{plugin: hdf5, file: a, labels: x}"), "labels got 'x', which is the dataset itself"));
  CHECK(says(unread("{plugin: hdf5}"), "test.file"));
  CHECK(says(unread("{plugin: hdf5, file: a, per: row}"), "test.per"));
}

TEST_CASE("a check reads no file, and a loader can be pointed at another") {
  const data_file f({{"x", numbers(4)}});
  const auto l = make<noneq::loader>("{plugin: hdf5, file: not_there.h5}");
  l->redirect(f.path);
  CHECK(l->open({}, stream(1))->info().count == 4);
  CHECK(says(message_of([] { make<noneq::loader>("heartbeat")->redirect("a.h5"); }), "reads no file"));
}
