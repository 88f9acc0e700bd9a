#include "noneq/storage/tensorboard.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>

#include "noneq/storage/detail/tensorboard.pb.h"
#include "noneq/storage/png.hpp"
#include "noneq/storage/tf_record.hpp"

namespace noneq::storage::tensorboard {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view before = "events.out.tfevents.", after = ".noneq";

std::int64_t seconds_in(const fs::path& file) {
  return std::atoll(file.filename().string().substr(before.size()).c_str());
}

std::string recorded(const Event& e) { return tf_record(e.SerializeAsString()); }

// `plugin`: the part of TensorBoard that shows the value.
Summary::Value& value_of(Event& e, const place& at, const char* plugin) {
  e.set_wall_time(at.time);
  e.set_step(at.step);
  Summary::Value& v = *e.mutable_summary()->add_value();
  v.set_tag(at.tag);
  v.mutable_metadata()->mutable_plugin()->set_name(plugin);
  if (!at.doc.empty()) v.mutable_metadata()->set_description(at.doc);
  return v;
}

}

std::vector<fs::path> event_files(const fs::path& folder) {
  std::vector<fs::path> all;
  std::error_code none;
  for (fs::directory_iterator at(folder, none), end; !none && at != end; at.increment(none))
    if (const std::string name = at->path().filename().string(); name.starts_with(before) && name.ends_with(after))
      all.push_back(at->path());
  std::sort(all.begin(), all.end());
  return all;
}

fs::path new_event_file(const fs::path& folder) {
  auto seconds = static_cast<std::int64_t>(std::time(nullptr));
  for (const fs::path& file : event_files(folder)) seconds = std::max(seconds, seconds_in(file) + 1);
  return folder / (std::string(before) + std::to_string(seconds) + std::string(after));
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string beginning(double time, std::int64_t step) {
  Event version, start;
  version.set_wall_time(time);
  version.set_file_version("brain.Event:2");
  start.set_wall_time(time);
  start.set_step(step);
  start.mutable_session_log()->set_status(SessionLog::START);
  return recorded(version) + recorded(start);
}

std::string number(const place& at, double value) {
  Event e;
  value_of(e, at, "scalars").set_number(static_cast<float>(value));
  return recorded(e);
}

std::string picture(const place& at, std::string_view png) {
  const auto header = png_header_of(png);
  if (!header) return "";
  Event e;
  Summary::Image& image = *value_of(e, at, "images").mutable_image();
  image.set_width(static_cast<std::int32_t>(header->width));
  image.set_height(static_cast<std::int32_t>(header->height));
  image.set_colorspace(((header->colours & 2) != 0 ? 3 : 1) + ((header->colours & 4) != 0 ? 1 : 0));
  image.set_encoded(std::string(png));
  return recorded(e);
}

std::string histogram(const place& at, const std::vector<double>& x, const std::vector<double>& bars) {
  const std::size_t n = x.size();
  const double first = n > 1 ? (x[1] - x[0]) / 2 : 0.5, last = n > 1 ? (x[n - 1] - x[n - 2]) / 2 : 0.5;
  Event e;
  Histogram& h = *value_of(e, at, "histograms").mutable_histogram();
  h.set_min(x.front() - first);
  h.set_max(x.back() + last);
  double num = 0, sum = 0, squares = 0;
  for (std::size_t k = 0; k < n; ++k) {
    h.add_limit(k + 1 < n ? (x[k] + x[k + 1]) / 2 : x[k] + last);
    h.add_bar(bars[k]);
    num += bars[k], sum += bars[k] * x[k], squares += bars[k] * x[k] * x[k];
  }
  h.set_num(num);
  h.set_sum(sum);
  h.set_sum_squares(squares);
  return recorded(e);
}

std::string text(const place& at, const std::string& markdown) {
  Event e;
  Summary::Value& v = value_of(e, at, "text");
  v.mutable_tensor()->set_type(Tensor::STRING);
  v.mutable_tensor()->mutable_shape()->add_dimension()->set_size(1);
  v.mutable_tensor()->add_text(markdown);
  return recorded(e);
}

}
