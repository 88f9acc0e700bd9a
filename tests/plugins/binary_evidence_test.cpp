// Evidence about bits against Bayes' rule, for data of few states and the network that knows them.
#include "guiding.hpp"

using noneq::Tensor;
using testing::ancestral;
using testing::draw;
using testing::given;
using testing::make_denoiser;
using testing::make_process;
using testing::message_of;
using testing::request;
using testing::says_all;

namespace {

// Says P(x⁰=1|x^t) exactly for data that is one of `atoms` [n, d], with these weights [n].
noneq::denoiser of_atoms(noneq::process p, const Tensor& atoms, const Tensor& weights) {
  const noneq::tables t = p.tables;
  const auto kernel = p.kernel;
  return make_denoiser(std::move(p), [=](const noneq::network_input& in) {
    const Tensor x = in.x.to(at::kDouble), first = x.narrow(0, 0, 1);  // a sampler's samples are all at one t
    const Tensor of_atom = kernel->marginal(atoms, noneq::coefficients_at(t, in.t.narrow(0, 0, 1), first)).location;
    const Tensor zeros = at::log_sigmoid(-of_atom), ones = at::log_sigmoid(of_atom);  // ln q(x^t|atom) of a bit
    const Tensor joint = weights.log() + at::matmul(x, (ones - zeros).t()) + zeros.sum(1);
    const Tensor p = joint.softmax(1);
    const auto log = [](const Tensor& of) { return of.clamp_min(1e-30).log(); };
    return (log(at::matmul(p, atoms)) - log(at::matmul(p, 1 - atoms))).to(in.x.scalar_type());
  });
}

noneq::process bits(std::int64_t steps, double r = 0.5) {
  return make_process("{plugin: binomial, r: " + std::to_string(r) + "}",
                      "{plugin: reciprocal, steps: " + std::to_string(steps) + "}", "x0");
}

Tensor numbers(const std::vector<double>& v) { return at::tensor(v, at::kDouble); }
Tensor row(const std::vector<double>& v) { return numbers(v).unsqueeze(0); }

// All states of d bits, [2^d, d].
Tensor states(std::int64_t d) {
  Tensor x = at::empty({1 << d, d}, at::kDouble);
  for (std::int64_t k = 0; k < 1 << d; ++k)
    for (std::int64_t i = 0; i < d; ++i) x[k][i] = static_cast<double>(k >> i & 1);
  return x;
}

const Tensor beats = at::eye(5, at::kDouble).repeat({1, 4});  // the heartbeat in its five phases, [5, 20]

}

TEST_CASE("independent bits have the posterior of Bayes' rule each") {
  // P = 0.3, 0.6, 0.8; the first is seen as 1 with error 0.2, the second as 0 for certain by the second guide.
  const Tensor x = states(3), prior = numbers({0.3, 0.6, 0.8});
  const auto d = of_atoms(bits(100), x, (x * prior + (1 - x) * (1 - prior)).prod(1));
  const given file(
      {{"mask", row({1, 0, 0})}, {"values", row({1, 7, 7})}, {"second", row({0, 1, 0})}, {"bits", row({7, 0, 7})}});
  const std::string unsure = file.guide("binary_evidence", ", error: 0.2"),
                    sure = file.guide("binary_evidence", ", mask: second, values: bits");
  const Tensor drawn = file.draw(ancestral("[" + unsure + ", " + sure + "]"), d, request(4000, {3}));
  CHECK(testing::mean_is(drawn.select(1, 0), 0.24 / (0.24 + 0.14)));
  CHECK(testing::largest(drawn.select(1, 1)) == 0);
  CHECK(testing::mean_is(drawn.select(1, 2), 0.8));
}

TEST_CASE("what one bit says of another is what the data says") {
  // Two bits that agree in four of five; one is seen, with error 0.1.
  const auto d = of_atoms(bits(100), states(2), numbers({0.4, 0.1, 0.1, 0.4}));
  const given file({{"mask", row({1, 0})}, {"values", row({1, 0})}});
  const Tensor x = file.draw(ancestral(file.guide("binary_evidence", ", error: 0.1")), d, request(4000, {2}));
  CHECK(testing::mean_is(x.select(1, 0), 0.9));
  CHECK(testing::mean_is(x.select(1, 1), 0.9 * 0.8 + 0.1 * 0.2));
  CHECK(testing::mean_is(x.prod(1), 0.9 * 0.8));
}

TEST_CASE("evidence about bits that are the same adds up as Bayes' rule says") {
  // Four equal bits, 1 in three of ten cases; three are seen with error 0.2, one of them otherwise than the two others.
  const auto d =
      of_atoms(bits(100), at::stack({at::zeros({4}, at::kDouble), at::ones({4}, at::kDouble)}), numbers({0.7, 0.3}));
  const given file({{"mask", row({1, 1, 1, 0})}, {"values", row({1, 0, 1, 0})}});
  const Tensor x = file.draw(ancestral(file.guide("binary_evidence", ", error: 0.2")), d, request(4000, {4}));
  const double odds = 0.3 / 0.7 * 4;
  CHECK(testing::mean_is(x.select(1, 3), odds / (1 + odds)));
  CHECK((x == x.select(1, 3).unsqueeze(1)).all(1).to(at::kDouble).mean().item<double>() > 0.98);
}

