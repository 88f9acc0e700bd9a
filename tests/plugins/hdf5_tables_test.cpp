// loader.hdf5 with several datasets and files side by side, chosen rows, splits, conventions and missing numbers.
#include <cmath>
#include <set>
#include <thread>

#include "data_file.hpp"
#include "noneq/storage/growing_file.hpp"
#include "plugins/message.hpp"

using noneq::sizes;
using noneq::stream;
using noneq::Tensor;
using testing::data_file;
using testing::make;
using testing::measured_of;
using testing::message_of;
using testing::says;
using testing::scratch;
using testing::training;

namespace {

// Rows [n, 2] of float32 that hold 10·row and 10·row + 1.
Tensor tens(std::int64_t first, std::int64_t n) {
  const Tensor x = 10 * at::arange(first, first + n, at::kFloat);
  return at::stack({x, x + 1}, 1);
}

std::vector<std::int64_t> list(const Tensor& x) {
  const Tensor c = x.to(at::kLong).contiguous();
  return {c.data_ptr<std::int64_t>(), c.data_ptr<std::int64_t>() + c.numel()};
}

void write(const std::filesystem::path& path, const std::map<std::string, Tensor>& datasets, int gzip = 0) {
  noneq::storage::hdf5_writer out(path, gzip);
  for (const auto& [name, values] : datasets) out.write(name, values);
  out.close();
}

std::shared_ptr<noneq::source> opened(const std::string& yaml, std::uint64_t seed = 1) {
  const auto s = make<noneq::loader>("{plugin: hdf5, " + yaml + "}")->open({}, stream(seed));
  s->examine([](const std::string&, const noneq::batch&) {});
  return s;
}
std::string refused(const std::string& yaml) {
  return message_of([&] { opened(yaml); });
}

}

TEST_CASE("datasets side by side are aligned by row, in training and in order; one row stands beside all") {
  const std::int64_t n = 500;
  const data_file f({{"t", tens(0, n)},
                     {"coarse/t", at::arange(n, at::kShort).view({n, 1, 1}).expand({n, 3, 2}).contiguous()},
                     {"land", at::tensor({4, 5, 6}, at::kByte).unsqueeze(0)},
                     {"y", at::arange(n, at::kLong).remainder(7)}},
                    1);
  const auto s = f.open("read: {x: t, low: coarse/t, land: land}, labels: y, batch: 64");
  const noneq::dataset_info& info = s->info();
  CHECK(info.shape == sizes{2});
  CHECK(info.fields.at("low").shape == sizes{3, 2});
  CHECK((info.fields.at("low").numbers == at::kShort));
  CHECK(info.fields.at("land").shape == sizes{3});
  CHECK(info.stored.dataset == "t");
  CHECK(info.fields.at("low").stored.dataset == "coarse/t");
  CHECK(info.fields.at("low").stored.files == std::vector{f.path});
  const auto check = [&](const noneq::batch& b) {
    const Tensor row = b.at("row");
    CHECK(b.at("x0").select(1, 0).equal(10 * row.to(at::kFloat)));
    CHECK(b.at("low").equal(row.to(at::kShort).view({-1, 1, 1}).expand({-1, 3, 2})));
    CHECK(b.at("land").equal(at::tensor({4, 5, 6}, at::kByte).expand({row.size(0), 3})));
    CHECK(b.at("label").equal(row.remainder(7)));
  };
  for (std::int64_t step = 0; step < 20; ++step) check(training(*s, step));
  check(measured_of(*s, 123, 40));
  // The order is that of x alone.
  CHECK(training(*s, 3).at("row").equal(training(*f.open("dataset: t, batch: 64"), 3).at("row")));

  CHECK(says(refused("file: '" + f.path.string() + "', read: {x: t, y: y}, labels: land"),
             "labels 'land' got 1 row, need 500, one per row of 't'"));
}

