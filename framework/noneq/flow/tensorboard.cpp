#include "noneq/flow/tensorboard.hpp"

#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "noneq/flow/kept_arrays.hpp"
#include "noneq/flow/learner.hpp"
#include "noneq/flow/occasion_name.hpp"
#include "noneq/flow/record_file.hpp"
#include "noneq/flow/run_folder.hpp"
#include "noneq/flow/step_times.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/tensorboard.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;
namespace board = storage::tensorboard;

namespace {

std::string text_at(const nlohmann::json& record, const char* key) {
  const auto it = record.find(key);
  return it != record.end() && it->is_string() ? it->get<std::string>() : "";
}

// Returns whether a record has a step, a node, a name and a number.
bool is_number(const nlohmann::json& r) {
  return r.is_object() && r.contains("step") && r["step"].is_number_integer() && !text_at(r, "node").empty() &&
         !text_at(r, "name").empty() && r.contains("value") && r["value"].is_number();
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

// The numbers of a run in the order of their records, and the last step of them.
struct stored_numbers {
  std::vector<nlohmann::json> records;
  std::int64_t last = 0;

  explicit stored_numbers(const fs::path& file) {
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);)
      if (auto record = nlohmann::json::parse(line, nullptr, false); is_number(record)) {
        last = std::max(last, record["step"].get<std::int64_t>());
        records.push_back(std::move(record));
      }
  }
};

std::vector<double> as_numbers(const Tensor& x) {
  const Tensor all = x.to(at::kDouble).contiguous();
  return {all.data_ptr<double>(), all.data_ptr<double>() + all.numel()};
}

bool rises(const std::vector<double>& x) {
  for (std::size_t k = 1; k < x.size(); ++k)
    if (!(x[k - 1] < x[k])) return false;
  return !x.empty() && std::isfinite(x.front()) && std::isfinite(x.back());
}

bool can_be_bars(const std::vector<double>& y) {
  return std::all_of(y.begin(), y.end(), [](double v) { return v >= 0 && std::isfinite(v); });
}

}

void tensorboard_events::begin(double time, std::int64_t step) { to_(board::beginning(time, step)); }

void tensorboard_events::pipeline(double time, std::int64_t step, const std::string& yaml) {
  to_(board::text({time, step, "pipeline"}, "```yaml\n" + yaml + "```\n"));
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
  to_(board::picture({time, step, node + "/" + occasion_in(file.filename()).end.string()}, storage::read_file(file)));
}

std::string tensorboard_events::node_of(const std::string& file) const {
  if (plan_ != nullptr)
    for (const plan_node& n : plan_->nodes)
      if (n.role() == "writer" && n.as<writer>().file.lexically_normal() == file) return n.id;
  return "pictures";
}

void tensorboard_events::folder(const fs::path& run, std::int64_t from,
                                const std::function<bool(std::int64_t step, const std::string& node)>& left_out) {
  const run_folder all(run);
  const stored_numbers numbers(all.records());
  const step_times times(run, numbers.last);
  const auto is_wanted = [&](std::int64_t step, const std::string& node) {
    return step >= from && !left_out(step, node);
  };
  if (fs::exists(run / "pipeline.yaml")) pipeline(times.of(from), from, storage::read_file(run / "pipeline.yaml"));
  for (const nlohmann::json& r : numbers.records)
    if (is_wanted(r["step"].get<std::int64_t>(), text_at(r, "node"))) record(times.of(r["step"]), r);
  try {
    for (const auto& [node, events] : read_kept_arrays(all.arrays()))
      for (const auto& [step, of_event] : events)
        if (is_wanted(step, node)) arrays(times.of(step), step, node, of_event);
  } catch (const error&) {  // damaged: the report names it, and the next event writes a new one
  }
  std::error_code failed;
  for (const fs::path& file : written_files(run).names()) {
    const fs::path within = file.lexically_relative(run);
    if (file.extension() != ".png" || !lies_within(run, within) || !fs::is_regular_file(file, failed)) continue;
    const auto [end, at] = occasion_in(within);
    const std::string node = node_of(end.string());
    const std::int64_t step = at.value_or(numbers.last);
    if (is_wanted(step, node)) picture(times.of(step), step, node, file);
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
    : file_(board::new_event_file(run)),
      say_(say),
      events_([this](std::string_view bytes) { storage::append(file_, bytes); }, &p) {
  // A run that was without them until now gets all events before, too.
  const std::int64_t from = board::event_files(run).empty() ? 0 : step;
  writing([&] {
    events_.begin(board::now(), from);
    events_.folder(run, from,
                   [&](std::int64_t at, const std::string& node) { return at == step && works_again(node); });
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
    for (const fs::path& file : o.files)
      if (file.extension() == ".png") events_.picture(now, e.step, n.id, file);
  });
}

fs::path write_tensorboard(const fs::path& run, const plan* p, const fs::path& folder) {
  const std::vector<fs::path> before = board::event_files(folder);
  const fs::path file = board::new_event_file(folder);
  storage::atomic_file out(file);
  tensorboard_events events([&](std::string_view bytes) { out.write(bytes); }, p);
  events.begin(step_times(run, 0).of(0), 0);
  events.folder(run, 0, [](std::int64_t, const std::string&) { return false; });
  out.commit();
  for (const fs::path& old : before) fs::remove(old);
  return file;
}

}
