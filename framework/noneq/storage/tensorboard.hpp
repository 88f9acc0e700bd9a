// The events of TensorBoard's files, as bytes that are appended to such a file: numbers, pictures, histograms and texts
// at steps of training. TensorBoard finds a file by its name, reads it while it grows, and stops at an event that is
// not whole. Pure functions but for event_files(), thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace noneq::storage::tensorboard {

// The files of noneq in a folder, in the order in which they are read.
std::vector<std::filesystem::path> event_files(const std::filesystem::path& folder);

// Returns the name of a new file, which is read after those that the folder holds: the seconds since 1970 are in it.
std::filesystem::path new_event_file(const std::filesystem::path& folder);

// Returns the time now in seconds since 1970.
double now();

// The place of an event: charts with one tag are one chart. `doc` is Markdown, shown beside it.
struct place {
  double time;  // seconds since 1970
  std::int64_t step;
  std::string tag, doc = "";
};

// Returns the first events of a file: its version, and that events of `step` and later ones in files before are void.
std::string beginning(double time, std::int64_t step);

// A number is stored as float32.
std::string number(const place& at, double value);

// Returns the event of a PNG; "" where the bytes are none.
std::string picture(const place& at, std::string_view png);

// A histogram of bars, of which the k-th stands at x[k]: x rises, and no bar is below 0. Bars meet midway.
std::string histogram(const place& at, const std::vector<double>& x, const std::vector<double>& bars);

// A text in Markdown.
std::string text(const place& at, const std::string& markdown);

}
