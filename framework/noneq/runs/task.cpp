#include <fmt/format.h>

#include "noneq/config/parse.hpp"
#include "noneq/core/memory.hpp"
#include "noneq/flow/applying.hpp"
#include "noneq/flow/sampling.hpp"
#include "noneq/runs/detail/computing.hpp"
#include "noneq/runs/detail/failures.hpp"
#include "noneq/runs/detail/given_rows.hpp"
#include "noneq/runs/detail/opened.hpp"
#include "noneq/runs/detail/plugins.hpp"
#include "noneq/runs/detail/task_pipeline.hpp"

namespace noneq::runs {
namespace {

// Streams rows of the data that a model was trained on, one batch after the other.
row_pass pass_over(flow::session& model) {
  return [&model](const row_request& rows, const std::function<batch(batch)>& map,
                  const std::function<void(const batch&)>& add) {
    source* const data = rows.data ? &model.data() : nullptr;
    for (std::int64_t k = 0; k < rows.batches(); ++k) {
      batch raw = flow::fetch_rows(data, rows, k);
      add(map(data != nullptr ? data->prepare(std::move(raw)) : std::move(raw)));
    }
  };
}

// A task shares the model of its run, unless it reads the data of the training, which changes a session.
std::map<std::string, std::shared_ptr<flow::session>> shared_model(const flow::plan_node& n,
                                                                   const std::shared_ptr<flow::session>& model) {
  if (n.applies_model() && n.as<model_transform>().needs_data()) return {};
  return {{n.of_run.string(), model}};
}

}

// A pipeline whose node waits for rows. Const use is thread-safe.
struct ready_task {
  // Throws noneq::error where the node cannot work on rows like those of the training.
  ready_task(std::shared_ptr<const opened_run> of, task_pipeline p, const flow::plan& plan)
      : run(std::move(of)),
        pipeline(std::move(p)),
        opened(plan, shared_model(plan.node(pipeline.node), run->model)),
        node(opened.plan().node(pipeline.node)) {
    if (node.role() == "sampler") {
      sampler.emplace(opened, node, calls);
      flow::working(node, [&] { sampler->check(renamed(row_of_training())); });
    } else {
      transform.emplace(opened, node, calls, pass_over(opened.model_of(node)), run->folder);
    }
  }

  // Returns the result of some rows, [n, …].
  Tensor of(const batch& some) const {
    const Tensor made = (sampler ? sampler->draw(renamed(some)) : transform->run(renamed(some))).at(pipeline.result);
    const Tensor lost = made.reshape({made.size(0), -1}).isfinite().all(1).logical_not().nonzero();
    if (lost.size(0) > 0)
      throw error(fmt::format("{} returned numbers that are not finite in row {}, need finite ones{}",
                              node.plugin.entry->full_name(), some.first + lost[0].item<std::int64_t>(),
                              sampler ? "; try clip: true, or more steps" : ""));
    return made;
  }

  template <class T>
  void compute(const request& r, std::int64_t rows, T* into, std::size_t n) const;

  // Returns a row at the centre of the normalised data, in data units.
  batch row_of_training() const {
    batch b{0, 0, {{"row", at::zeros({1}, at::kLong)}}};
    for (const auto& [name, shape] : pipeline.needs) {
      const field_info* field = run->model->info().find(name);
      sizes whole{1};
      whole.insert(whole.end(), shape.begin(), shape.end());
      b.set(name, field == nullptr ? at::zeros(whole) : field->normal.restore(at::zeros(whole)));
    }
    return b;
  }
  batch renamed(batch b) const {
    for (const auto& [name, now] : node.in.front().as) {
      b.set(now, b.at(name));
      b.tensors.erase(name);
    }
    return b;
  }