TEST_CASE("a dataset of the shape of one row stands beside all rows, in each file its own") {
  const scratch s;
  for (std::int64_t k = 0; k < 2; ++k)
    write(
        s / ("y" + std::to_string(k) + ".h5"),
        {{"t", at::arange(24 * k, 24 * (k + 1), at::kFloat).view({4, 2, 3})}, {"land", at::full({2, 3}, k, at::kByte)}},
        1);
  const std::string read = ", read: {x: t, land: land}, order: sequential, batch: 8, rows: '::-1'";
  const auto one = opened("file: '" + (s / "y1.h5").string() + "'" + read);
  CHECK(one->info().fields.at("land").shape == sizes{2, 3});
  CHECK(training(*one, 0).at("land").equal(at::ones({8, 2, 3}, at::kByte)));
  const auto two = opened("files: '" + (s / "y?.h5").string() + "'" + read);
  const Tensor land = training(*two, 0).at("land");
  CHECK(land.equal(at::tensor({1, 1, 1, 1, 0, 0, 0, 0}).to(at::kByte).view({8, 1, 1}).expand({8, 2, 3})));
  CHECK(measured_of(*two, 2, 4).at("land").equal(land.narrow(0, 2, 4)));
  const auto masked = opened("files: '" + (s / "y?.h5").string() + "', read: {x: t, mask: land}");
  CHECK(measured_of(*masked, 0, 8).at("x0").isnan().flatten(1).any(1).equal(at::arange(8).lt(4)));
}

TEST_CASE("fields without x: no x0") {
  const data_file f({{"a", tens(0, 5)}});
  const auto s = f.open("read: {truth: a}, batch: 2, order: sequential");
  CHECK_FALSE(s->info().has_x0);
  CHECK(s->info().count == 5);
  const auto b = training(*s, 1);
  CHECK_FALSE(b.has("x0"));
  CHECK(b.at("truth").equal(tens(2, 2)));
}

TEST_CASE("another number of rows is refused with both, every dataset at once") {
  const data_file f({{"x", tens(0, 6)}, {"a", tens(0, 5)}, {"b", tens(0, 7)}});
  const std::string text = refused("file: '" + f.path.string() + "', read: {x: x, a: a, b: b}");
  CHECK(text.find("dataset 'a' got 5 rows, need 6, one per row of 'x', or one row for all of them") != text.npos);
  CHECK(text.find("dataset 'b' got 7 rows, need 6") != text.npos);
  CHECK(says(refused("file: a.h5, read: {x: u, x0: v}"), "read: got the data twice"));
  CHECK(says(refused("file: a.h5, read: {x: u, label: v}"), "labels are read by labels: v"));
  CHECK(says(refused("file: a.h5, read: {x: u}, dataset: v"), "dataset got 'v' beside read"));
  CHECK(says(refused("file: a.h5, files: b.h5"), "beside files, need one of the two"));
  CHECK(says(refused("file: a.h5, read: {x: u, low: v}, test: w"), "test: has no 'low', need every dataset"));
}

