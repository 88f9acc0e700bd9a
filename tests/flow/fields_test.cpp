// Tensors beside x0, their masks, and how the descriptions of joined data come about.
#include "noneq/flow/fields.hpp"
#include "doctest.hpp"

using namespace noneq;
using namespace noneq::flow;

namespace {

dataset_info two_channels() {
  dataset_info info;
  info.shape = {2, 4};
  info.missing = true;
  info.fields["low"] = {{2, 2}};
  return info;
}

}

TEST_CASE("numbers that were not observed become 0 beside a mask, and the way back restores them") {
  const dataset_info info = two_channels();
  const Tensor x = stream(1).normal({3, 2, 4});
  const Tensor seen = stream(2).uniform({3, 2, 4}) < 0.6;
  const Tensor stored = x.masked_fill(seen.logical_not(), NAN).to(at::kDouble);
  const batch before{0, 0, {{"x0", stored}, {"low", at::ones({3, 2, 2}, at::kInt)}}};
  const batch b = with_masks(before, info);
  for (const char* name : {"x0", "low"}) CHECK((b.at(name).scalar_type() == at::kFloat));
  CHECK(at::equal(b.at("mask"), seen.to(at::kFloat)));
  CHECK(at::equal(b.at("x0"), x.masked_fill(seen.logical_not(), 0)));
  CHECK_FALSE(b.has("low_mask"));
  // Masks are made once: zeros that stand for missing numbers are not taken for numbers.
  CHECK(at::equal(with_masks(b, info).at("mask"), b.at("mask")));
  const batch back = with_missing(b, info);
  CHECK_FALSE(back.has("mask"));
  CHECK(at::equal(back.at("x0").isnan(), seen.logical_not()));
  CHECK(at::equal(with_masks(back, info).at("x0"), b.at("x0")));
  const dataset_info behind = with_masks(info);
  CHECK(behind.fields.at("mask").shape == sizes{2, 4});
}

TEST_CASE("a field is transformed as if it was x0, and nothing else changes") {
  const dataset_info info = two_channels();
  const dataset_info of = as_x0(info, "low");
  CHECK(of.shape == sizes{2, 2});
  CHECK_FALSE(of.missing);
  dataset_info scaled = of;
  scaled.normal = scaled.normal.then(at::full({}, 1., at::kDouble), at::full({}, 2., at::kDouble));
  const dataset_info whole = with_field(info, "low", scaled);
  CHECK(whole.shape == info.shape);
  CHECK(whole.missing);
  CHECK(whole.normal.shift.item<double>() == 0);
  CHECK(whole.fields.at("low").normal.scale.item<double>() == 2);
  const batch b{0, 0, {{"x0", at::zeros({1, 2, 4})}, {"low", at::ones({1, 2, 2})}}};
  const batch made = on_field(b, "low", [](batch some) {
    some.set("x0", some.at("x0") * 5);
    return some;
  });
  CHECK(at::equal(made.at("x0"), b.at("x0")));
  CHECK(at::equal(made.at("low"), at::full({1, 2, 2}, 5.f)));
  CHECK_THROWS_WITH(as_x0(info, "lo"), "fields: got the field 'lo', which the data has not");
}

TEST_CASE("joined data has the x0 that kept its name, and the others as fields") {
  const dataset_info fine = two_channels();
  dataset_info coarse;
  coarse.shape = {3};
  coarse.normal = coarse.normal.then(at::full({}, 4., at::kDouble), at::ones({}, at::kDouble));
  const std::map<std::string, std::string> none, low{{"x0", "coarse"}};
  const auto check = [&](const dataset_info& all) {
    CHECK(all.has_x0);
    CHECK(all.shape == fine.shape);
    CHECK(all.missing);
    CHECK(all.fields.size() == 2);
    CHECK(all.fields.at("coarse").shape == sizes{3});
    CHECK(all.fields.at("coarse").normal.shift.item<double>() == 4);
  };
  check(joined_info({{fine, none}, {coarse, low}}));
  check(joined_info({{coarse, low}, {fine, none}}));
  const dataset_info alone = joined_info({{coarse, low}});
  CHECK_FALSE(alone.has_x0);
  CHECK(alone.names() == std::vector<std::string>{"coarse"});
}