  const std::shared_ptr<const opened_run> run;
  const task_pipeline pipeline;
  flow::session opened;
  const flow::plan_node& node;
  mutable calls_of_network calls;
  mutable std::optional<flow::sampling> sampler;
  std::optional<flow::applying> transform;
};

task trained_run::prepare(const std::string& name, const std::string& settings) const {
  return checking([&] {
    std::shared_ptr<ready_task> made;
    with_plugins([&](registry& plugins) {
      const config::value given = config::parse_text(settings.empty() ? "{}" : settings, "settings");
      if (!given.is_map())
        throw error(fmt::format("got {}, need a map, as {{steps: 20}}", given.kind_name()), "settings", given.where());
      task_pipeline p = pipeline_of(name, given, *opened_->model, opened_->pipeline, opened_->folder);
      const flow::plan plan = flow::make_plan(p.document, plugins);
      made = std::make_shared<ready_task>(opened_, std::move(p), plan);
    });
    return task(std::move(made));
  });
}

const std::map<std::string, shape>& task::needs() const noexcept { return ready_->pipeline.needs; }

shape task::result(std::int64_t n) const {
  if (n < 1) throw failure(failure::cause::bad_input, fmt::format("rows: got {}, need at least 1", n));
  shape whole{n};
  if (ready_->node.role() == "sampler")
    if (const std::int64_t members = ready_->node.as<noneq::sampler>().members; members > 0) whole.push_back(members);
  const auto& made = ready_->node.plugin.entry->writes;
  const auto named = std::find_if(made.begin(), made.end(),
                                  [&](const named_tensor_doc& d) { return d.name == ready_->pipeline.result; });
  if (named->extent == extent::like_samples) {
    const shape& sample = ready_->run->model->shape();
    whole.insert(whole.end(), sample.begin(), sample.end());
  }
  return whole;
}

std::int64_t task::rows_of(const request& r) const {
  return checking([&] { return checked_rows(r, needs(), ready_->run->model->info()); });
}

// Writes the result of a checked request of so many rows into memory of n numbers.
template <class T>
void ready_task::compute(const request& r, std::int64_t rows, T* into, std::size_t n) const {
  const dataset_info& model = run->model->info();
  const batch given = checking([&] {
    if (r.given.count("label") && sampler && !node.as<noneq::sampler>().labels.empty())
      throw error("got classes beside the labels of the sampler; prepare the task with {labels: []}", "label");
    return batch_of(r, rows, pipeline.missing, model);
  });
  const auto of_row = static_cast<std::int64_t>(n) / rows;
  in_parts(run->threads, rows, pipeline.chunk, r.keep_going, [&](std::int64_t first, std::int64_t count) {
    const Tensor made = of(given.rows(first, first + count));
    at::from_blob(into + first * of_row, made.sizes(), c10::CppTypeToScalarType<T>::value).copy_(made);
  });
  if (sampler) sampler->forget_missed();
}

shape task::result_of(const request& r, std::size_t bytes) const {
  return checking([&] {
    shape whole = result(rows_of(r));
    double numbers = 1;
    for (const std::int64_t d : whole) numbers *= static_cast<double>(d);
    need_memory(numbers * static_cast<double>(bytes), "the result of shape " + to_string(whole));
    return whole;
  });
}

template <class T>
static void check_memory(const T* into, std::size_t n, const shape& need) {
  if (into == nullptr) throw error("got a null pointer, need memory for the result", "result");
  if (const auto numbers = static_cast<std::size_t>(c10::multiply_integers(need)); n != numbers)
    throw error(fmt::format("got memory for {} numbers, need {}, those of the shape {}", n, numbers, to_string(need)),
                "result");
}

template <class T>
void task::compute_into(const request& r, T* into, std::size_t n) const {
  const shape made = result_of(r, sizeof(T));
  checking([&] { check_memory(into, n, made); });
  computing([&] { ready_->compute(r, made.front(), into, n); });
}

void task::compute(const request& r, float* into, std::size_t n) const { compute_into(r, into, n); }
void task::compute(const request& r, double* into, std::size_t n) const { compute_into(r, into, n); }

}
