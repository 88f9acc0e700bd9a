// Scores of ensembles against closed forms of Gaussian members and truths: CRPS, energy score, error, bias, spread, and
// what holds for all metrics of this kind.
#include "../../plugins/metrics/ratio_of_sums.hpp"
#include "plugins/message.hpp"
#include "verifying.hpp"

using noneq::Tensor;
using namespace testing;

namespace {

const double of_equals = 1 / std::sqrt(M_PI);  // the CRPS of N(0,1) members and truth

const std::vector<std::string> all_verifications{
    "crps",         "rmse",     "bias",         "{plugin: rank_histogram}",
    "energy_score", "spectrum", "spread_skill", "{plugin: reliability, thresholds: [0.3, -1]}"};

}

TEST_CASE("the fair CRPS of N(0,1) members and truth is 1/√π, whatever the number of members") {
  for (const std::int64_t K : {2, 3, 4, 8, 16}) {
    CAPTURE(K);
    const found r = verify("crps", gaussian(1, {4000, K, 1}), gaussian(2, {4000, 1}));
    CHECK(is_near(r.at("crps"), of_equals));
    CHECK(r.at("crps").standard_error < 0.03);
    CHECK(r.at("crps").n == 4000);
    CHECK(r.at("crps").on == "test");
  }
}

TEST_CASE("the fair CRPS of N(m, s²) members: Gneiting's closed form") {
  // σ(z(2Φ(z)−1) + 2φ(z) − 1/√π) with z = (y − m)/σ, Gneiting et al. 2005, eq. 5.
  const double m = -0.4, s = 2.5, y = 1.3, z = (y - m) / s;
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * M_PI), below = (1 + std::erf(z / std::sqrt(2.))) / 2;
  const found r = verify("crps", m + s * gaussian(3, {6000, 5, 1}), at::full({6000, 1}, y, at::kDouble));
  CHECK(is_near(r.at("crps"), s * (z * (2 * below - 1) + 2 * density - of_equals)));
}

TEST_CASE("the CRPS is its definition, and the energy score is its own, and equal in one dimension") {
  const Tensor x = gaussian(4, {3, 5, 2, 2}), y = gaussian(5, {3, 2, 2});
  double crps = 0, energy = 0;
  for (std::int64_t n = 0; n < 3; ++n)
    for (std::int64_t i = 0; i < 5; ++i) {
      crps += (x[n][i] - y[n]).abs().mean().item<double>() / 15;
      energy += (x[n][i] - y[n]).norm().item<double>() / 15;
      for (std::int64_t j = 0; j < 5; ++j) {
        crps -= (x[n][i] - x[n][j]).abs().mean().item<double>() / (2 * 5 * 4 * 3);
        energy -= (x[n][i] - x[n][j]).norm().item<double>() / (2 * 5 * 4 * 3);
      }
    }
  CHECK(verify("crps", x, y).at("crps").value == doctest::Approx(crps).epsilon(1e-12));
  CHECK(verify("energy_score", x, y).at("energy_score").value == doctest::Approx(energy).epsilon(1e-12));
  const Tensor of_one = gaussian(6, {50, 7, 1}), truth = gaussian(7, {50, 1});
  const auto a = verify("crps", of_one, truth).at("crps"), b = verify("energy_score", of_one, truth).at("energy_score");
  CHECK(a.value == doctest::Approx(b.value).epsilon(1e-12));
  CHECK(a.standard_error == doctest::Approx(b.standard_error).epsilon(1e-12));
}

