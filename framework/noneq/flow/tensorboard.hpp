// A run as TensorBoard shows it: its numbers, the learning rate, the pictures that its writers drew and the arrays of
// its metrics, at their steps. One thread.
//
//   <node>/<name>           a number; its chart's text states the unit, the part of the data and the rows behind it
//   stderr/<node>/<name>    its standard error
//   <trainer>/rate          the learning rate
//   <node>/<file>           a PNG of a writer, also one that moves, at each step at which it was drawn
//   <node>/<array>          an array that has nowhere a number below 0, as a histogram over its axis: a bar for each t
//   pipeline                pipeline.yaml
#pragma once

#include <functional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "noneq/flow/curves.hpp"
#include "noneq/flow/observers.hpp"
#include "noneq/flow/progress.hpp"

namespace noneq::flow {

// Makes the events. `to` receives their bytes.
class tensorboard_events {
 public:
  using sink = std::function<void(std::string_view bytes)>;
  using chosen = std::function<bool(std::int64_t step, const std::string& node)>;
  using remarker = std::function<void(const std::string& line)>;
  // `p`: the plan of the run, nullptr where a plugin of it is not installed. Outlives this.
  tensorboard_events(sink to, const plan* p) : to_(std::move(to)), plan_(p) {}

  // Voids all events of files before this one.
  void begin(double time);
  void pipeline(double time, const std::string& yaml);
  // A record of metrics.jsonl; one of another form is left out.
  void record(double time, const nlohmann::json& record);
  void arrays(double time, std::int64_t step, const std::string& node, const event_arrays& arrays);
  // A file, which is read; one that is no PNG is left out.
  void picture(double time, std::int64_t step, const std::string& node, const std::filesystem::path& file);

  // All that a run's folder holds but for what `left_out` names; the steps of each tag rise. `remark` receives a line
  // about files that cannot be read.
  void folder(const std::filesystem::path& run, const chosen& left_out, const remarker& remark);

 private:
  std::string node_of(const std::string& file) const;

  const sink to_;
  const plan* const plan_;
};

// Writes the events of a run at work into its folder, each as it happens, to a file that begins with all that the
// folder holds of the steps before and takes the place of earlier ones: no event is lost or shown twice, whatever ended
// the run. A file that cannot be written is remarked on once and ends no run.
class tensorboard_listener final : public observer {
 public:
  // The run begins, or goes on, behind `step`; nodes that `works_again` names will repeat their work of that step.
  // `say` and `p` outlive this.
  tensorboard_listener(const std::filesystem::path& run, const plan& p, std::int64_t step,
                       const std::function<bool(const std::string& node)>& works_again, progress& say);

  void loss_found(const plan_node& n, std::int64_t step, const measured& m) override;
  void found(const plan_node& n, const event& e, const outcome& o) override;

 private:
  template <class Write>
  void writing(const Write& write);

  std::filesystem::path file_;
  progress& say_;
  tensorboard_events events_;
  bool failed_ = false;
};

// Writes the file of a run, whatever ended it, into a folder, in place of those of noneq that are there, but for what
// `left_out` names. Returns its name. `remark` receives a line about files of the run that cannot be read. Throws
// noneq::error when it cannot be written.
std::filesystem::path write_tensorboard(
    const std::filesystem::path& run, const plan* p, const std::filesystem::path& folder,
    const tensorboard_events::remarker& remark,
    const tensorboard_events::chosen& left_out = [](std::int64_t, const std::string&) { return false; });

}
