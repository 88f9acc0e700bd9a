#include "noneq/plugin/conditions.hpp"

#include "doctest.hpp"

using namespace noneq;

namespace {

const Tensor label = at::arange(4, at::kLong), low = at::arange(12, at::kFloat).view({4, 3});
const conditions both{{"label", label}, {"low", low}};

}

TEST_CASE("conditions: rows are cut, chosen and repeated in all tensors together") {
  const Tensor chosen = at::tensor({3, 0, 3}, at::kLong);
  for (const auto& [name, all] : {std::pair{"label", label}, {"low", low}}) {
    CAPTURE(name);
    CHECK(at::equal(both.find(name), all));
    CHECK(at::equal(both.slice(1, 3).find(name), all.slice(0, 1, 3)));
    CHECK(at::equal(both.index_select(chosen).find(name), all.index_select(0, chosen)));
    CHECK(at::equal(both.repeated(2).find(name), at::cat({all, all})));
  }
  CHECK((both.to(at::kDouble).find("low").scalar_type() == at::kDouble));
  CHECK((both.to(at::kDouble).find("label").scalar_type() == at::kLong));
}

TEST_CASE("conditions: with() puts, replaces and removes, and changes nothing else") {
  CHECK(conditions{}.empty());
  CHECK(conditions{{"label", Tensor{}}}.empty());
  CHECK_FALSE(both.find("mask").defined());
  const conditions other = both.with("label", 2 * label);
  CHECK(at::equal(other.find("label"), 2 * label));
  CHECK(other.find("low").is_same(low));
  CHECK(both.find("label").is_same(label));
  CHECK_FALSE(both.with("low", {}).find("low").defined());
  // Alone, a condition may be replaced by one of another number of rows.
  CHECK(conditions{{"label", label}}.with("label", at::zeros({2}, at::kLong)).find("label").size(0) == 2);
}

TEST_CASE("conditions: tensors of other numbers of rows are refused by name") {
  CHECK_THROWS_WITH_AS(both.with("mask", at::zeros({3})),
                       "got the condition 'mask' with 3 rows, need 4, as many as 'label' has", error);
  CHECK_THROWS_WITH_AS(both.with("mask", at::zeros({})),
                       "got the condition 'mask' as a single number, need one row for each sample", error);
}

TEST_CASE("conditions: the labels of a batch, and the tensors that a model names, are its conditions") {
  batch b{0, 0, {{"x0", low}, {"label", label}}};
  CHECK(at::equal(conditions_of(b, {}).find("label"), label));
  CHECK_FALSE(conditions_of(b, {}).find("x0").defined());
  CHECK(at::equal(conditions_of(b, {"x0"}).find("x0"), low));
  CHECK_THROWS_WITH_AS(conditions_of(b, {"mask"}), "the batch has no tensor 'mask'", error);
  b.tensors.erase("label");
  CHECK(conditions_of(b, {}).empty());
}