TEST_CASE("standard errors are those of independent rows, however alike the places of a row are") {
  // 64 places that are copies of one another tell no more than one.
  const Tensor x = gaussian(8, {400, 4, 1}), y = gaussian(9, {400, 1});
  const auto one = verify("crps", x, y).at("crps"),
             copies = verify("crps", x.expand({400, 4, 64}), y.expand({400, 64})).at("crps");
  CHECK(copies.value == doctest::Approx(one.value).epsilon(1e-12));
  CHECK(copies.standard_error == doctest::Approx(one.standard_error).epsilon(1e-9));
  // Over many data sets the value varies by as much as its error states.
  double squares = 0, stated = 0;
  constexpr int sets = 150;
  for (int k = 0; k < sets; ++k) {
    const found r = verify("rmse", gaussian(100 + k, {60, 3, 2}), gaussian(900 + k, {60, 2}));
    squares += std::pow(r.at("rmse").value - std::sqrt(4. / 3), 2) / sets;
    stated += std::pow(r.at("rmse").standard_error, 2) / sets;
  }
  CHECK(squares / stated == doctest::Approx(1).epsilon(4 * std::sqrt(2. / sets)));
}

TEST_CASE("errors are those of the rows that were observed, however many others there are, and unknown for one alone") {
  const Tensor a = gaussian(23, {12, 2}), b = gaussian(24, {12, 2}).exp();
  shipped::ratio_of_sums some, among_others;
  for (std::int64_t k = 0; k < 12; ++k) {
    some.add(a[k], b[k]);
    among_others.add(a[k], b[k]);
    for (int i = 0; i < 9; ++i) among_others.add(at::zeros({2}, at::kDouble), at::zeros({2}, at::kDouble));
  }
  CHECK(at::allclose(among_others.standard_error(), some.standard_error(), 1e-10));
  // Linearisation: √(Σ (aᵢ − r bᵢ)² n/(n − 1)) / Σ bᵢ.
  const Tensor rest = a - some.value() * b;
  CHECK(at::allclose(some.standard_error(), (rest.square().sum(0) * 12 / 11).sqrt() / b.sum(0), 1e-10));

  // The first place is observed in all rows, the second in three, the third in one, and the last never.
  const Tensor x = gaussian(25, {40, 2, 4}), y = gaussian(26, {40, 4}), mask = at::zeros({40, 4});
  mask.select(1, 0).fill_(1);
  mask.slice(0, 5, 8).select(1, 1).fill_(1);
  mask.slice(0, 9, 10).select(1, 2).fill_(1);
  for (const std::string name : {"crps", "bias", "rmse"}) {
    CAPTURE(name);
    const found r = verify(name, x, y, mask), three = verify(name, x.slice(0, 5, 8), y.slice(0, 5, 8));
    const Tensor error = r.arrays.at(name + "_map_stderr")[0];
    CHECK(error[1].item<double>() == doctest::Approx(three.arrays.at(name + "_map_stderr")[0][1].item<double>()));
    CHECK(error.isnan().equal(at::tensor({0, 0, 1, 1}).to(at::kBool)));
    CHECK(r.at(name).n == 40);
    CHECK(verify(name, x, y, mask * at::tensor({0, 1, 1, 0})).at(name).n == 4);
  }
}

TEST_CASE("error and bias of the mean: one sample a row, channels, maps") {
  const Tensor y = gaussian(10, {30, 2, 3}), shift = at::tensor({0.5, -2.}, at::kDouble).view({2, 1});
  for (const Tensor& x : {Tensor(y + shift), Tensor((y + shift).unsqueeze(1))}) {
    const found bias = verify("bias", x, y), rmse = verify("rmse", x, y);
    CHECK(bias.at("bias").value == doctest::Approx(-0.75));
    CHECK(bias.at("bias_channel_0").value == doctest::Approx(0.5));
    CHECK(rmse.at("rmse").value == doctest::Approx(std::sqrt((0.25 + 4) / 2)));
    CHECK(rmse.at("rmse_channel_1").value == doctest::Approx(2));
    CHECK(rmse.at("rmse").standard_error < 1e-9);
    CHECK(at::allclose(bias.arrays.at("bias_map").squeeze(0).to(at::kDouble), shift.expand({2, 3}), 1e-6));
    CHECK(at::allclose(rmse.arrays.at("rmse_of_channel"), at::tensor({0.5, 2.}, at::kDouble)));
  }
  // A forecast without any error has a certain one: 0 ± 0 in its record and on its map.
  const found none = verify("rmse", y, y);
  CHECK(none.at("rmse").standard_error == 0);
  CHECK(largest(none.arrays.at("rmse_map_stderr")) == 0);
  // Samples of one channel, or without channels, have curves of one point for writer.figure.
  for (const noneq::sizes& shape : {noneq::sizes{30, 1, 6}, {30, 6}}) {
    const found one = verify("bias", y.reshape(shape) + 2, y.reshape(shape));
    CHECK(at::equal(one.arrays.at("channel"), at::zeros({1}, at::kDouble)));
    CHECK(one.arrays.at("bias_of_channel").item<double>() == one.at("bias").value);
    CHECK(one.arrays.at("bias_of_channel_stderr").item<double>() == one.at("bias").standard_error);
    CHECK(one.records.size() == 1);
  }
}

