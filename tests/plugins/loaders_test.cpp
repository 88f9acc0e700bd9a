// Loaders: batches are functions of the step, normalised as said, and bad files are refused with their reason.
#include <fstream>
#include <numbers>
#include <set>

#include "data_file.hpp"
#include "plugins/message.hpp"

using noneq::sizes;
using noneq::stream;
using noneq::Tensor;
using testing::data_file;
using testing::make;
using testing::measured_of;
using testing::message_of;
using testing::says;
using testing::training;

namespace {

Tensor numbers(std::int64_t n) { return at::arange(n, at::kFloat).unsqueeze(1); }

std::vector<float> list(const Tensor& x) {
  const Tensor c = x.to(at::kFloat).contiguous();
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
  const auto s = f.through({"standardise"});
  CHECK(s->info().count == 10);
  const auto rows = measured_of(*s, 8, 5);
  CHECK(rows.first == 8);
  CHECK(list(s->info().normal.restore(rows.at("x0"))) == std::vector<float>{8, 9});
  CHECK(measured_of(*s, 10, 5).at("x0").size(0) == 0);
  CHECK(s->prepare(measured_of(*s, 0, 3)).at("x0").equal(measured_of(*s, 0, 3).at("x0")));
}

TEST_CASE("zscore: mean 0 and variance 1, over all numbers or at each position, whatever the offset") {
  const Tensor x = at::stack({stream(1).normal({5000}), 3 * stream(2).normal({5000})}, 1).to(at::kDouble) + 1e6;
  const data_file f({{"x", x}});
  const Tensor all = measured_of(*f.through({"standardise"}), 0, 5000).at("x0");
  CHECK((all.scalar_type() == at::kFloat));
  CHECK(all.mean().item<double>() == doctest::Approx(0).epsilon(0.02));
  CHECK(all.var(false).item<double>() == doctest::Approx(1).epsilon(1e-4));
  const auto s = f.through({"{plugin: standardise, per: dim}"});
  const Tensor each = measured_of(*s, 0, 5000).at("x0");
  for (const std::int64_t d : {0, 1})
    CHECK(each.select(1, d).var(false).item<double>() == doctest::Approx(1).epsilon(1e-4));
  CHECK(s->info().normal.scale.sizes().vec() == sizes{2});
}

TEST_CASE("statistics can be taken from a part of the rows, spread over the whole file") {
  // The second half is another than the first: rows of one end alone would have another mean.
  const data_file f({{"x", at::cat({stream(1).normal({40000, 1}), 5 + stream(2).normal({40000, 1})})}});
  const auto all = f.through({"standardise"})->info().normal,
             some = f.through({"{plugin: standardise, rows: 8000}"})->info().normal;
  CHECK(some.shift.item<float>() == doctest::Approx(2.5).epsilon(0.05));
  CHECK(some.scale.item<float>() == doctest::Approx(all.scale.item<float>()).epsilon(0.05));
  CHECK(!some.shift.equal(all.shift));
  CHECK(f.through({"{plugin: standardise, rows: 1000000}"})->info().normal.shift.equal(all.shift));
}

TEST_CASE("range maps stored values to -1 … 1 and says how wide an integer's bin is") {
  const Tensor x = at::tensor({0, 51, 255}, at::kByte);
  const data_file f({{"x", x}, {"real", x.to(at::kFloat)}});
  const auto s = f.through({"range"});
  CHECK(s->info().shape == sizes{1});
  CHECK(s->info().bin_width == doctest::Approx(2. / 255));
  CHECK(at::allclose(measured_of(*s, 0, 3).at("x0").flatten(), at::tensor({-1.f, -0.6f, 1.f})));
  CHECK(s->info().normal.restore(measured_of(*s, 0, 3).at("x0")).flatten().equal(x.to(at::kFloat)));
  CHECK(f.through({"range"}, "dataset: real")->info().bin_width == 0);
  CHECK(f.open()->info().bin_width == 0);
}

TEST_CASE("channels are put first, or added; any type of number is read") {
  const Tensor image = at::arange(24, at::kShort).reshape({2, 2, 2, 3});  // [N, H, W, C]
  const data_file f({{"a/image", image}, {"bit", at::ones({2, 4}, at::kBool)}, {"half", at::ones({2, 3}, at::kHalf)}});
  const auto last = f.through({"{plugin: channels, from: last}"}, "dataset: a/image");
  CHECK(last->info().shape == sizes{3, 2, 2});
  CHECK(measured_of(*last, 0, 2).at("x0").equal(image.movedim(3, 1).to(at::kFloat)));
  CHECK(f.through({"{plugin: channels, from: first}"}, "dataset: a/image")->info().shape == sizes{2, 2, 3});
  CHECK(f.through({"{plugin: channels, from: none}"}, "dataset: bit")->info().shape == sizes{1, 4});
  CHECK(training(*f.through({}, "dataset: bit, batch: 5"), 0).at("x0").equal(at::ones({5, 4})));
  CHECK((training(*f.through({}, "dataset: half"), 0).at("x0").scalar_type() == at::kFloat));
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
  const auto last = measured_of(*held, 8, 9);
  CHECK(list(last.at("x0")) == std::vector<float>{98, 99});
  CHECK(last.at("label").equal(at::tensor({2, 0}, at::kLong)));
  CHECK(list(measured_of(*held, "train", 88, 5).at("x0")) == std::vector<float>{88, 89});

  const auto all = f.open("validation: v, test: t");
  CHECK(all->info().parts == std::map<std::string, std::int64_t>{{"test", 5}, {"train", 100}, {"validation", 7}});
  CHECK(noneq::measured_part(all->info()) == "test");
  CHECK(list(measured_of(*all, "validation", 0, 2).at("x0")) == std::vector<float>{500, 501});
  CHECK(list(measured_of(*all, 0, 2).at("x0")) == std::vector<float>{600, 601});
  CHECK(all->info().identity != f.open("validation: v")->info().identity);

  CHECK(says(message_of([&] { f.open("validation: v, held_out: 0.1"); }), "held_out got 0.1 beside validation: 'v'"));
  CHECK(
      says(message_of([&] { f.open("validation: v, labels: l"); }), "validation_labels got '', need labels for both"));
  CHECK(says(message_of([&] { noneq::need_part(held->info(), "test", "split"); }),
             "split: got 'test', but the data has train and validation only"));
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
  const auto refused = [&](const data_file::transforms& through, const std::string& dataset = "x") {
    return message_of(
        [&] { training(*f.through(through, "dataset: " + dataset + ", batch: 9, order: sequential"), 0); });
  };
  CHECK(says(refused({"range"}), name + ": dataset 'x' got 300 in row 6, need values from 0 to 255"));
  CHECK(says(refused({"{plugin: range, values: [0, 1]}"}, "real"), "dataset 'real' got 1.17647 in row 6"));
  CHECK(says(message_of([&] { measured_of(*f.through({"range"}, "test: test"), 5, 3); }),
             "dataset 'test' got 300 in row 6"));
  CHECK(refused({"{plugin: range, values: [0, 300]}"}) == "nothing was thrown");
  CHECK(refused({"standardise"}) == "nothing was thrown");
  CHECK(f.through({"{plugin: channels, from: last}", "range"}, "dataset: last")->info().range ==
        std::vector<double>{0, 255});
  CHECK(f.through({"standardise"})->info().range.empty());

  const std::string first = "{plugin: channels, from: first}", last = "{plugin: channels, from: last}";
  CHECK(says(refused({}, "last"), "'last' gives 28 channels of 28×1 numbers, need {plugin: transform.channels, from"));
  CHECK(says(refused({}, "rgb"), "dataset 'rgb' gives 32 channels of 32×3 numbers, need {plugin: transform.channels"));
  CHECK(says(refused({last}, "first"), "gives 32 channels of 3×32 numbers, need from: first"));
  for (const auto& [through, dataset] : std::vector<std::pair<data_file::transforms, std::string>>{
           {{last}, "last"}, {{last}, "rgb"}, {{}, "first"}, {{first}, "first"}, {{first}, "rgb"}})
    CHECK(refused(through, dataset) == "nothing was thrown");
  CHECK(refused({"{plugin: channels, from: none}"}) == "nothing was thrown");
}

TEST_CASE("memory does not grow with a file that is not small") {
  testing::scratch folder;
  const std::int64_t mib = 320;
  {
    noneq::storage::hdf5_writer out(folder / "large.h5");
    const Tensor some = stream(1).normal({1024, 256});
    for (std::int64_t k = 0; k < mib; ++k) out.append("x", some);
    out.close();
  }
  const auto loader = make<noneq::loader>("{plugin: hdf5, file: '" + (folder / "large.h5").string() + "'}");
  const std::int64_t before = resident_kb();
  const auto s = std::make_shared<noneq::flow::branch>(
      loader->open({}, stream(1)),
      std::vector{noneq::flow::branch_node{"scaled", testing::make_instance("transform", "standardise")}}, stream(1),
      std::nullopt);
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
                     {"few", numbers(7)},
                     {"vast", at::full({100}, std::int64_t{1} << 40, at::kLong)}});
  const std::string name = f.path.string();
  const auto refused = [&](const std::string& more) { return message_of([&] { f.open(more); }); };
  const auto scaled = [&](const std::string& more, const std::string& how = "standardise") {
    return message_of([&] { f.through({how}, "dataset: " + more); });
  };

  CHECK(says(scaled("nan"), name + ": dataset 'nan' got NaN in row 4321, need finite numbers"));
  CHECK(says(scaled("inf"), "dataset 'inf' got an infinite number in row 0 (and in 2 more rows"));
  CHECK(says(scaled("same"), "dataset 'same' is 3 everywhere, need numbers that vary"));
  CHECK(says(scaled("same", "{plugin: standardise, per: dim}"), "'same' is 3 everywhere, or as constant"));
  CHECK(scaled("dim", "{plugin: standardise, per: dim}") == "nothing was thrown");
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
  // Also where a part names the labels of the training rows.
  CHECK(f.open("labels: good, test: x, test_labels: good")->info().classes == 3);
  for (const std::string part : {"test", "validation"}) {
    CHECK(says(refused("labels: good, " + part + ": few, " + part + "_labels: good"),
               name + ": labels 'good' got 100 rows, need 7, one per row of 'few'"));
    CHECK(says(refused("labels: good, " + part + ": few, " + part + "_labels: few"),
               part + "_labels got 'few', which is the dataset itself"));
    CHECK(
        says(refused("labels: good, " + part + "_labels: zero"), part + "_labels got 'zero', but there is no " + part));
  }
  CHECK(says(refused("labels: none"), "'none'"));
  CHECK(says(scaled("x", "{plugin: channels, from: last}"), "dataset 'x' gives samples [1], need at least [positions"));

  // All rows are looked at, when no statistics were asked for too.
  CHECK(says(refused("dataset: nan"), "dataset 'nan' got NaN in row 4321"));
  CHECK(says(refused("test: nan"), "dataset 'nan' got NaN in row 4321"));
  CHECK(says(message_of([&] { f.through({}, "dataset: huge"); }), "need finite numbers of float32"));

  const auto unread = [](const std::string& yaml) {
    return message_of([&] { make<noneq::loader>(yaml)->open({}, stream(1)); });
  };
  CHECK(says(unread("{plugin: hdf5, file: nowhere.h5}"), "nowhere.h5"));
  CHECK(says(unread("{plugin: hdf5, file: a, labels: x}"), "labels got 'x', which is the dataset itself"));
  CHECK(says(unread("{plugin: hdf5}"), "test.file"));
  for (const std::string old :
       {"normalise: zscore", "range: [0, 1]", "per: dim", "normalise_rows: 3", "dequantise: true", "channels: last"}) {
    const std::string key = old.substr(0, old.find(':')), refusal = unread("{plugin: hdf5, file: a, " + old + "}");
    CHECK(says(refusal, "test.yaml:1:25: test." + key + ": loader.hdf5 has no parameter '" + key + "'; "));
    CHECK(says(refusal, "{plugin: transform."));
  }
}

TEST_CASE("a check reads no file, and a loader can be pointed at another") {
  const data_file f({{"x", numbers(4)}});
  const auto l = make<noneq::loader>("{plugin: hdf5, file: not_there.h5}");
  l->redirect(f.path);
  CHECK(l->open({}, stream(1))->info().count == 4);
  CHECK(says(message_of([] { make<noneq::loader>("heartbeat")->redirect("a.h5"); }), "reads no file"));
}
