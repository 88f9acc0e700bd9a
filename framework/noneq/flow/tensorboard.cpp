#include "noneq/flow/tensorboard.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "noneq/flow/json_lines.hpp"
#include "noneq/flow/kept_arrays.hpp"
#include "noneq/flow/learner.hpp"
#include "noneq/flow/occasion_name.hpp"
#include "noneq/flow/record_file.hpp"
#include "noneq/flow/run_folder.hpp"
#include "noneq/flow/step_times.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/png.hpp"
#include "noneq/storage/tensorboard.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;
namespace board = storage::tensorboard;

namespace {

// Returns whether a record has a step, a node, a name and a number.
bool is_number(const nlohmann::json& r) {
  return step_in(r) && !text_at(r, "node").empty() && !text_at(r, "name").empty() && r.contains("value") &&
         r["value"].is_number();
}

std::string doc_of_number(const nlohmann::json& r) {
  std::vector<std::string> parts;
  if (const std::string unit = text_at(r, "unit"); !unit.empty()) parts.push_back("in " + unit);
  if (const std::string on = text_at(r, "on"); !on.empty()) parts.push_back(on + " data");
  if (r.contains("n") && r["n"].is_number_integer()) parts.push_back("n = " + r["n"].dump());
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

// Calls f for each number of a run in the order of their records, of which there may be millions.
template <class F>
void each_number(const fs::path& file, const F& f) {
  each_json_line(file, [&](const nlohmann::json& record, const std::string&) {
    if (is_number(record)) f(record);
  });
}

std::int64_t last_number(const fs::path& file) {
  std::int64_t last = 0;
  each_number(file, [&](const nlohmann::json& r) { last = std::max(last, r["step"].get<std::int64_t>()); });
  return last;
}

// Returns the step at which the files of the end were drawn, `last` where the history does not state it; none when the
// run went on from an earlier step since.
std::optional<std::int64_t> step_of_end(const fs::path& run, std::int64_t last) {
  std::optional<std::int64_t> finished;
  bool undone = false;
  each_json_line(run_folder(run).history(), [&](const nlohmann::json& line, const std::string&) {
    const auto step = step_in(line);
    if (!step) return;
    if (text_at(line, "event") == "begins") undone = finished && *step < *finished;
    if (text_at(line, "event") == "ends" && text_at(line, "how") == "finished") finished = step, undone = false;
  });
  return undone ? std::nullopt : std::optional(finished.value_or(last));
}

// By content: an animation is a PNG too, whatever its name. Other files may be large, and are not read.
bool is_png(const fs::path& file) {
  const storage::input_file in(file);
  std::string mark(storage::png_mark.size(), '\0');
  if (in.size() < static_cast<std::int64_t>(mark.size())) return false;
  in.read(0, mark.data(), static_cast<std::int64_t>(mark.size()));
  return mark == storage::png_mark;
}

std::vector<double> as_numbers(const Tensor& x) {
  const Tensor all = x.to(at::kDouble).contiguous();
  return {all.data_ptr<double>(), all.data_ptr<double>() + all.numel()};
}

bool rises(const std::vector<double>& x) {
  for (std::size_t k = 1; k < x.size(); ++k)
    if (!(x[k - 1] < x[k])) return false;
  return !x.empty() && std::isfinite(x.front()) && std::isfinite(x.back());
}

// Returns the arrays that metrics kept, with a remark where they cannot be read.
auto arrays_in(const fs::path& file, const tensorboard_events::remarker& remark) {
  try {
    return read_kept_arrays(file);
  } catch (const error& e) {
    remark(fmt::format("{}; TensorBoard gets no histograms", first_line(e.what())));
    return decltype(read_kept_arrays(file)){};
  }
}

// Returns the files of a run's writers in the order of their steps, as TensorBoard needs them: it drops what it has of
// a tag when a lower step follows.
std::vector<std::pair<std::int64_t, fs::path>> drawn_files(const fs::path& run, std::int64_t last) {
  const auto end = step_of_end(run, last);
  std::vector<std::pair<std::int64_t, fs::path>> all;
  std::error_code failed;
  for (const fs::path& file : written_files(run).names()) {
    const fs::path within = file.lexically_relative(run);
    const auto step = occasion_in(within).step;
    if (!lies_within(run, within) || !fs::is_regular_file(file, failed) || !(step || end)) continue;
    all.emplace_back(step ? *step : *end, file);
  }
  std::sort(all.begin(), all.end());
  return all;
}

bool can_be_bars(const std::vector<double>& y) {
  return std::all_of(y.begin(), y.end(), [](double v) { return v >= 0 && std::isfinite(v); });
}

}

void tensorboard_events::begin(double time) { to_(board::beginning(time, 0)); }

void tensorboard_events::pipeline(double time, const std::string& yaml) {
  to_(board::text({time, 0, "pipeline"}, "```yaml\n" + yaml + "```\n"));
}

void tensorboard_events::record(double time, const nlohmann::json& r) {
  if (!is_number(r)) return;
  const auto step = r["step"].get<std::int64_t>();
  const std::string node = text_at(r, "node"), tag = node + "/" + text_at(r, "name"), doc = doc_of_number(r);
  to_(board::number({time, step, tag, doc}, r["value"].get<double>()));
  if (r.contains("stderr") && r["stderr"].is_number())
    to_(board::number({time, step, "stderr/" + tag, doc}, r["stderr"].get<double>()));
  if (plan_ == nullptr || !plan_->trains() || node != plan_->training().loss.id || step < 1) return;
  const plan_node& trains = plan_->training().trainer;
  const auto& t = trains.as<trainer>();
  to_(board::number({time, step, trains.id + "/rate", "learning rate of the step"}, t.rate * rate_factor(t, step - 1)));
}

void tensorboard_events::arrays(double time, std::int64_t step, const std::string& node, const event_arrays& all) {
  const std::string axis = axis_of(plan_, node, all);
  if (axis.empty()) return;
  const std::vector<double> x = as_numbers(all.at(axis));
  if (all.at(axis).dim() != 1 || !rises(x)) return;
  for (const auto& [name, tensor] : all) {
    const auto* doc = doc_of(plan_, node, name);
    if (name == axis || is_error_of_other(name, all) || tensor.dim() != 1 || (doc && doc->extent == extent::other))
      continue;
    const std::vector<double> bars = as_numbers(tensor);
    if (bars.size() != x.size() || !can_be_bars(bars)) continue;
    to_(board::histogram({time, step, node + "/" + name, fmt::format("{}, over {}", words_of(doc), axis)}, x, bars));
  }
}

void tensorboard_events::picture(double time, std::int64_t step, const std::string& node, const fs::path& file) {
  if (!is_png(file)) return;
  to_(board::picture({time, step, node + "/" + occasion_in(file.filename()).end.string()}, storage::read_file(file)));
}

std::string tensorboard_events::node_of(const std::string& file) const {
  if (plan_ != nullptr)
    for (const plan_node& n : plan_->nodes)
      if (n.role() == "writer" && n.as<writer>().file.lexically_normal() == file) return n.id;
  return "pictures";
}

void tensorboard_events::folder(const fs::path& run, const chosen& left_out, const remarker& remark) {
  const run_folder all(run);
  const std::int64_t last = last_number(all.records());
  const step_times times(run, last);
  if (fs::exists(run / "pipeline.yaml")) pipeline(times.of(0), storage::read_file(run / "pipeline.yaml"));
  each_number(all.records(), [&](const nlohmann::json& r) {
    const auto step = r["step"].get<std::int64_t>();
    if (!left_out(step, text_at(r, "node"))) record(times.of(step), r);
  });
  for (const auto& [node, events] : arrays_in(all.arrays(), remark))
    for (const auto& [step, of_event] : events)
      if (!left_out(step, node)) arrays(times.of(step), step, node, of_event);
  for (const auto& [step, file] : drawn_files(run, last)) {
    const std::string node = node_of(occasion_in(file.lexically_relative(run)).end.string());
    if (!left_out(step, node)) picture(times.of(step), step, node, file);
  }
}

template <class Write>
void tensorboard_listener::writing(const Write& write) {
  if (failed_) return;
  try {
    write();
  } catch (const error& e) {
    failed_ = true;
    say_.say(fmt::format("no more events for TensorBoard: {}", e.what()));
  }
}

tensorboard_listener::tensorboard_listener(const fs::path& run, const plan& p, std::int64_t step,
                                           const std::function<bool(const std::string& node)>& works_again,
                                           progress& say)
    : say_(say), events_([this](std::string_view bytes) { storage::append(file_, bytes); }, &p) {
  writing([&] {
    file_ = write_tensorboard(
        run, &p, run, [&](const std::string& line) { say_.say(line); },
        [&](std::int64_t at, const std::string& node) { return at > step || (at == step && works_again(node)); });
  });
}

void tensorboard_listener::loss_found(const plan_node& n, std::int64_t step, const measured& m) {
  found(n, {step, ""}, {{m}, {}, {}});
}

void tensorboard_listener::found(const plan_node& n, const event& e, const outcome& o) {
  writing([&] {
    const double now = board::now();
    for (const measured& m : o.records) {
      nlohmann::json record = to_json(n.id, m);
      record["step"] = e.step;
      events_.record(now, record);
    }
    if (n.role() == "metric") events_.arrays(now, e.step, n.id, o.arrays.tensors);
    for (const fs::path& file : o.files) events_.picture(now, e.step, n.id, file);
  });
}

fs::path write_tensorboard(const fs::path& run, const plan* p, const fs::path& folder,
                           const tensorboard_events::remarker& remark, const tensorboard_events::chosen& left_out) {
  constexpr std::size_t at_once = std::size_t{1} << 20;
  const std::vector<fs::path> before = board::event_files(folder);
  const fs::path file = board::new_event_file(folder);
  storage::atomic_file out(file);
  std::string gathered;
  const auto write = [&] {
    out.write(gathered);
    gathered.clear();
  };
  tensorboard_events events(
      [&](std::string_view bytes) {
        gathered += bytes;
        if (gathered.size() >= at_once) write();
      },
      p);
  events.begin(step_times(run, 0).of(0));
  events.folder(run, left_out, remark);
  write();
  out.commit();
  std::error_code failed;
  for (const fs::path& old : before)
    if (fs::remove(old, failed); failed) throw storage::file_error(old, "remove", failed.value());
  return file;
}

}