TEST_CASE("files follow one another by row, in natural order, with invariants of each file") {
  const scratch s;
  // 7, 1 and 30 rows in chunks of other sizes.
  const std::vector<std::int64_t> firsts{0, 7, 8, 38};
  for (std::size_t k = 0; k < 3; ++k) {
    const std::int64_t n = firsts[k + 1] - firsts[k];
    write(s / ("day" + std::to_string(k + 9) + ".h5"),
          {{"x", tens(firsts[k], n)}, {"day", at::full({1, 1}, static_cast<std::int64_t>(k), at::kLong)}},
          k == 2 ? 4 : 0);
  }
  const std::string folder = (s / "").string(), read = "read: {x: x, day: day}, ";
  const auto all = opened(read + "files: '" + folder + "day*.h5', batch: 19, order: sequential");
  CHECK(all->info().count == 38);
  CHECK(all->info().stored.files == std::vector<std::filesystem::path>{s / "day9.h5", s / "day10.h5", s / "day11.h5"});
  for (std::int64_t step = 0; step < 2; ++step) {
    const auto b = training(*all, step);
    CHECK(b.at("x0").equal(tens(19 * step, 19)));
    for (std::int64_t k = 0; k < 19; ++k) {
      const std::int64_t row = 19 * step + k;
      CHECK(b.at("day")[k].item<std::int64_t>() == (row < 7 ? 0 : row < 8 ? 1 : 2));
    }
  }
  CHECK(measured_of(*all, 5, 9).at("x0").equal(tens(5, 9)));
  const auto shuffled = opened(read + "files: ['" + folder + "day9.h5', '" + folder + "day1?.h5'], batch: 38");
  const auto b = training(*shuffled, 0);
  CHECK(b.at("x0").equal(at::stack({10 * b.at("row"), 10 * b.at("row") + 1}, 1).to(at::kFloat)));
  CHECK(shuffled->info().identity == all->info().identity);

  // One file with the rows of all of them is the same data.
  write(s / "whole.h5", {{"x", tens(0, 38)}});
  CHECK(opened("file: '" + (s / "whole.h5").string() + "'")->info().identity ==
        opened("files: '" + folder + "day*.h5'")->info().identity);

  CHECK(
      says(refused("files: '" + folder + "night*.h5'"), "files: got '" + folder + "night*.h5', which matches no file"));
  CHECK(says(refused("files: ['" + folder + "day9.h5', '" + folder + "day9.h5']"), "day9.h5' twice"));
  write(s / "day12.h5", {{"x", at::zeros({3, 4})}});
  write(s / "day13.h5", {{"x", at::zeros({3, 2}, at::kDouble)}});
  const std::string text = refused("files: '" + folder + "day*.h5'");
  CHECK(text.find("day12.h5: dataset 'x' got [3, 4] of float32, need rows like those of " + folder +
                  "day9.h5: dataset 'x', [7, 2] of float32") != text.npos);
  CHECK(text.find("day13.h5: dataset 'x' got [3, 2] of float64") != text.npos);
}

TEST_CASE("a bad row is named in its own file") {
  const scratch s;
  Tensor bad = tens(0, 5).clone();
  bad[3][1] = std::nan("");
  write(s / "a1.h5", {{"x", tens(0, 5)}});
  write(s / "a2.h5", {{"x", bad}});
  const std::string files = "files: '" + (s / "a*.h5").string() + "'";
  CHECK(says(refused(files), (s / "a2.h5").string() + ": dataset 'x' got NaN in row 3, need finite numbers"));
}

TEST_CASE("rows: slices by Python's rules") {
  const std::int64_t n = 20;
  const data_file f({{"x", tens(0, n)}}, 1);
  // Golden: list(range(20))[slice] of Python 3.
  const std::map<std::string, std::vector<std::int64_t>> golden{
      {"3:9:2", {3, 5, 7}},   {":3", {0, 1, 2}},     {"-3:", {17, 18, 19}},
      {"15:100:4", {15, 19}}, {"::-7", {19, 12, 5}}, {"2::-1", {2, 1, 0}},
      {"-2:-6:-2", {18, 16}}, {"-100:2", {0, 1}},    {"4:5", {4}}};
  for (const auto& [slice, rows] : golden) {
    CAPTURE(slice);
    const auto s = f.open("rows: '" + slice + "', order: sequential, batch: " + std::to_string(rows.size()));
    const auto b = training(*s, 0);
    CHECK(list(b.at("row")) == rows);
    CHECK(b.at("x0").select(1, 0).equal(10 * b.at("row").to(at::kFloat)));
    CHECK(list(measured_of(*s, 0, n).at("row")) == rows);
  }
  CHECK(says(message_of([&] { f.open("rows: '5:2'"); }), "rows: got '5:2', which chooses none of the 20 rows"));
  CHECK(says(message_of([&] { f.open("rows: '::0'"); }), "got '::0', need a step other than 0"));
  CHECK(says(message_of([&] { f.open("rows: '1:2:3:4'"); }), "need a slice first:end:step"));
}

