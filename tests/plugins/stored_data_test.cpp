// What a loader makes of stored numbers: their normalisation at any offset, what it remarks on, and how it knows the
// data again.
#include "../../plugins/metrics/distances.hpp"
#include "data_file.hpp"

using noneq::normalisation;
using noneq::sizes;
using noneq::stream;
using noneq::Tensor;
using testing::data_file;
using testing::measured_of;
using testing::message_of;
using testing::says;
using testing::training;

namespace {

constexpr std::int64_t rows = 4000;

// N(0, 1) [rows, shape].
Tensor normal(std::uint64_t seed, sizes shape) {
  shape.insert(shape.begin(), rows);
  return stream(seed).normal(shape).to(at::kDouble);
}

std::int64_t distinct(const Tensor& x) { return std::get<0>(at::_unique(x.flatten())).numel(); }

std::string notes(const noneq::source& s) { return c10::Join("\n", s.info().notes); }

}

TEST_CASE("normalisation: large offsets keep their digits, in every type that can hold them") {
  const Tensor x = normal(1, {2});
  const data_file f({{"metres", 4649776.22 + 0.1 * x},
                     {"seconds", (1'700'000'000 + 300 * x).round().to(at::kLong)},
                     {"short", (2'000'000'000 + 300 * x).round().to(at::kInt)},
                     {"single", (1e6 + 10 * x).to(at::kFloat)},
                     {"near", 5 + x}});
  for (const std::string per : {"all", "dim", "channel"})
    for (const std::string name : {"metres", "seconds", "short", "single", "near"}) {
      CAPTURE(name);
      CAPTURE(per);
      const auto s = f.through({"{plugin: standardise, per: " + per + "}"}, "dataset: " + name);
      const Tensor x0 = measured_of(*s, 0, rows).at("x0").to(at::kDouble);
      CHECK(std::abs(x0.mean().item<double>()) < 1e-5);
      CHECK(x0.var(false).item<double>() == doctest::Approx(1).epsilon(1e-5));
      CHECK((s->info().normal.shift.scalar_type() == at::kDouble));

      // And back: what was stored, to the digits that x⁰ in float32 has.
      const normalisation& normal = s->info().normal;
      const Tensor back = normal.restore(measured_of(*s, 0, rows).at("x0"));
      const bool wide = name != "single" && name != "near";
      CHECK((back.scalar_type() == (wide ? at::kDouble : at::kFloat)));
      const Tensor stored = noneq::storage::hdf5_reader(f.path).rows(name, 0, rows).to(at::kDouble);
      const Tensor missed = ((back.to(at::kDouble) - stored) / normal.scale).abs();
      CHECK(missed.max().item<double>() < (name == "single" ? 0.0032 : 2e-6));
      if (wide) CHECK(distinct(back) > rows / 4);
    }
}

TEST_CASE("normalisation: integers beyond 2^24 come back to within the digits of x0") {
  const Tensor x = (stream(3).uniform({rows, 1}).to(at::kDouble) * 30'000'000).round().to(at::kLong);
  const data_file f({{"x", x}, {"small", x.remainder(1000)}});
  const auto s = f.through({"{plugin: range, values: [0, 30000000]}"});
  CHECK((s->info().normal.dtype == at::kDouble));
  const Tensor back = s->info().normal.restore(measured_of(*s, 0, rows).at("x0"));
  CHECK((back - x.to(at::kDouble)).abs().max().item<double>() <= 1);
  CHECK((f.through({"{plugin: range, values: [0, 1000]}"}, "dataset: small")->info().normal.dtype == at::kFloat));
}

TEST_CASE("normalisation: one of a checkpoint in float32 means what it meant") {
  const normalisation old{at::tensor({2.5f, -1.f}), at::full({}, 0.5f)};
  const Tensor x = at::tensor({2.f, 0.f, 3.f, 7.f}).view({2, 2});
  CHECK(old.apply(x).equal((x - old.shift) / old.scale));
  CHECK(old.restore(old.apply(x)).equal(x));
  CHECK((old.restore(x).scalar_type() == at::kFloat));
  CHECK((old.restore(x.to(at::kDouble)).scalar_type() == at::kDouble));
}

TEST_CASE("zscore: one scale a channel; what is constant stays, scaled as what stands beside it") {
  Tensor x = at::cat({280 + 15 * normal(1, {1, 4, 3}), 1e-5 * normal(2, {1, 4, 3})}, 1);
  const data_file whole({{"x", x}, {"last", x.movedim(1, -1).contiguous()}});
  const std::string by_channel = "{plugin: standardise, per: channel}";
  for (const auto& s :
       {whole.through({by_channel}), whole.through({"{plugin: channels, from: last}", by_channel}, "dataset: last")}) {
    CHECK(s->info().normal.scale.sizes().vec() == sizes{2, 1, 1});
    CHECK(notes(*s) == "");
    const Tensor x0 = measured_of(*s, 0, rows).at("x0").to(at::kDouble);
    for (const std::int64_t c : {0, 1}) {
      CHECK(std::abs(x0.select(1, c).mean().item<double>()) < 1e-5);
      CHECK(x0.select(1, c).var(false).item<double>() == doctest::Approx(1).epsilon(1e-5));
    }
  }

  x.select(1, 1).select(1, 0).fill_(3e-5);  // a row of the second channel, as of sea under land
  Tensor table = normal(4, {3});
  table.select(1, 1).fill_(0);
  table.select(1, 2).fill_(-7);
  const data_file f({{"x", x}, {"table", table}});
  const auto s = f.through({"{plugin: standardise, per: dim}"});
  CHECK(says(notes(*s), "'x' is constant at 3 of 24 positions"));
  const Tensor scale = s->info().normal.scale, x0 = measured_of(*s, 0, rows).at("x0");
  CHECK(x0.select(1, 1).select(1, 0).abs().max().item<double>() < 1e-3);
  CHECK(scale[1][0].mean().item<double>() == doctest::Approx(1e-5).epsilon(0.02));
  CHECK(s->info().normal.restore(x0).select(1, 1).select(1, 0).allclose(at::full({rows, 3}, 3e-5f)));
  const auto t = f.through({"{plugin: standardise, per: dim}"}, "dataset: table");
  CHECK(t->info().normal.scale[1].item<double>() == 1);
  CHECK(t->info().normal.scale[2].item<double>() == 7);
  CHECK(measured_of(*t, 0, rows).at("x0").slice(1, 1).abs().max().item<double>() == 0);
}

TEST_CASE("distances do not drown in an offset") {
  const Tensor a = normal(1, {3}).slice(0, 0, 50), b = normal(2, {3}).slice(0, 0, 70);
  const Tensor here = shipped::squared_distances(a, b), there = shipped::squared_distances(a + 5e7, b + 5e7);
  CHECK(at::allclose(here, there, 1e-6, 1e-6));
  CHECK(shipped::squared_distances(a + 5e7, a + 5e7).diagonal().abs().max().item<double>() == 0);
}

TEST_CASE("tiny data: every share held out leaves rows on both sides, or is refused with the reason") {
  std::map<std::string, Tensor> of_size;
  for (const std::int64_t n : {1, 2, 3, 7})
    of_size["n" + std::to_string(n)] = at::arange(2 * n, at::kFloat).view({n, 2});
  const data_file f(of_size);
  for (const std::int64_t n : {1, 2, 3, 7})
    for (const char* held : {"0", "0.001", "0.1", "0.3", "0.5", "0.7", "0.9"})
      for (const char* batch : {"1", "2", "8"})
        for (const std::string parts : {"", ", test: n1", ", test: n7, order: sequential"}) {
          const std::string more = c10::str("dataset: n", n, ", held_out: ", held, ", batch: ", batch, parts);
          CAPTURE(more);
          const std::int64_t out = std::llround(std::stod(held) * static_cast<double>(n));
          const bool fits = std::stod(held) == 0 || (out > 0 && out < n);
          const std::string refused = message_of([&] {
            const auto s = f.open(more);
            CHECK(s->info().count == n - out);
            for (const std::int64_t step : {0, 1, 5}) CHECK(training(*s, step).size() == std::stoll(batch));
            for (const auto& [part, count] : s->info().parts) {
              CHECK(measured_of(*s, part, 0, 9).at("x0").size(0) == count);
              CHECK(measured_of(*s, part, count, 9).at("x0").size(0) == 0);
            }
          });
          CHECK_MESSAGE((refused == "nothing was thrown") == fits, refused);
          if (!fits) CHECK(says(refused, "held_out got"));
        }
}

TEST_CASE("data is known again by what it holds, not by where it lies") {
  const Tensor x = normal(1, {3}), y = at::arange(rows, at::kLong).remainder(4);
  const data_file f({{"x", x}, {"y", y}, {"t", x.slice(0, 0, 9)}}), elsewhere({{"x", x}, {"y", y}}, 4);
  testing::scratch folder;
  const auto of = [](const data_file& file, const std::string& more = "") { return file.open(more)->info().identity; };
  CHECK(of(f) != "");
  CHECK(of(f) == of(elsewhere));  // compressed, too
  CHECK(of(f, "labels: y") == of(elsewhere, "labels: y"));
  const auto relative = std::filesystem::relative(f.path);
  const auto examined = [](const std::string& file, const std::optional<normalisation>& known) {
    const auto s = testing::make<noneq::loader>("{plugin: hdf5, file: '" + file + "'}")->open(known, stream(1));
    s->examine([](const std::string&, const noneq::batch&) {});
    return s->info();
  };
  CHECK(examined(relative.string(), {}).identity == of(f));
  // A normalisation that is known changes nothing: it is how a resumed run opens its data.
  CHECK(f.open("", 1, f.open()->info().normal)->info().identity == of(f));

  for (const std::int64_t row : {std::int64_t{0}, rows / 2, rows - 1}) {
    Tensor other = x.clone();
    other[row][1] += 1e-9;
    CHECK(of(f) != of(data_file({{"x", other}})));
  }
  Tensor label = y.clone();
  label[17] = 3;
  CHECK(of(f, "labels: y") != of(data_file({{"x", x}, {"y", label}}), "labels: y"));
  CHECK(of(f) != of(data_file({{"x", x.slice(0, 0, rows - 1)}})));
  CHECK(of(f) != of(data_file({{"x", x.to(at::kFloat)}})));
  CHECK(of(f) != of(data_file({{"x", x.view({rows, 1, 3})}})));
  for (const char* more : {"held_out: 0.5", "test: t", "labels: y"}) CHECK(of(f) != of(f, more));
  const std::string scaled = f.through({"standardise"})->info().identity;
  CHECK(of(f) != scaled);
  CHECK(scaled != f.through({"{plugin: standardise, per: dim}"})->info().identity);
  CHECK(scaled == elsewhere.through({"standardise"})->info().identity);
}

TEST_CASE("data looked at in part: the summary states how much") {
  testing::scratch folder;
  {
    noneq::storage::hdf5_writer out(folder / "large.h5");
    const Tensor some = at::arange(1024 * 256, at::kLong).remainder(7).to(at::kFloat).view({1024, 256});
    for (std::int64_t k = 0; k < 80; ++k) out.append("x", some);  // 80 MiB
    out.close();
  }
  const auto examined = [&](const char* name, const std::optional<normalisation>& known) {
    const auto s = testing::make<noneq::loader>("{plugin: hdf5, file: '" + (folder / name).string() + "'}")
                       ->open(known, stream(1));
    s->examine([](const std::string&, const noneq::batch&) {});
    return s->info();
  };
  const auto fresh = examined("large.h5", {}), again = examined("large.h5", fresh.normal);
  CHECK(fresh.examined == "all rows were looked at");
  CHECK(says(again.examined, " of 81920 (train); the others when they are used"));
  CHECK(fresh.identity == again.identity);

  // Its rows in other chunks, compressed, are the same data; one number changed in what is looked at is another.
  const Tensor all = noneq::storage::hdf5_reader(folder / "large.h5").rows("x", 0, 81920);
  {
    noneq::storage::hdf5_writer out(folder / "same.h5", 1);
    for (std::int64_t at = 0; at < 81920; at += 10240) out.append("x", all.narrow(0, at, 10240));
    out.close();
  }
  CHECK(examined("same.h5", fresh.normal).identity == fresh.identity);
}

TEST_CASE("remarks: one line each, with the parameter that mends it, and none where all is well") {
  const Tensor u = stream(1).uniform({60, 8, 8}), label = at::arange(60, at::kLong).remainder(4);
  const data_file f({{"unit", u},
                     {"byte", (u * 255).round().to(at::kByte)},
                     {"wide", 1000 * u},
                     {"places", u.view({60, 32, 2})},
                     {"flat", u.flatten(1)},
                     {"from_0", label},
                     {"from_1", label + 1},
                     {"gap", label * 2}});
  const auto said = [&](const std::string& more, const data_file::transforms& through = {}) {
    return notes(*f.through(through, more));
  };
  CHECK(said("dataset: unit") == "");
  CHECK(said("dataset: byte", {"range"}) == "");
  CHECK(said("dataset: unit", {"{plugin: range, values: [0, 1]}"}) == "");
  CHECK(said("dataset: wide", {"standardise"}) == "");
  CHECK(said("dataset: unit, labels: from_0") == "");
  CHECK(says(said("dataset: unit, labels: from_1, first_class: 1"),
             "labels 'from_1' from 1 to 4 are the classes 0 to 3"));
  CHECK(says(said("dataset: unit", {"range"}), "a small part of values: [0, 255]; values: [0, 1] brings them"));
  const std::string one = said("dataset: unit, labels: from_1");
  CHECK(says(one, "labels 'from_1' run from 1 to 4, so 1 of 5 classes has no rows; first_class: 1 counts from there"));
  CHECK(f.open("dataset: unit, labels: from_1, first_class: 1")->info().classes == 4);
  CHECK(f.open("dataset: unit, labels: from_1, first_class: 1")
            ->fetch_rows(0, 60)
            .at("label")
            .equal(measured_of(*f.open("dataset: unit, labels: from_0"), 0, 60).at("label")));
  CHECK(says(message_of([&] { f.open("dataset: unit, labels: from_0, first_class: 1"); }),
             "labels 'from_0' got 0 in row 0, need class numbers from 1 to"));
  CHECK(says(said("dataset: unit, labels: gap"), "and 3 of these 7 classes have no rows"));

  const auto unstated = [&](const std::string& dataset, const data_file::transforms& through = {}) {
    return f.through(through, "dataset: " + dataset)->info().if_channels_first;
  };
  CHECK(says(unstated("unit"), "sequences of 8 places with 8 channels; {plugin: transform.channels, from: none}"));
  CHECK(says(unstated("places"), "from: last} behind the loader takes"));
  for (const char* from : {"none", "first"})
    CHECK(unstated("unit", {c10::str("{plugin: channels, from: ", from, "}")}) == "");
  CHECK(unstated("flat") == "");
}

TEST_CASE("attributes of netCDF that change what numbers mean are named when they are not honoured") {
  const Tensor x = at::arange(60, at::kShort).view({30, 2});
  testing::scratch folder;
  const auto written = [&](const std::map<std::string, double>& attributes) {
    {
      noneq::storage::hdf5_writer out(folder / "a.h5");
      out.write("x", x);
      for (const auto& [name, value] : attributes) out.attribute("x", name, value);
      out.close();
    }
    const auto s =
        testing::make<noneq::loader>("{plugin: hdf5, file: '" + (folder / "a.h5").string() + "', conventions: none}")
            ->open({}, stream(1));
    s->examine([](const std::string&, const noneq::batch&) {});
    return notes(*s);
  };
  CHECK(written({}) == "");
  CHECK(written({{"scale_factor", 1}, {"add_offset", 0}, {"_FillValue", -999}}) == "");
  CHECK(says(written({{"scale_factor", 0.01}}), "scale_factor = 0.01 and add_offset = 0, which are not applied"));
  CHECK(says(written({{"add_offset", 273.15}}), "add_offset = 273.15, which are not applied"));
  CHECK(says(written({{"_FillValue", 43}}), "'x' has 43 in row 21, which its _FillValue or missing_value"));
  CHECK(says(written({{"missing_value", 0}}), "'x' has 0 in row 0"));
}

TEST_CASE("samples as the data's own files have them") {
  const data_file f({{"last", stream(1).uniform({5, 4, 3, 2})}, {"add", stream(2).uniform({5, 4, 3})}});
  for (const auto& [name, from] : {std::pair{"last", "last"}, {"add", "none"}}) {
    const auto s = f.through({c10::str("{plugin: channels, from: ", from, "}")}, c10::str("dataset: ", name));
    const Tensor stored = noneq::storage::hdf5_reader(f.path).rows(name, 0, 5);
    CHECK(s->info().as_stored(measured_of(*s, 0, 5).at("x0")).equal(stored));
  }
  const auto plain = f.open("dataset: add");
  CHECK(plain->info().as_stored(measured_of(*plain, 0, 5).at("x0")).sizes().vec() == sizes{5, 4, 3});
  CHECK(f.through({"{plugin: channels, from: last}"}, "dataset: last")->info().axes ==
        std::vector<std::string>{"channels", "height", "width"});
}
