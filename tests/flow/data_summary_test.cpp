#include "noneq/flow/data_summary.hpp"

#include "doctest.hpp"

using namespace noneq;
using namespace noneq::flow;

TEST_CASE("the line about the data has every stage of the map to x⁰, in order") {
  dataset_info info;
  info.shape = {2}, info.count = 5;
  const auto map_of = [&](const normalisation& n) {
    info.normal = n;
    const std::string text = summary(info);
    const auto begin = text.find("x⁰ = ");
    return text.substr(begin, text.find("; no classes") - begin);
  };
  const auto number = [](double x) { return at::scalar_tensor(x, at::kDouble); };
  const invertible log{"transform.log", [](const Tensor& x) { return x.log(); },
                       [](const Tensor& y) { return y.exp(); }};
  CHECK(map_of({}) == "x⁰ = x");
  CHECK(map_of(normalisation{}.then(log)) == "x⁰ = transform.log(x)");
  CHECK(map_of(normalisation{}.then(number(3), number(2)).then(log).then(number(1), number(0.5))) ==
        "x⁰ = (transform.log((x − 3)/2) − 1)/0.5");
  CHECK(map_of(normalisation{}.then(log).then(log)) == "x⁰ = transform.log(transform.log(x))");
  const Tensor each = at::tensor({1., 2.});
  CHECK(map_of(normalisation{}.then(each, each).then(log).then(number(1), number(2))) ==
        "x⁰ = (transform.log((x − shift)/scale) − 1)/2 with 2 of each");
}