TEST_CASE("rows: booleans, one a row, or row numbers, in each file its own") {
  const scratch s;
  const Tensor seen = at::arange(40, at::kLong).remainder(3).eq(1), order = at::tensor({7, 2, 39, 2}, at::kLong);
  write(s / "a.h5", {{"x", tens(0, 40)}, {"seen", seen}, {"order", order}, {"far", order + 1}, {"real", tens(0, 40)}},
        1);
  write(s / "b.h5", {{"x", tens(40, 10)}, {"seen", at::ones({10}, at::kBool)}, {"order", at::tensor({0}, at::kInt)}});
  const std::string a = "file: '" + (s / "a.h5").string() + "', ",
                    both = "files: ['" + (s / "a.h5").string() + "', '" + (s / "b.h5").string() + "'], ";
  const auto chosen = opened(a + "rows: seen, order: sequential, batch: 13");
  CHECK(training(*chosen, 0).at("row").equal(seen.nonzero().flatten()));
  CHECK(training(*chosen, 0).at("x0").equal(tens(0, 40).index({seen})));
  const auto listed = opened(both + "rows: order, order: sequential, batch: 5");
  CHECK(list(training(*listed, 0).at("row")) == std::vector<std::int64_t>{7, 2, 39, 2, 40});
  CHECK(list(training(*listed, 0).at("x0").select(1, 0)) == std::vector<std::int64_t>{70, 20, 390, 20, 400});
  CHECK(opened(both + "rows: seen")->info().count == 23);
  CHECK(says(refused(a + "rows: far"), "dataset 'far' got 40 in row 2, need row numbers from 0 to 39"));
  CHECK(says(refused(a + "rows: real"), "got shape [40, 2], need one dimension"));
  CHECK(says(refused(a + "rows: nothing"), "'nothing'"));
  CHECK(says(refused(a + "rows: order, held_out: 0.25"), "rows: got row 2 of 'order' twice beside held_out"));
  CHECK(opened(a + "rows: seen, held_out: 0.25")->info().count == 10);
}

TEST_CASE("rows: integers 0 and 1, one a row, are a mask, as netCDF has no booleans") {
  const scratch s;
  const Tensor seen = at::arange(40, at::kLong).remainder(3).eq(1);
  write(s / "a.h5", {{"x", tens(0, 40)}, {"mask", seen.to(at::kByte)}, {"few", seen.slice(0, 0, 39).to(at::kLong)}});
  write(s / "b.h5", {{"x", tens(40, 2)}, {"mask", at::tensor({0, 1}, at::kByte)}, {"few", at::tensor({1, 0})}});
  const std::string a = "file: '" + (s / "a.h5").string() + "', ", b = "file: '" + (s / "b.h5").string() + "', ",
                    both = "files: ['" + (s / "a.h5").string() + "', '" + (s / "b.h5").string() + "'], ";
  const auto rows_of = [](const std::string& yaml) {
    const auto t = opened(yaml + "order: sequential");
    return list(measured_of(*t, 0, 99).at("row"));
  };
  std::vector<std::int64_t> expected = list(seen.nonzero().flatten());
  CHECK(rows_of(a + "rows: mask, ") == expected);
  expected.push_back(41);  // in all files alike
  CHECK(rows_of(both + "rows: mask, ") == expected);
  // Two rows alone may as well be numbered, and fewer numbers than rows are numbers.
  CHECK(rows_of(b + "rows: few, ") == std::vector<std::int64_t>{1, 0});
  CHECK(rows_of(a + "rows: few, ") == list(seen.slice(0, 0, 39)));
}

TEST_CASE("chosen rows far apart: only their chunks are read") {
  const scratch s;
  for (std::int64_t k = 0; k < 10; ++k) write(s / c10::str("c", k, ".h5"), {{"x", tens(100 * k, 100)}}, 3);
  const auto source = make<noneq::loader>("{plugin: hdf5, files: '" + (s / "c*.h5").string() + "', rows: '::100'}")
                          ->open({}, stream(1));
  for (std::int64_t k = 3; k < 10; ++k) std::filesystem::resize_file(s / c10::str("c", k, ".h5"), 100);
  CHECK(measured_of(*source, 0, 3).at("x0").select(1, 0).equal(1000 * at::arange(3, at::kFloat)));
  CHECK_THROWS(measured_of(*source, 0, 4));
}

