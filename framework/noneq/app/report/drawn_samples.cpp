#include "noneq/app/report/drawn_samples.hpp"

#include <charconv>

#include <fmt/format.h>

#include "noneq/app/report/embedding.hpp"
#include "noneq/app/report/forward_process.hpp"
#include "noneq/app/report/sample_pictures.hpp"
#include "noneq/flow/occasion_name.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/hdf5.hpp"
#include "noneq/storage/png.hpp"

namespace noneq::app {
namespace fs = std::filesystem;
namespace {

using nlohmann::ordered_json;

// The files of one writer: "a.png" at the end and "a-step-1000.png" on the way.
struct written_series {
  fs::path file;                        // that of the end
  std::map<std::int64_t, fs::path> at;  // by step; the end is the largest number
};
constexpr std::int64_t at_end = INT64_MAX;

std::vector<written_series> series_of(const report_source& run) {
  std::map<fs::path, written_series> all;
  for (const fs::path& file : run.files) {
    const auto [end, step] = flow::occasion_in(file);
    all[end].file = end;
    all[end].at[step.value_or(at_end)] = file;
  }
  std::vector<written_series> list;
  for (auto& [_, s] : all) list.push_back(std::move(s));
  return list;
}

std::string label_of(std::int64_t step) { return step == at_end ? "end" : fmt::format("step {}", step); }

bool is_hdf5(const fs::path& file) {
  const std::string end = file.extension().string();
  return end == ".h5" || end == ".hdf5" || end == ".nc";
}

ordered_json png_frame(report_source& run, const fs::path& file, const std::string& label, page_budget& budget) {
  const auto bytes_there = static_cast<std::int64_t>(fs::file_size(run.folder.path() / file));
  if (!budget.take(file.string(), bytes_there * 4 / 3 + 64)) return nullptr;
  const std::string bytes = storage::read_file(run.folder.path() / file);
  const auto header = storage::png_header_of(bytes);
  if (!header) {
    run.missing.push_back(fmt::format("{} is not a PNG.", file.string()));
    return nullptr;
  }
  return {{"label", label}, {"src", png_uri(bytes)}, {"width", header->width}, {"height", header->height}};
}

// Rows of a tensor in an HDF5 file, as far as they can be drawn.
struct stored_samples {
  std::string tensor, dataset, unit;
  sample_layout layout;
  std::int64_t rows = 0, shown = 0;
};

// The tensors that are drawn: samples, and what transforms make of samples and rows.
constexpr const char* drawn_tensors[] = {"samples", "mean", "std", "quantiles", "x0_hat", "latent", "nearest"};

// The dataset of a tensor, which the writer may have given another name.
std::string dataset_of(const report_source& run, const std::string& node, const std::string& tensor) {
  const config::value* graph = run.document.find("graph");
  const config::value* n = graph ? graph->find(node) : nullptr;
  const config::value* names = n ? n->find("names") : nullptr;
  const config::value* name = names ? names->find(tensor) : nullptr;
  return name != nullptr ? name->text() : tensor;
}

// A bounded number of rows, so that samples of any size are read in no time.
std::int64_t rows_to_read(const storage::dataset_layout& l, std::int64_t wanted) {
  constexpr std::int64_t most_bytes = std::int64_t{64} << 20;
  return std::clamp<std::int64_t>(most_bytes / std::max<std::int64_t>(1, l.bytes / l.shape[0]), 1,
                                  std::min(l.shape[0], wanted));
}

// The shape of one sample: that of the model's data; else that of the mean of members; else what must be one sample,
// because no data has so many dimensions. Empty: not known.
sizes sample_shape(const report_source& run, const storage::hdf5_reader& file, const std::string& node) {
  if (const sizes trained = run.shape(); !trained.empty()) return trained;
  const auto there = file.datasets();
  for (const char* tensor : {"mean", "samples"}) {
    const std::string name = dataset_of(run, node, tensor);
    if (std::find(there.begin(), there.end(), name) == there.end()) continue;
    const sizes shape = file.layout(name).shape;
    if (tensor == std::string_view("mean")) return sizes(shape.begin() + 1, shape.end());
    if (shape.size() == 5) return sizes(shape.begin() + 2, shape.end());
  }
  return {};
}

std::string unit_of(const storage::hdf5_reader& file, const std::string& dataset) {
  const auto attributes = file.attributes(dataset);
  const auto unit = attributes.find("units");
  return unit == attributes.end() ? "" : unit->second;
}

std::optional<stored_samples> find_samples(const report_source& run, const storage::hdf5_reader& file,
                                           const std::string& node, const std::string& tensor) {
  const std::string name = dataset_of(run, node, tensor);
  const auto there = file.datasets();
  if (std::find(there.begin(), there.end(), name) == there.end()) return {};
  const storage::dataset_layout l = file.layout(name);
  const bool fields = are_fields(file.rows(name, 0, rows_to_read(l, 4)), run.range());
  const sizes row(l.shape.begin() + 1, l.shape.end());
  stored_samples s{tensor,     name, unit_of(file, name), layout_of(row, sample_shape(run, file, node), fields),
                   l.shape[0], 0};
  if (tensor == "quantiles") s.layout.of = "quantiles";
  if (s.layout.form == sample_form::none) return {};
  s.shown = rows_to_read(l, s.layout.count());
  return s;
}

Tensor read_samples(const storage::hdf5_reader& file, const stored_samples& s) {
  const Tensor x = file.rows(s.dataset, 0, s.shown);
  return s.layout.members > 0 ? x.narrow(1, 0, s.layout.members) : x;
}

std::string note_of(const stored_samples& s) {
  std::string note = fmt::format("{} of {} {}", s.shown, s.rows, s.tensor == "samples" ? "samples" : "rows");
  if (!s.layout.note().empty()) note += "; " + s.layout.note();
  return note;
}

// Calls use(). What cannot be read is named on the page instead of ending the report.
template <class Use>
void reading(report_source& run, const fs::path& file, const Use& use) {
  try {
    use();
  } catch (const std::exception& e) {
    run.missing.push_back(fmt::format("{} cannot be shown: {}.", file.string(), first_line(e.what())));
  }
}

// The frames of one tensor of a writer's files, or of its pictures, where `tensor` is empty.
ordered_json series_to_json(report_source& run, const written_series& s, const std::string& tensor,
                            page_budget& budget) {
  const std::string node = run.node_with("file", s.file.string());
  ordered_json entry{{"file", s.file.string()}, {"node", node}, {"tensor", tensor}, {"kind", "picture"}, {"note", ""}};
  std::vector<ordered_json> frames;
  // The latest first, so that these are on the page when not all have room there.
  std::optional<value_range> range;
  for (auto it = s.at.rbegin(); it != s.at.rend(); ++it) {
    const fs::path file = it->second;
    const std::string label = label_of(it->first);
    ordered_json frame;
    reading(run, file, [&] {
      if (tensor.empty()) {
        frame = png_frame(run, file, label, budget);
        return;
      }
      const storage::hdf5_reader reader(run.folder.path() / file);
      const auto there = find_samples(run, reader, node, tensor);
      if (!there) return;
      const Tensor x = read_samples(reader, *there);
      // Deviations and latents are no data, whose ends would say nothing of them.
      if (!range)
        range = range_of(x, there->layout, tensor != "std" && tensor != "latent" ? run.range() : std::vector<double>{});
      entry["kind"] = there->layout.kind(), entry["note"] = note_of(*there);
      entry["scales"] = scales_of(there->layout, *range, there->unit);
      frame = frame_of(label, x, there->layout, *range, file.string(), budget);
    });
    if (!frame.is_null()) frames.push_back(std::move(frame));
  }
  if (frames.empty()) return nullptr;
  std::reverse(frames.begin(), frames.end());
  entry["frames"] = frames;
  return entry;
}

std::vector<std::int64_t> frame_times_of(const storage::hdf5_reader& file, const std::string& dataset) {
  std::vector<std::int64_t> times;
  const auto attributes = file.attributes(dataset);
  const auto text = attributes.find("frame_times");
  if (text == attributes.end()) return times;
  for (const char *at = text->second.data(), *end = at + text->second.size(); at < end;) {
    std::int64_t t = 0;
    const auto [next, failed] = std::from_chars(at, end, t);
    if (failed == std::errc()) times.push_back(t);
    at = failed == std::errc() ? next : at + 1;
  }
  return times;
}

// frames [n, F, …], in the order of their times.
ordered_json frames_to_json(const Tensor& frames, const std::vector<std::int64_t>& times, const sample_layout& l,
                            const value_range& range, const std::string& what, page_budget& budget) {
  ordered_json all = ordered_json::array();
  for (std::size_t k = 0; k < times.size(); ++k) {
    ordered_json frame = frame_of(fmt::format("{}", times[k]), frames.select(1, static_cast<std::int64_t>(k)), l, range,
                                  fmt::format("{}, t = {}", what, times[k]), budget);
    if (!frame.is_null()) all.push_back(std::move(frame));
  }
  return all;
}

ordered_json trajectory_of(report_source& run, const fs::path& file, page_budget& budget) {
  const storage::hdf5_reader reader(run.folder.path() / file);
  const std::string node = run.node_with("file", file.string()), name = dataset_of(run, node, "frames");
  const auto there = reader.datasets();
  if (std::find(there.begin(), there.end(), name) == there.end()) return nullptr;
  const std::vector<std::int64_t> times = frame_times_of(reader, name);
  const storage::dataset_layout l = reader.layout(name);
  if (times.size() < 2 || l.shape.size() < 3 || l.shape[1] != static_cast<std::int64_t>(times.size())) return nullptr;
  const auto last = static_cast<std::int64_t>(std::min_element(times.begin(), times.end()) - times.begin());
  const bool fields = are_fields(reader.rows(name, 0, rows_to_read(l, 4)).select(1, last), run.range());
  const sample_layout layout = layout_of(sizes(l.shape.begin() + 2, l.shape.end()), run.shape(), fields);
  if (layout.form == sample_form::none || layout.members > 0) return nullptr;
  const std::int64_t n = rows_to_read(l, layout.count());
  const Tensor reverse = reader.rows(name, 0, n);
  const Tensor forward = forward_frames(run, times, n);
  // Black and white are the same on both ways, whatever a model has drawn.
  Tensor ends = reverse.select(1, last);
  if (forward.defined()) ends = at::cat({ends.to(at::kDouble), forward.select(1, last).to(at::kDouble)});
  const value_range range = range_of(ends, layout, run.range());
  ordered_json entry{{"file", file.string()}, {"node", node}, {"kind", layout.kind()}, {"note", layout.note()}};
  entry["scales"] = scales_of(layout, range, unit_of(reader, name));
  entry["reverse"] = frames_to_json(reverse, times, layout, range, "the reverse process", budget);
  if (forward.defined())
    entry["forward"] = frames_to_json(forward, times, layout, range, "the forward process", budget);
  return entry;
}

}

ordered_json samples_of(report_source& run, page_budget& budget) {
  ordered_json all = ordered_json::array();
  for (const written_series& s : series_of(run)) {
    std::vector<std::string> tensors;
    if (is_hdf5(s.file)) tensors.assign(std::begin(drawn_tensors), std::end(drawn_tensors));
    if (s.file.extension() == ".png" || s.file.extension() == ".apng") tensors = {""};
    for (const std::string& tensor : tensors)
      if (ordered_json entry = series_to_json(run, s, tensor, budget); !entry.is_null())
        all.push_back(std::move(entry));
  }
  if (all.empty()) run.missing.emplace_back("No pictures or samples that can be drawn were written.");
  return all;
}

ordered_json trajectories_of(report_source& run, page_budget& budget) {
  ordered_json all = ordered_json::array();
  for (const written_series& s : series_of(run)) {
    const auto end = s.at.find(at_end);
    if (end == s.at.end() || !is_hdf5(s.file)) continue;
    reading(run, s.file, [&] {
      if (ordered_json entry = trajectory_of(run, end->second, budget); !entry.is_null())
        all.push_back(std::move(entry));
    });
  }
  return all;
}

}