TEST_CASE("spread over error is 1 for members like the truth, and as wide as they are for others") {
  for (const std::int64_t K : {2, 5, 16})
    for (const double s : {0.5, 1., 2.}) {
      CAPTURE(K);
      const found r = verify("spread_skill", s * gaussian(11, {3000, K, 2}), gaussian(12, {3000, 2}));
      const auto M = static_cast<double>(K);
      CHECK(is_near(r.at("spread"), s * std::sqrt((M + 1) / M)));
      CHECK(is_near(r.at("error_of_mean"), std::sqrt(1 + s * s / M)));
      CHECK(is_near(r.at("spread_skill"), s * std::sqrt((M + 1) / (M + s * s))));
    }
}

TEST_CASE("where the spread varies the error follows it, bin by bin") {
  const Tensor scale = (1.5 * gaussian(13, {6000, 1})).exp();
  const found r =
      verify("spread_skill", scale.unsqueeze(1) * gaussian(14, {6000, 16, 1}), scale * gaussian(15, {6000, 1}));
  const Tensor &spread = r.arrays.at("spread"), &error = r.arrays.at("error"), &sure = r.arrays.at("error_stderr");
  CHECK(spread.size(0) > 20);
  // Bins within two deviations of ln(scale) hold dozens of rows. A bin of one row has no error.
  const Tensor known = (spread.log().abs() < 3).nonzero().squeeze(1);
  CHECK(known.size(0) > 10);
  CHECK_FALSE((sure == 0).any().item<bool>());
  // Noise of 16 members in the spread makes up some of it: the bins regress by a few per cent.
  const Tensor off = ((error / spread - 1).abs() - 4 * sure / spread - 0.1).index_select(0, known);
  CHECK(off.max().item<double>() < 0);
}

TEST_CASE("numbers of the truth that were not observed do not count, whatever stands there") {
  const Tensor x = gaussian(16, {40, 4, 2, 3}), y = gaussian(17, {40, 2, 3}),
               mask = noneq::stream(18).uniform({40, 2, 3}).gt(0.4).to(at::kFloat);
  for (const std::string& yaml : all_verifications) {
    if (yaml == "spectrum") continue;  // leaves such rows out
    CAPTURE(yaml);
    const Tensor spoilt = at::where(mask > 0, y, std::nan("")),
                 members = at::where((mask > 0).unsqueeze(1), x, std::nan(""));
    const found a = verify(yaml, x, y, mask);
    for (const Tensor& given : {x, members}) {
      const found b = verify(yaml, given, spoilt, mask);
      for (const auto& m : a.records) CHECK(b.at(m.name).value == m.value);
    }
    CHECK(says(message_of([&] { verify(yaml, x, spoilt); }), "got a truth that is not finite in row "));
  }
  // Members that miss a number where the truth has one cannot be compared, and no rank or event is made of them.
  Tensor lacking = x.clone();
  lacking[23][2][1][0] = std::nan("");
  for (const std::string& yaml : all_verifications)
    CHECK(says(message_of([&] { verify(yaml, lacking, y, {}, 7); }),
               "got samples that are not finite in row 23, need finite numbers where the truth was observed"));
  // The first place alone is observed: the scores are those of that place.
  Tensor first = at::zeros({40, 2, 3});
  first.select(1, 0).select(1, 0).fill_(1);
  const auto alone = [](const Tensor& t) { return t.select(-2, 0).slice(-1, 0, 1); };
  for (const char* yaml : {"crps", "rmse", "bias", "energy_score", "spread_skill"}) {
    CAPTURE(yaml);
    const auto whole = verify(yaml, x, y, first), part = verify(yaml, alone(x), alone(y));
    const std::string name = part.records.back().name;
    CHECK(whole.at(name).value == doctest::Approx(part.at(name).value).epsilon(1e-12));
    CHECK(whole.at(name).standard_error == doctest::Approx(part.at(name).standard_error).epsilon(1e-9));
  }
  CHECK(says(message_of([&] { verify("crps", x, y, 0.5 * mask); }), "got a mask of other numbers than 0 and 1"));
  CHECK(says(message_of([&] { verify("crps", x, y, 0 * mask); }), "of which no number was observed"));
}