TEST_CASE("mode paper multiplies every step: a bit by its recursion") {
  const auto d = of_atoms(bits(50), states(1), numbers({0.6, 0.4}));
  const given file({{"mask", row({1})}, {"values", row({1})}});
  const double ratio = std::log(0.6 / 0.4);
  Tensor p = numbers({0.5, 0.5});  // of the states at t = T, then at every t below
  for (std::int64_t i = d.process().steps() - 1; i >= 0; --i) {
    const Tensor logit = d.predict(numbers({0, 1}).unsqueeze(1), i).reverse.location.squeeze(1) + ratio;
    const Tensor one = (p * (i == 0 ? (logit > 0).to(at::kDouble) : logit.sigmoid())).sum();
    p = at::stack({1 - one, one});
  }
  const Tensor x =
      file.draw(ancestral(file.guide("binary_evidence", ", error: 0.4, mode: paper")), d, request(4000, {1}));
  CHECK(testing::mean_is(x, p[1].item<double>()));
  CHECK(p[1].item<double>() > 0.55);  // Bayes' rule says ½
}

TEST_CASE("a heartbeat of which five bits are known is completed") {
  const auto d = of_atoms(bits(100, 0.2), beats, at::full({5}, 0.2, at::kDouble));
  const given file({{"mask", (at::arange(20) < 5).to(at::kByte).unsqueeze(0)}, {"values", beats}});
  const std::int64_t count = 500;
  const Tensor truth = beats.repeat({count / 5, 1});
  const Tensor x = file.draw(ancestral(file.guide("binary_evidence")), d, request(count, {20}));
  CHECK((x == truth).all(1).to(at::kDouble).mean().item<double>() >= 0.99);
  const Tensor by_steps = file.draw(ancestral(file.guide("binary_evidence", ", mode: paper")), d, request(count, {20}));
  CHECK(testing::largest((by_steps - truth).narrow(1, 0, 5)) == 0);
}

TEST_CASE("evidence about a sample's bits is that sample's alone") {
  const auto d = of_atoms(bits(30, 0.2), beats, at::full({5}, 0.2, at::kDouble));
  const given file({{"mask", at::cat({at::zeros({1, 20}), at::ones({1, 20}), at::eye(20).narrow(0, 0, 1)})},
                    {"values", beats.narrow(0, 1, 3)}});
  const std::string sampler = ancestral(file.guide("binary_evidence", ", error: 0.1"));
  auto r = request(3, {20});
  r.first = 4;
  CHECK(file.draw(sampler, d, r).equal(file.draw(sampler, d, request(7, {20})).slice(0, 4, 7)));
}

TEST_CASE("evidence that no bits can fit is refused") {
  const auto d = of_atoms(bits(10), states(2), at::full({4}, 0.25, at::kDouble));
  const given file({{"mask", row({1, 1})},
                    {"values", row({1, 0.5})},
                    {"nothing", row({0, std::nan("")})},
                    {"second", row({0, 1})},
                    {"bits", row({0, 1})},
                    {"other", row({0, 0})},
                    {"long", row({1, 1, 1})}});
  const auto refusal = [&](const std::string& guide, const noneq::denoiser& of) {
    return message_of([&] { file.draw(ancestral(guide), of, request(2, {2})); });
  };
  CHECK(says_all(refusal(file.guide("binary_evidence"), d), {"'values'", "got 0.5", "need 0 or 1", "zero"}));
  CHECK(says_all(refusal(file.guide("binary_evidence", ", values: nothing"), d), {"'nothing'", "not finite"}));
  CHECK(says_all(refusal(file.guide("binary_evidence", ", mask: values"), d), {"'values'", "need 1 where"}));
  CHECK(says_all(refusal(file.guide("binary_evidence", ", mask: long"), d), {"'long'", "got rows of shape [3]"}));
  const std::string both = file.guide("binary_evidence", ", values: bits");
  const auto second = [&](const std::string& more) {
    return "[" + both + ", " + file.guide("binary_evidence", ", mask: second, " + more) + "]";
  };
  CHECK(says_all(refusal(second("values: other"), d),
                 {"contradict", "number [1] of sample 0 is certainly 1 for one and 0 for another"}));
  CHECK(refusal(second("values: bits"), d) == "nothing was thrown");
  CHECK(refusal(second("values: other, error: 0.1"), d) == "nothing was thrown");
  CHECK(says_all(refusal(file.guide("binary_evidence", ", error: 0.5"), d), {"error", "got 0.5", "[0, 0.5)"}));
}
