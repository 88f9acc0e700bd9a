// Stored integers with noise of one step: uniform, known by row where one measures, fresh where one trains.
#include "data_file.hpp"

using noneq::sizes;
using noneq::stream;
using noneq::Tensor;
using testing::data_file;
using testing::mean_is;
using testing::measured_of;
using testing::message_of;
using testing::says;
using testing::training;

namespace {

constexpr std::int64_t n = 20000;

Tensor bytes() { return (stream(5).uniform({n, 1, 3}) * 200).to(at::kByte); }

// What was added to the first of these rows.
Tensor noise(const Tensor& x0) { return (x0 - bytes().slice(0, 0, x0.size(0))).to(at::kDouble).flatten(); }

}

TEST_CASE("dequantise: a row that is measured has the same noise whoever asks for it") {
  const data_file f({{"x", bytes()}, {"again", bytes()}, {"last", bytes().movedim(1, 2)}});
  const auto s = f.through({"dequantise"}, "test: again");
  const Tensor rows = measured_of(*s, "train", 0, n).at("x0"), u = noise(rows);
  CHECK(u.min().item<double>() >= 0);
  CHECK(u.max().item<double>() <= 1);
  CHECK(mean_is(u, 0.5));
  CHECK(mean_is((u - 0.5).square(), 1. / 12));
  CHECK(s->info().bin_width == 0);

  const auto other = f.through({"dequantise"}, "test: again, batch: 7");
  training(*other, 3);
  CHECK(at::cat({measured_of(*other, "train", 0, 5).at("x0"), measured_of(*other, "train", 5, 6).at("x0")})
            .equal(rows.slice(0, 0, 11)));
  CHECK(measured_of(*f.through({"{plugin: channels, from: last}", "dequantise"}, "dataset: last"), 0, 9)
            .at("x0")
            .sizes()
            .vec() == sizes{9, 1, 3});

  CHECK_FALSE(measured_of(*s, 0, 9).at("x0").equal(rows.slice(0, 0, 9)));
  CHECK_FALSE(measured_of(*f.through({"dequantise"}, "", 2), 0, 9).at("x0").equal(rows.slice(0, 0, 9)));
  CHECK(s->info().identity != f.open("test: again")->info().identity);
  CHECK(s->info().identity != f.through({"dequantise"}, "test: again", 2)->info().identity);
}

TEST_CASE("dequantise: in training a row comes with other noise each time, and a step always with the same") {
  const data_file f({{"x", bytes()}});
  const std::string in_order = "order: sequential, batch: " + std::to_string(n);
  const auto one = f.through({"dequantise"}, in_order), other = f.through({"dequantise"}, in_order);
  const Tensor first = training(*one, 0).at("x0"), second = training(*one, 1).at("x0");
  CHECK(second.equal(training(*other, 1).at("x0")));
  CHECK(mean_is((noise(first) - 0.5).square(), 1. / 12));
  CHECK(mean_is((noise(first) - 0.5) * (noise(second) - 0.5), 0));
  CHECK(mean_is((noise(first) - 0.5) * (noise(measured_of(*one, 0, n).at("x0")) - 0.5), 0));
  CHECK(training(*f.through({"dequantise"}, "batch: 5"), 2)
            .at("x0")
            .floor()
            .equal(training(*f.through({}, "batch: 5"), 2).at("x0")));
  // Position p of training has the same noise in batches of any size.
  const auto by_five = f.through({"dequantise"}, "order: sequential, batch: 5"),
             by_seven = f.through({"dequantise"}, "order: sequential, batch: 7");
  CHECK(training(*by_five, 7).at("x0").equal(training(*by_seven, 5).at("x0").slice(0, 0, 5)));
  CHECK(training(*by_five, 7).at("x0").equal(first.slice(0, 35, 40)));
}

TEST_CASE("dequantise: the normalisation is that of what comes out") {
  const Tensor few = bytes().remainder(4);  // so that the noise counts
  Tensor still = few.clone();
  still.select(2, 1).fill_(7);
  const data_file f({{"x", bytes()}, {"few", few}, {"far", few.to(at::kLong) + (1 << 20)}, {"still", still}});
  for (const char* name : {"x", "few", "far"}) {
    CAPTURE(name);
    const auto s = f.through({"dequantise", "standardise"}, c10::str("dataset: ", name));
    const Tensor x = measured_of(*s, 0, n).at("x0").to(at::kDouble);
    CHECK(mean_is(x, 0));
    CHECK(mean_is(x.square(), 1));
  }
  // A position that is the same in all rows has the noise still.
  const auto each = f.through({"dequantise", "{plugin: standardise, per: dim}"}, "dataset: still");
  const Tensor x = measured_of(*each, 0, n).at("x0").to(at::kDouble).select(2, 1);
  CHECK(mean_is(x, 0));
  CHECK(mean_is(x.square(), 1));

  const auto range = f.through({"dequantise", "{plugin: range, values: [0, 200]}"});
  const Tensor r = measured_of(*range, 0, n).at("x0");
  CHECK(r.min().item<double>() == doctest::Approx(-1).epsilon(1e-3));
  CHECK(r.max().item<double>() == doctest::Approx(1).epsilon(1e-3));
  CHECK(r.abs().max().item<double>() <= 1);
  CHECK(range->info().bin_width == 0);
  CHECK(range->info().range == std::vector<double>{0, 200});
}

TEST_CASE("dequantise: only integers have a step") {
  const data_file f({{"real", bytes().to(at::kFloat)}, {"bit", bytes().to(at::kBool)}});
  const auto refused = [&](const std::string& name) {
    return message_of([&] { f.through({"dequantise"}, "dataset: " + name); });
  };
  CHECK(refused("real") == "test.yaml:1:1: transform 0: " + f.path.string() +
                               ": dataset 'real' got numbers of type float32, need integers to dequantise");
  CHECK(says(refused("bit"), "dataset 'bit' got numbers of type bool, need integers to dequantise"));
}