TEST_CASE("shares: the last rows, or a hash of the row's number that appended rows do not change") {
  const data_file f({{"x", tens(0, 1000)}, {"more", tens(0, 1500)}});
  const auto last = f.open("held_out: 0.1, test_share: 0.2");
  CHECK(last->info().parts == std::map<std::string, std::int64_t>{{"test", 200}, {"train", 700}, {"validation", 100}});
  CHECK(list(measured_of(*last, "validation", 0, 2).at("row")) == std::vector<std::int64_t>{700, 701});
  CHECK(list(measured_of(*last, "test", 199, 2).at("row")) == std::vector<std::int64_t>{999});

  const std::string hash = ", split: hash, held_out: 0.1, test_share: 0.2";
  const auto part_of = [](noneq::source& s) {
    std::map<std::int64_t, std::string> part;
    for (const auto& [name, rows] : s.info().parts)
      for (const std::int64_t row : list(measured_of(s, name, 0, rows).at("row"))) part[row] = name;
    return part;
  };
  const auto of_few = part_of(*f.open("dataset: x" + hash)), of_many = part_of(*f.open("dataset: more" + hash));
  CHECK(of_few.size() == 1000);
  CHECK(of_many.size() == 1500);
  for (const auto& [row, part] : of_few) CHECK(of_many.at(row) == part);
  // Also where only some of them are used.
  for (const auto& [row, part] : part_of(*f.open("dataset: more, rows: '3::7'" + hash))) CHECK(of_many.at(row) == part);
  const auto counts = f.open("dataset: more" + hash)->info().parts;
  CHECK(std::abs(static_cast<double>(counts.at("test")) - 300) < 4 * std::sqrt(1500 * 0.2 * 0.8));
  CHECK(std::abs(static_cast<double>(counts.at("validation")) - 150) < 4 * std::sqrt(1500 * 0.1 * 0.9));
  // Training visits the rows of its part once an epoch, and no others.
  const auto s = f.open("dataset: more, batch: " + std::to_string(counts.at("train")) + hash);
  const auto b = training(*s, 0);
  const std::vector<std::int64_t> rows = list(b.at("row"));
  CHECK(std::set<std::int64_t>(rows.begin(), rows.end()).size() == rows.size());
  for (const std::int64_t row : rows) CHECK(of_many.at(row) == "train");
  CHECK(b.at("x0").select(1, 0).equal(10 * b.at("row").to(at::kFloat)));
  CHECK(says(message_of([&] { f.open("held_out: 0.5, test_share: 0.5"); }), "need at most 0.9 together"));
}

TEST_CASE("validation and test as datasets of all fields, or as other files") {
  const scratch s;
  write(s / "a.h5",
        {{"train/x", tens(0, 9)}, {"train/low", tens(0, 9)}, {"test/x", tens(20, 4)}, {"test/low", tens(20, 4)}});
  write(s / "b.h5", {{"train/x", tens(50, 3)}, {"train/low", tens(50, 3)}});
  const std::string a = "file: '" + (s / "a.h5").string() + "', read: {x: train/x, low: train/low}, ";
  const auto inside = opened(a + "test: {x: test/x, low: test/low}");
  CHECK(inside->info().parts == std::map<std::string, std::int64_t>{{"test", 4}, {"train", 9}});
  CHECK(measured_of(*inside, 1, 2).at("low").equal(tens(21, 2)));
  const auto beside = opened(a + "validation_files: '" + (s / "b.h5").string() + "'");
  CHECK(measured_of(*beside, "validation", 0, 9).at("low").equal(tens(50, 3)));
}