TEST_CASE("a result is the same, bit for bit, whatever the batches") {
  const Tensor x = gaussian(19, {37, 5, 2, 4, 6}).round(), y = gaussian(20, {37, 2, 4, 6}).round(),
               mask = noneq::stream(21).uniform({37, 2, 4, 6}).gt(0.2).to(at::kFloat);
  for (const std::string& yaml : all_verifications)
    for (const Tensor& masked : {Tensor(), mask}) {
      if (masked.defined() && yaml == "spectrum") continue;
      CAPTURE(yaml);
      const found whole = verify(yaml, x, y, masked, 37);
      for (const std::int64_t chunk : {1, 7, 16}) {
        const found parts = verify(yaml, x, y, masked, chunk);
        for (const auto& m : whole.records) {
          CHECK(parts.at(m.name).value == m.value);
          CHECK((parts.at(m.name).standard_error == m.standard_error || std::isnan(m.standard_error)));
        }
        for (const auto& [name, t] : whole.arrays.tensors)
          CHECK_MESSAGE(at::equal(parts.arrays.at(name).nan_to_num(-7), t.nan_to_num(-7)), name);
      }
    }
}

TEST_CASE("what cannot be compared is refused with what is needed") {
  const Tensor y = gaussian(22, {6, 3});
  const auto of = [&](const std::string& yaml, const Tensor& x) { return message_of([&] { verify(yaml, x, y); }); };
  for (const char* yaml : {"crps", "energy_score", "spread_skill"})
    CHECK(says(of(yaml, y), std::string("got 1 member a row, need at least 2 for ") + yaml));
  CHECK(says(of("crps", gaussian(1, {6, 4, 2})), "got samples [6, 4, 2] beside a truth [6, 3]"));
  CHECK(says(of("rmse", gaussian(1, {6, 4, 3}) / 0), "got samples that are not finite in row 0"));
  CHECK(says(of("{plugin: spectrum, channel: 2}", y), "got 2 for samples of shape [3]"));
  CHECK(says(message_of([&] { verify("{plugin: reliability, thresholds: []}", y, y); }), "need at least one number"));
  CHECK(says(message_of([&] { verify("{plugin: reliability, thresholds: [0.5, 1, 0.50000001]}", y, y); }),
             "thresholds: got two that read 0.5 in the names of records"));
  CHECK(says(of("rank_histogram", gaussian(1, {6, 4, 3})), "nothing was thrown"));
  CHECK(says(message_of([&] { verify("rank_histogram", y.slice(0, 0, 1), y.slice(0, 0, 1)); }),
             "got 1 row, need at least 2"));
  noneq::dataset_info of_one;
  of_one.parts = {{"train", 1}};
  CHECK(says(message_of([&] { make<noneq::metric>("rank_histogram")->check_data(of_one); }),
             "got 1 row, need at least 2"));
}
