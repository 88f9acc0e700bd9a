#include "noneq/app/in_job.hpp"

#include "noneq/app/verbs.hpp"
#include "noneq/flow/job_ranks.hpp"
#include "noneq/flow/stop.hpp"

namespace noneq::app {

void in_job(bool by_itself, const std::function<void(const ranks&)>& work) {
  auto job = by_itself ? nullptr : flow::join_job();
  const ranks& r = job ? *job : alone();
  try {
    work(r);
  } catch (const interrupted&) {
    if (!r.first()) throw reported_elsewhere{exit_code::stopped};
    throw;
  } catch (const reported_elsewhere&) {
    job.reset();  // the first waits for that before it reports
    flow::wait_for_first();
    throw;
  }
}

void add_alone(CLI::App& verb, bool& by_itself) {
  verb.add_flag("--alone", by_itself,
                "work by itself, also beside other processes of a job, which otherwise do the work together");
}

}