TEST_CASE("netCDF: scaled and missing numbers, and names of axes; switched off they are as stored") {
  const scratch s;
  {
    noneq::storage::hdf5_writer out(s / "n.nc");
    out.write("t", at::tensor({0, 1, -99, 3}, at::kShort).view({2, 2}));
    out.attribute("t", "scale_factor", 0.5);
    out.attribute("t", "add_offset", 100);
    out.attribute("t", "_FillValue", -99);
    out.close();
  }
  const std::string file = "file: '" + (s / "n.nc").string() + "', dataset: t, order: sequential, batch: 2";
  const auto c = opened(file);
  CHECK(c->info().missing);
  CHECK((c->info().numbers == at::kFloat));
  CHECK(c->info().found == std::vector<double>{100, 101.5});
  CHECK(c->info().untrainable == "");
  const Tensor x = training(*c, 0).at("x0");
  CHECK(x.isnan().equal(at::tensor({0, 0, 1, 0}).to(at::kBool).view({2, 2})));
  CHECK(x.nan_to_num(0).equal(at::tensor({100.f, 100.5f, 0.f, 101.5f}).view({2, 2})));
  const auto plain = opened(file + ", conventions: none");
  CHECK_FALSE(plain->info().missing);
  CHECK(training(*plain, 0).at("x0").equal(at::tensor({0, 1, -99, 3}, at::kShort).view({2, 2})));
  CHECK(c->info().identity != plain->info().identity);
}

TEST_CASE("missing numbers: NaN where it is allowed, and where the mask is 0") {
  const Tensor x = at::arange(12, at::kShort).view({3, 2, 2});
  Tensor holes = x.to(at::kFloat), infinite = holes.clone();
  holes[1][0][1] = std::nan("");
  infinite[2][1][0] = INFINITY;
  Tensor empty = holes.clone();
  empty[2].fill_(std::nan(""));
  const Tensor land = at::tensor({1, 0}, at::kByte).unsqueeze(0);
  Tensor wrong = at::ones({3, 2, 2}, at::kInt);
  wrong[1][1][1] = 2;
  const data_file f({{"x", x},
                     {"holes", holes},
                     {"infinite", infinite},
                     {"empty", empty},
                     {"land", land},
                     {"wrong", wrong},
                     {"none", at::tensor({1, 0, 1}, at::kByte)}});
  CHECK(says(message_of([&] { f.open("dataset: holes"); }), "dataset 'holes' got NaN in row 1, need finite numbers"));
  const auto h = f.open("dataset: holes, missing: nan, order: sequential, batch: 3");
  CHECK(h->info().missing);
  CHECK(training(*h, 0).at("x0").isnan().equal(holes.isnan()));
  CHECK(h->info().found == std::vector<double>{0, 11});
  CHECK(says(message_of([&] { f.open("dataset: infinite, missing: nan"); }), "got an infinite number in row 2"));

  // A mask of one row, that broadcasts to the last dimension; integers become floating-point numbers.
  const auto m = f.open("read: {x: x, mask: land}, order: sequential, batch: 3");
  CHECK(m->info().missing);
  CHECK((m->info().numbers == at::kFloat));
  CHECK(m->info().fields.empty());
  const noneq::batch b = training(*m, 0);
  CHECK_FALSE(b.has("mask"));
  CHECK(b.at("x0").select(2, 0).equal(x.select(2, 0).to(at::kFloat)));
  CHECK(b.at("x0").select(2, 1).isnan().all().item<bool>());
  CHECK(says(message_of([&] { f.open("read: {x: x, mask: wrong}"); }),
             "dataset 'wrong' got 2 in row 1, need a mask of 1, where the number was observed, and 0"));
  CHECK(says(message_of([&] { f.open("read: {x: land, mask: wrong}"); }), "need a shape that broadcasts"));
  CHECK(f.open("read: {mask: wrong}")->info().fields.count("mask") == 1);  // without x it is a field as any other

  // Rows without any number: reported for training, and thrown by it, but they can be measured.
  const auto e = f.open("dataset: empty, missing: nan, order: sequential, batch: 3");
  CHECK(says(e->info().untrainable, "dataset 'empty' has no observed number in row 2, need one in each row"));
  CHECK(says(message_of([&] { training(*e, 0); }), "has no observed number in row 2"));
  CHECK(measured_of(*e, 0, 3).at("x0").size(0) == 3);
  CHECK(f.open("dataset: empty, missing: nan, rows: ':2'")->info().untrainable == "");
  CHECK(says(f.open("read: {x: x, mask: none}")->info().untrainable, "dataset 'x' has no observed number in row 1"));
}

