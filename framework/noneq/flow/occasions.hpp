// What happens beside training: samplers and metrics at their steps and at the end, the metrics
// that follow a sampler, and the writers that follow either.
// Used by one thread, while training rests; the work itself runs on the pool.
#pragma once

#include "noneq/flow/progress.hpp"
#include "noneq/flow/sampling.hpp"
#include "noneq/flow/workers.hpp"

namespace noneq {

class effort;

class occasions {
 public:
  // Files go to `folder`, and each to wrote(file) once it is there; what is measured goes to `say` and to
  // record(node, measured).
  using recorder = std::function<void(const std::string& node, const measured& m)>;
  using file_listener = std::function<void(const std::filesystem::path& file)>;
  occasions(
      session& s, workers& pool, std::filesystem::path folder, progress& say, recorder record,
      file_listener wrote = [](const std::filesystem::path&) {})
      : session_(s),
        pool_(pool),
        folder_(std::move(folder)),
        say_(say),
        record_(std::move(record)),
        wrote_(std::move(wrote)) {}

  void after_step();  // those whose `every` divides the step
  void at_end();      // all

 private:
  void run(const plan_node& n, const std::string& occasion);
  void sample(const plan_node& n, const std::string& occasion);
  void measure(const plan_node& n, const std::string& occasion);
  void show_losses(const plan_node& n);  // to the writers of the loss node, at the end
  // But for the provenance, which takes a look at every weight.
  writing writing_of(const sampling& ready, const denoiser& d, const std::string& occasion);
  // `missed`: as sampling_request tells it; undefined where guides leave a choice everywhere.
  batch draw(const plan_node& n, const sampling& ready, const denoiser& d, std::int64_t chunk,
             const std::vector<std::int64_t>& times, Tensor& missed, effort& made);
  void report_missed(const plan_node& n, const std::vector<Tensor>& chunks);
  // The denoiser's calls count as `made`, and end when a stop is asked for.
  denoiser watched(const denoiser& d, effort& made);
  measurement measuring(const plan_node& n, const denoiser& d, effort& made);
  void report(const plan_node& n, const std::string& occasion, const measurement& done);
  // Gives the writers of n every batch that produce(use) uses.
  using producer = std::function<void(const std::function<void(const batch&)>& use)>;
  void write(const plan_node& n, const writing& w, const producer& produce);

  session& session_;
  workers& pool_;
  std::filesystem::path folder_;
  progress& say_;
  recorder record_;
  file_listener wrote_;
  std::vector<measured> earlier_;  // of the occasion at hand
};

}
