#include "doctest.hpp"

#include <thread>

#include "noneq/storage/hdf5.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::storage;

static const std::vector<at::ScalarType> dtypes{at::kByte, at::kChar,  at::kShort,  at::kInt,      at::kLong,
                                                at::kHalf, at::kFloat, at::kDouble, at::kBFloat16, at::kBool};

static Tensor counting(const sizes& shape, at::ScalarType dtype) {
  const Tensor values =
      at::arange(c10::multiply_integers(shape), at::kLong).mul(37).remainder(101).sub(dtype == at::kByte ? 0 : 50);
  return (dtype == at::kBool ? values.gt(0) : values.to(dtype)).view(shape);
}

TEST_CASE("every dtype and rank comes back as it was written") {
  const scratch s;
  const std::vector<sizes> shapes{{7}, {5, 3}, {4, 1, 6}, {3, 2, 5, 4}, {2, 2, 2, 2, 3}};
  for (const int gzip : {0, 4}) {
    {
      hdf5_writer w(s / "a.h5", gzip);
      for (const auto dtype : dtypes)
        for (const sizes& shape : shapes)
          w.write("all/" + std::string(c10::toString(dtype)) + "/rank" + std::to_string(shape.size()),
                  counting(shape, dtype));
      w.close();
    }
    const hdf5_reader r(s / "a.h5");
    CHECK(r.datasets().size() == dtypes.size() * shapes.size());
    for (const auto dtype : dtypes)
      for (std::size_t i = 0; i < shapes.size(); ++i) {
        const std::string name =
            "all/" + std::string(c10::toString(dtype)) + "/rank" + std::to_string(shapes[i].size());
        const Tensor expected = counting(shapes[i], dtype), got = r.rows(name, 0, shapes[i][0]);
        CAPTURE(name);
        CHECK((got.scalar_type() == dtype));
        CHECK(at::equal(got, expected));
        const dataset_layout layout = r.layout("/" + name);
        CHECK(layout.shape == shapes[i]);
        CHECK((layout.dtype == dtype));
        CHECK(layout.bytes == static_cast<std::int64_t>(expected.nbytes()));
        CHECK(layout.compression == (gzip ? "gzip" : ""));
        CHECK(layout.chunk.empty() == (gzip == 0));
      }
  }
}

TEST_CASE("special floats keep their bits") {
  const scratch s;
  for (const auto dtype : {at::kHalf, at::kBFloat16, at::kFloat, at::kDouble}) {
    const Tensor values = at::tensor({0., -0., 1e-40, INFINITY, -INFINITY, NAN, 3.14159, 6e-8}, at::kDouble).to(dtype);
    hdf5_writer w(s / "f.h5");
    w.write("x", values);
    w.close();
    const Tensor got = hdf5_reader(s / "f.h5").rows("x", 0, 8);
    const auto bits = values.element_size() == 2 ? at::kShort : values.element_size() == 4 ? at::kInt : at::kLong;
    CHECK(at::equal(got.view(bits), values.view(bits)));
  }
}

TEST_CASE("any rows are the rows of the whole") {
  const scratch s;
  const Tensor all = at::randn({301, 3, 4});
  for (const int gzip : {0, 1}) {
    hdf5_writer w(s / "r.h5", gzip);
    w.write("x", all);
    w.close();
    const hdf5_reader r(s / "r.h5");
    for (const auto& [first, count] : {std::pair{0, 301}, {0, 1}, {300, 1}, {17, 200}, {5, 0}, {301, 0}})
      CHECK(at::equal(r.rows("x", first, count), all.narrow(0, first, count)));
    const std::vector<std::vector<std::int64_t>> picks{
        {0}, {}, {5, 5, 5}, {300, 0, 299, 1, 300}, {1, 2, 3, 9, 10}, {10, 9, 3, 2, 2}};
    for (const auto& pick : picks)
      CHECK(at::equal(r.rows("x", pick), all.index_select(0, at::tensor(pick, at::kLong))));
    const Tensor random = at::randint(301, {500}, at::kLong);
    CHECK(at::equal(r.rows("x", {random.data_ptr<std::int64_t>(), 500}), all.index_select(0, random)));
  }
}

