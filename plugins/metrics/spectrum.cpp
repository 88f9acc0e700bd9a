// The power of members and truth by wavenumber: models that blur lack power at small scales, which no error of a mean
// shows.
#include "verifying.hpp"

namespace {

using noneq::Tensor;

struct spectrum : noneq::verification {
  std::int64_t dims = 0, channel = -1;

  std::unique_ptr<noneq::sinking> compare(const noneq::comparison& c) const override;
  void check_data(const noneq::dataset_info& info) const override {
    if (dims > static_cast<std::int64_t>(info.shape.size()))
      throw noneq::error(c10::str("got ", dims, " for samples of shape ", noneq::to_string(info.shape),
                                  ", need at most ", info.shape.size()),
                         "dims");
    shipped::need_channel(info, channel, space_of(info.shape));
  }
  // Returns how many of the last dimensions of a sample of this shape are space.
  std::size_t space_of(const noneq::sizes& shape) const {
    return dims > 0 ? static_cast<std::size_t>(dims) : shape.size() >= 3 ? 2 : 1;
  }

  static void describe(noneq::description<spectrum>& d) {
    d.doc(
         "The power of members and truth at each wavenumber k = |k| in cycles over the longest side, rounded; the "
         "powers add up to the variance of a field. Fields are taken as periodic, without a window. A dimension that "
         "is "
         "neither space nor the first, the channels, is one of lines, over which the power is a mean. Records are the "
         "power of the members over that of the truth at large scales, 1 ≤ k ≤ side/4, and at small ones, beyond. "
         "Rows whose truth was not observed everywhere are left out.")
        .param("dims", &spectrum::dims,
               "the last dimensions of a sample, which are space: 1 or 2; 0: 2 of a sample of three dimensions, else 1",
               noneq::between(0, 2))
        .param("channel", &spectrum::channel, "the channel that the curves are of; -1: the sum over all",
               noneq::at_least(-1))
        .writes("wavenumber", "float64 [k]: from 1", noneq::extent::axis)
        .writes("members", "float64 [k]: mean power of a member", noneq::extent::per_step)
        .writes("members_stderr", "float64 [k]: its standard error", noneq::extent::per_step)
        .writes("truth", "float64 [k]: power of the truth", noneq::extent::per_step)
        .writes("truth_stderr", "float64 [k]: its standard error", noneq::extent::per_step)
        .writes("members_of_channels", "float64 [C, k]: mean power of a member in each channel")
        .writes("truth_of_channels", "float64 [C, k]: power of the truth in each channel");
  }
};

class spectrum_sinking : public shipped::verifying_sinking {
 public:
  spectrum_sinking(const spectrum& of, const noneq::comparison& c)
      : verifying_sinking(c, 1, "spectrum"),
        channel_(of.channel),
        space_(of.space_of(c.info.shape)),
        channels_(shipped::channels_of(c.info.shape, space_)) {
    const noneq::sizes space(c.info.shape.end() - static_cast<std::ptrdiff_t>(space_), c.info.shape.end());
    longest_ = *std::max_element(space.begin(), space.end());
    Tensor squares = at::zeros({}, at::kDouble);
    for (const std::int64_t side : space)
      squares = squares.unsqueeze(-1) +
                (at::fft_fftfreq(side, 1., at::TensorOptions(at::kDouble)) * static_cast<double>(longest_)).square();
    bin_ = squares.sqrt().round().to(at::kLong).flatten();
  }

 private:
  // Power of fields [n, …, space] by wavenumber, from 1: [n, C, k], with C = 1 for samples without channels.
  Tensor power_of(const Tensor& fields) const {
    const auto space = static_cast<std::int64_t>(space_);
    noneq::sizes along;
    for (std::int64_t d = -space; d < 0; ++d) along.push_back(d);
    const Tensor modes = at::fft_fftn(fields, c10::nullopt, along).abs().square().flatten(-space);
    const Tensor power =
        modes.reshape({fields.size(0), channels_, -1, modes.size(-1)}).mean(2) / std::pow(modes.size(-1), 2);
    return at::zeros({power.size(0), power.size(1), bin_.max().item<std::int64_t>() + 1}, at::kDouble)
        .index_add(2, bin_, power)
        .slice(2, 1);
  }

  numbers of_row(const shipped::verified_row& row) const override {
    return {{"members", power_of(row.x).mean(0)},
            {"truth", power_of(row.y.unsqueeze(0))[0]},
            {"whole", row.observed.min()}};
  }

  void add_row(const numbers& of_row) override {
    if (of_row.at("whole").item<double>() == 0) return;
    const Tensor &members = of_row.at("members"), &truth = of_row.at("truth");
    members_of_channels_.add(members, at::ones_like(members));
    truth_of_channels_.add(truth, at::ones_like(truth));
    const auto chosen = [&](const Tensor& t) { return channel_ < 0 ? t.sum(0) : t[channel_]; };
    members_.add(chosen(members), at::ones_like(members[0]));
    truth_.add(chosen(truth), at::ones_like(truth[0]));
    large_.add(band(members, true), band(truth, true));
    small_.add(band(members, false), band(truth, false));
  }

  // The power of a band, in the chosen channels and in each: [1 + C], or [1].
  Tensor band(const Tensor& power, bool large) const {
    const std::int64_t end = std::max<std::int64_t>(longest_ / 4, 1);
    const Tensor of_channels = (large ? power.slice(1, 0, end) : power.slice(1, end)).sum(1),
                 chosen = channel_ < 0 ? of_channels.sum() : of_channels[channel_];
    return of_channels.size(0) < 2 ? chosen.view({1}) : at::cat({chosen.view({1}), of_channels});
  }

  noneq::outcome found() const override {
    if (!members_.observed().defined())
      throw noneq::error("got no row that was observed everywhere, need at least one");
    noneq::outcome out;
    // Rounding to float32 leaves no more than this in a band without power.
    const double of_rounding = 1e-14 * (large_.mean_b()[0] + small_.mean_b()[0]).item<double>();
    for (const auto& [name, of] : {std::pair{"large", &large_}, std::pair{"small", &small_}}) {
      if (!(of->mean_b()[0].item<double>() > of_rounding))
        throw noneq::error(c10::str("got a truth without power at ", name, " scales, need fields that vary there"));
      record_all(out, c10::str("power_", name, "_scales"), *of);
    }
    out.arrays.set("wavenumber", at::arange(members_.value().size(0), at::kDouble) + 1);
    out.arrays.set("members", members_.value());
    out.arrays.set("members_stderr", members_.standard_error());
    out.arrays.set("truth", truth_.value());
    out.arrays.set("truth_stderr", truth_.standard_error());
    out.arrays.set("members_of_channels", members_of_channels_.value());
    out.arrays.set("truth_of_channels", truth_of_channels_.value());
    return out;
  }

  const std::int64_t channel_;
  const std::size_t space_;  // the last dimensions of a sample
  const std::int64_t channels_;
  std::int64_t longest_ = 0;
  Tensor bin_;  // int64 [modes]: the rounded wavenumber of each
  shipped::ratio_of_sums members_, truth_, members_of_channels_, truth_of_channels_, large_, small_;
};

std::unique_ptr<noneq::sinking> spectrum::compare(const noneq::comparison& c) const {
  return std::make_unique<spectrum_sinking>(*this, c);
}

}

NONEQ_PLUGIN(spectrum);