TEST_CASE("the fingerprint holds every dataset that is read, and not how it is stored") {
  const data_file f(
      {{"x", tens(0, 50)}, {"a", tens(0, 50)}, {"b", tens(1, 50)}, {"one", tens(3, 1)}, {"two", tens(4, 1)}}),
      packed({{"x", tens(0, 50)}, {"a", tens(0, 50)}}, 6);
  const auto identity = [](const data_file& of, const std::string& more) { return of.open(more)->info().identity; };
  CHECK(identity(f, "read: {x: x, c: a}") != identity(f, "read: {x: x, c: b}"));
  CHECK(identity(f, "read: {x: x, c: one}") != identity(f, "read: {x: x, c: two}"));
  CHECK(identity(f, "read: {x: x, c: a}") != identity(f, "dataset: x"));
  CHECK(identity(f, "read: {x: x, c: a}") == identity(packed, "read: {x0: x, c: a}"));
  CHECK(identity(f, "rows: '::2'") != identity(f, "rows: '1::2'"));
  CHECK(identity(f, "read: x") == identity(f, ""));
}

TEST_CASE("batches of chosen rows of many files are the same from any number of threads") {
  const scratch s;
  for (int k = 0; k < 4; ++k)
    write(s / ("p" + std::to_string(k) + ".h5"),
          {{"x", stream(static_cast<std::uint64_t>(k)).normal({300, 40})}, {"c", tens(300 * k, 300)}}, 3);
  const std::string yaml =
      "files: '" + (s / "p*.h5").string() + "', read: {x: x, c: c}, split: hash, held_out: 0.2, batch: 50";
  const auto one = opened(yaml), many = opened(yaml);
  std::vector<noneq::batch> raw;
  for (std::int64_t step = 0; step < 12; ++step) raw.push_back(many->fetch(step, stream(9)));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t k = static_cast<std::size_t>(t); k < raw.size(); k += 4) raw[k] = many->prepare(raw[k]);
    });
  for (auto& t : threads) t.join();
  for (std::int64_t step = 11; step >= 0; --step) {
    const noneq::batch b = training(*one, step);
    for (const char* name : {"x0", "c", "row"}) CHECK(b.at(name).equal(raw[static_cast<std::size_t>(step)].at(name)));
    CHECK(b.at("c").select(1, 0).equal(10 * b.at("row").to(at::kFloat)));
  }
}

TEST_CASE("rows of several files are in one unit, and their times count from one date") {
  const scratch s;
  const auto put = [&](const char* name, const std::string& since) {
    const noneq::storage::row_format f{*noneq::storage::numbers_named("float32"), 4};
    noneq::storage::growing_file out(s / name, noneq::storage::growing_file_kind::whole);
    out.create("time", {2}, f);
    out.append("time", noneq::storage::encode(f, tens(0, 4), 0));
    out.attribute("time", "units", since);
    out.close();
  };
  put("a.h5", "days since 2000-01-01");
  put("b.h5", "days since 2000-01-01");
  put("c.h5", "days since 2001-01-01");
  const auto opened = [&](const std::string& last) {
    return message_of([&] {
      make<noneq::loader>("{plugin: hdf5, files: ['" + (s / "a.h5").string() + "', '" + (s / last.c_str()).string() +
                          "'], read: {x: time}}")
          ->open({}, stream(1));
    });
  };
  CHECK(opened("b.h5") == "nothing was thrown");
  const std::string differ = opened("c.h5");
  CHECK_MESSAGE(
      says(differ, "c.h5: dataset 'time' got units 'days since 2001-01-01', need 'days since 2000-01-01' as in"),
      differ);
}