TEST_CASE("appended rows follow each other") {
  const scratch s;
  const Tensor all = at::randn({1000, 7, 9});
  hdf5_writer w(s / "a.h5");
  for (std::int64_t at = 0, n = 1; at < 1000; at += n, n = std::min<std::int64_t>(n * 2, 1000 - at))
    w.append("run/x", all.narrow(0, at, n));
  w.append("run/x", all.narrow(0, 0, 0));
  w.append("y", at::arange(3));
  CHECK(has(failure([&] { w.append("run/x", at::randn({2, 7, 8})); }), "need [2, 7, 9] of float32 like those before"));
  CHECK(has(failure([&] { w.append("run/x", at::zeros({2, 7, 9}, at::kInt)); }), "of int32, need"));
  w.close();
  const hdf5_reader r(s / "a.h5");
  CHECK(at::equal(r.rows("run/x", 0, 1000), all));
  CHECK(r.layout("y").shape == sizes{3});
}

TEST_CASE("tensors of any strides are written by value") {
  const scratch s;
  const Tensor t = at::arange(12).view({3, 4});
  hdf5_writer w(s / "t.h5");
  w.write("t", t.t());
  w.write("g", at::ones({2}).requires_grad_(true));
  w.close();
  CHECK(at::equal(hdf5_reader(s / "t.h5").rows("t", 0, 4), t.t()));
}

TEST_CASE("attributes come back as text") {
  const scratch s;
  hdf5_writer w(s / "a.h5");
  w.write("g/x", at::ones({2}));
  w.attribute("/", "licence", "CC0 – für alle");
  w.attribute("/", "empty", "");
  w.attribute("g/x", "scale", 0.1);
  w.attribute("g/x", "count", std::int64_t{-7000000000});
  w.attribute("g", "small", 3);
  w.attribute("g", "small", 4);
  CHECK(has(failure([&] { w.attribute("no", "a", 1); }), "attribute 'a' got object 'no', need one written before"));
  w.close();
  const hdf5_reader r(s / "a.h5");
  CHECK(r.attributes("/") == std::map<std::string, std::string>{{"licence", "CC0 – für alle"}, {"empty", ""}});
  CHECK(r.attributes("g/x") == std::map<std::string, std::string>{{"scale", "0.1"}, {"count", "-7000000000"}});
  CHECK(r.attributes("/g") == std::map<std::string, std::string>{{"small", "4"}});
  CHECK(has(failure([&] { r.attributes("h"); }), "'h' does not exist"));
}

TEST_CASE("a writer shows its file in close() and not before") {
  const scratch s;
  {
    hdf5_writer w(s / "a.h5");
    w.write("x", at::ones({3}));
    CHECK_FALSE(std::filesystem::exists(s / "a.h5"));
  }
  CHECK(s.files() == 0);
  hdf5_writer w(s / "a.h5");
  w.write("x", at::ones({3}));
  w.close();
  CHECK(s.files() == 1);
  CHECK(has(failure([&] { w.close(); }), "a.h5: is closed already"));
  CHECK(has(failure([&] { w.write("y", at::ones({3})); }), "a.h5: is closed already"));
  CHECK(has(failure([&] { w.attribute("/", "y", 1); }), "a.h5: is closed already"));
}

TEST_CASE("equal content makes equal files") {
  const scratch s;
  for (const char* name : {"a.h5", "b.h5"}) {
    hdf5_writer w(s / name);
    w.write("g/x", at::arange(100));
    w.append("y", at::arange(100));
    w.attribute("/", "n", 1);
    w.close();
  }
  CHECK(read_file(s / "a.h5") == read_file(s / "b.h5"));
}

TEST_CASE("writer errors name file and dataset") {
  const scratch s;
  hdf5_writer w(s / "w.h5");
  w.write("x", at::ones({3}));
  CHECK(has(failure([&] { w.write("x", at::ones({3})); }), "w.h5: dataset 'x' is written twice"));
  CHECK(has(failure([&] { w.write("s", at::ones({})); }), "dataset 's' got a scalar, need at least one dimension"));
  CHECK(has(failure([&] { w.write("e", at::ones({0, 2})); }), "dataset 'e' got no rows"));
  CHECK(has(failure([&] { w.append("e", at::ones({2, 0})); }), "dataset 'e' got an empty tensor [2, 0]"));
  CHECK(has(failure([&] { w.write("u", Tensor()); }), "dataset 'u' got an undefined tensor"));
  CHECK(has(failure([&] { w.write("c", at::ones({2}, at::kComplexFloat)); }), "got dtype complex64"));
  CHECK(has(failure([&] { w.write("", at::ones({2})); }), "got dataset name ''"));
  CHECK(has(failure([&] { w.write("x/y", at::ones({2})); }), "cannot create dataset 'x/y'"));
  CHECK(has(failure([&] { hdf5_writer(s / "no/w.h5"); }), "no/w.h5: cannot write: No such file or directory"));
  CHECK(has(failure([&] { hdf5_writer(s / "z.h5", 10); }), "got gzip level 10"));
}

