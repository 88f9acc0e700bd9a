#include "noneq/app/data_statistics.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "noneq/core/stop.hpp"
#include "noneq/storage/chunks.hpp"
#include "noneq/storage/conventions.hpp"

namespace noneq::app {

void data_statistics::add(const storage::hdf5_reader& reader, const std::string& dataset,
                          const std::function<void(double bytes)>& read) {
  constexpr std::int64_t at_once = std::int64_t{4} << 20, most_channels = 16;  // numbers in memory
  const storage::dataset_layout l = reader.layout(dataset);
  const sizes row(l.shape.begin() + 1, l.shape.end());
  if (row_.empty() && !all_.least.defined()) row_ = row;
  if (row != row_)
    throw error(fmt::format("dataset '{}' got rows {} in one file and {} in another, need equal ones", dataset,
                            to_string(row_), to_string(row)));
  if (!channels_ && !row.empty() && row[0] > 1 && row[0] <= most_channels)
    channels_.emplace(group{moments(one_scale::per_channel)});
  const storage::number_meaning meaning = storage::meaning_of(reader, dataset);
  const std::int64_t numbers = std::max<std::int64_t>(1, c10::multiply_integers(row));
  const std::int64_t chunk = l.chunk.empty() ? 1 : l.chunk[0], fitting = std::max<std::int64_t>(1, at_once / numbers),
                     block = fitting >= chunk ? fitting / chunk * chunk : fitting;
  for (std::int64_t first = 0; first < l.shape[0]; first += block) {
    stop_here_if_asked();
    const std::int64_t count = std::min(block, l.shape[0] - first);
    const Tensor rows =
        meant(decode(read_raw(reader, dataset, first, count)), meaning, meaning.dtype(l.dtype)).to(at::kDouble);
    all_.add(rows.reshape({rows.size(0), 1, -1}));
    if (channels_) channels_->add(rows.reshape({rows.size(0), row[0], -1}));
    if (read) read(static_cast<double>(l.bytes) / static_cast<double>(l.shape[0]) * static_cast<double>(count));
  }
}

// Rows [n, channels, …].
void data_statistics::group::add(const Tensor& rows) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  of.add(rows);
  numbers += static_cast<double>(rows.size(0) * rows.size(2));
  const Tensor missing = rows.isnan();
  const Tensor low = rows.masked_fill(missing, infinity).amin({0, 2}),
               high = rows.masked_fill(missing, -infinity).amax({0, 2});
  least = least.defined() ? at::minimum(least, low) : low;
  most = most.defined() ? at::maximum(most, high) : high;
}

std::string data_statistics::group::line(std::int64_t channel) const {
  const double seen = of.count()[channel].item<double>(), missing = numbers - seen;
  std::string text = seen == 0
                         ? "nothing observed"
                         : fmt::format("min {:.6g}, max {:.6g}, mean {:.6g}, std {:.6g}", least[channel].item<double>(),
                                       most[channel].item<double>(), of.mean()[channel].item<double>(),
                                       std::sqrt(of.variance()[channel].item<double>()));
  if (missing > 0) text += fmt::format(", {:.0f} missing ({:.3g} %)", missing, 100 * missing / numbers);
  return text;
}

std::string data_statistics::text(const std::string& indent) const {
  std::string text = indent + all_.line(0) + "\n";
  for (std::int64_t c = 0; channels_ && c < channels_->of.count().size(0); ++c)
    text += fmt::format("{}channel {}: {}\n", indent, c, channels_->line(c));
  return text;
}

}
