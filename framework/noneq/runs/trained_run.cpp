#include <fmt/format.h>

#include "noneq/flow/applied_pipeline.hpp"
#include "noneq/flow/run_folder.hpp"
#include "noneq/runs/detail/computing.hpp"
#include "noneq/runs/detail/failures.hpp"
#include "noneq/runs/detail/opened.hpp"
#include "noneq/runs/detail/plugins.hpp"

namespace noneq::runs {

trained_run::trained_run(const std::filesystem::path& folder, int threads) {
  checking([&] {
    constexpr int most = 1024;
    if (threads < 0 || threads > most)
      throw error(fmt::format("got {}, need 0, or up to {}", threads, most), "threads");
    if (folder.empty()) throw error("got '', need the folder of a run", "folder");
    auto made = std::make_shared<opened_run>();
    made->folder = std::filesystem::absolute(folder).lexically_normal();
    made->threads = threads_of(threads);
    with_plugins([&](registry& plugins) {
      made->model = flow::run_folder::open(folder, plugins, [&](config::value& v) {
        made->pipeline = v;
        flow::remove_beside_model(v);
      });
    });
    for (const std::string& name : flow::conditions_to_give(*made->model))
      made->conditions[name] = made->model->info().fields.at(name).shape;
    opened_ = std::move(made);
  });
}

const shape& trained_run::sample() const noexcept { return opened_->model->shape(); }
const std::map<std::string, shape>& trained_run::conditions() const noexcept { return opened_->conditions; }
std::int64_t trained_run::classes() const noexcept { return opened_->model->info().classes; }
std::int64_t trained_run::first_class() const noexcept { return opened_->model->info().first_class; }
std::int64_t trained_run::steps() const noexcept { return opened_->model->plan().process.steps(); }
std::int64_t trained_run::trained_steps() const noexcept { return opened_->model->step(); }

}