static auto open_files() { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); }

TEST_CASE("a full disk is an error and leaves nothing") {
  const scratch s;
  const auto open_before = open_files();
  for (const int gzip : {0, 1})
    for (const std::uint64_t limit : {100, 3000, 50'000, 400'000}) {
      const full_disk full(limit);
      CAPTURE(limit);
      CHECK(has(failure([&] {
                  hdf5_writer w(s / "full.h5", gzip);
                  for (int i = 0; i < 20; ++i) w.append("x", at::randn({100, 100}));
                  w.write("y", at::randn({100, 100}));
                  w.close();
                }),
                "(File too large); free some space or write elsewhere"));
      CHECK(s.files() == 0);
    }
  {
    hdf5_writer w(s / "broken.h5");
    {
      const full_disk full(5000);
      CHECK(has(failure([&] { w.write("x", at::randn({100, 100})); }), "broken.h5: cannot write dataset 'x'"));
    }
    CHECK(has(failure([&] { w.close(); }), "broken.h5: a write failed before"));
  }
  CHECK(s.files() == 0);
  CHECK(open_files() == open_before);
  hdf5_writer w(s / "after.h5");
  w.write("x", at::ones({3}));
  w.close();
  CHECK(at::equal(hdf5_reader(s / "after.h5").rows("x", 0, 3), at::ones({3})));
}

TEST_CASE("one reader serves many threads") {
  const scratch s;
  const Tensor all = at::randn({400, 50});
  hdf5_writer w(s / "t.h5", 1);
  w.write("x", all);
  w.close();
  const hdf5_reader r(s / "t.h5");
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < 4; ++n)
      threads.emplace_back([&, n] {
        for (int i = 0; i < 50; ++i) {
          wrong += !at::equal(r.rows("x", n * 50 + i, 100), all.narrow(0, n * 50 + i, 100));
          wrong += failure([&] { r.layout("y"); }).empty();
        }
      });
  }
  CHECK(wrong == 0);
}

TEST_CASE("a small file is small: chunks are as large as what was appended, up to a quarter of a megabyte") {
  const scratch s;
  const auto grown = [&](std::int64_t rows, std::int64_t at_once) {
    const Tensor all = at::arange(rows * 2, at::kFloat).view({rows, 2});
    hdf5_writer w(s / "g.h5");
    for (std::int64_t i = 0; i < rows; i += at_once) {
      Tensor some = all.narrow(0, i, std::min(at_once, rows - i)).clone();
      w.append("x", some);
      some.zero_();  // what was given belongs to the caller again
    }
    w.close();
    const hdf5_reader r(s / "g.h5");
    CHECK(r.rows("x", 0, rows).equal(all));
    return r.layout("x").chunk;
  };
  CHECK(grown(16, 5) == sizes{16, 2});
  CHECK(std::filesystem::file_size(s / "g.h5") < 8192);
  CHECK(grown(32'768, 1000) == sizes{32'768, 2});
  const std::string once = (grown(100'000, 100'000), read_file(s / "g.h5"));
  CHECK(grown(100'000, 7) == sizes{32'768, 2});
  CHECK(read_file(s / "g.h5") == once);
  hdf5_writer w(s / "a.h5");
  w.append("run/x", at::ones({3}));
  CHECK(has(failure([&] { w.write("run/x", at::ones({3})); }), "dataset 'run/x' is written twice"));
  w.attribute("run/x", "unit", "m");
  w.attribute("run", "by", "me");
  w.append("run/x", at::zeros({2}));
  w.close();
  const hdf5_reader r(s / "a.h5");
  CHECK(r.rows("run/x", 0, 5).equal(at::tensor({1.f, 1.f, 1.f, 0.f, 0.f})));
  CHECK(r.attributes("run/x").at("unit") == "m");
}
