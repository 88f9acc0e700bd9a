#include "noneq/flow/event_stream.hpp"

#include <atomic>

#include <fmt/format.h>

#include "noneq/flow/pass_rows.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/flow/writer_checks.hpp"
#include "noneq/plugin/returned.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::flow {
namespace {

const std::string& weights_of(const plan_node& n) {
  static const std::string raw = "raw";
  if (n.role() == "sampler") return n.as<sampler>().weights;
  return n.role() == "metric" ? n.as<metric>().weights : raw;
}

// A pass over rows of the data of a model, as a stream of its own. The data is opened when it is first needed.
row_pass pass_over(const event_surroundings& around, const plan_node& n, session& model) {
  return [&around, &n, &model](const row_request& rows, const std::function<batch(batch)>& map,
                               const std::function<void(const batch&)>& add) {
    source* data = rows.data ? &model.data() : nullptr;
    drawn_stream drawn(around.listens);
    around.listens.expects(n, rows.batches());
    vertex v;
    v.fetch = [&](std::int64_t k) { return fetch_rows(*data, rows, k); };
    v.run = [&](batch raw) { return rows.data ? data->prepare(std::move(raw)) : raw; };
    sink_part s;
    s.map = [&](batch b, std::int64_t) -> std::any {
      stop_here_if_asked();
      batch mapped = map(std::move(b));
      check_returned_batch(n.plugin.entry->full_name(), mapped);
      return mapped;
    };
    s.add = [&](std::any mapped) { add(std::any_cast<const batch&>(mapped)); };
    v.sink = std::move(s);
    drawn.add(n, std::move(v));
    stream_graph g = drawn.graph();
    g.last = rows.batches();
    g.tokens = 2 * static_cast<std::size_t>(around.pool.threads());
    run_stream(around.pool, g);
  };
}

// Rows of a stream, in its own units, as a metric of the model takes them.
batch as_model_takes(batch b, const normalisation& of_stream, const dataset_info& of_model) {
  const auto same = [](const Tensor& x, const Tensor& y) { return at::equal(x.to(at::kDouble), y.to(at::kDouble)); };
  const normalisation& needed = of_model.normal;
  const bool alike = of_stream.affine() && needed.affine() && same(of_stream.shift, needed.shift) &&
                     same(of_stream.scale, needed.scale);
  Tensor x0 = b.at("x0");
  if (x0.sizes().slice(1) != at::IntArrayRef(of_model.shape))
    throw error(c10::str("got rows of shape ", to_string(x0.sizes().slice(1).vec()), ", need those of the model, ",
                         to_string(of_model.shape)));
  if (of_model.classes > 0 && !b.has("label"))
    throw error("got rows without label, need the classes that the model knows");
  if (!alike) x0 = needed.apply(of_stream.restore(x0.to(at::kDouble)));
  b.set("x0", x0.to(at::kFloat).contiguous());
  return b;
}

writing writing_for(const event_surroundings& around, const plan_node& n, const denoiser* d) {
  const plan_node* of = around.opened.plan().model_before(n);
  writing w{around.folder,
            around.at.occasion,
            d,
            {},
            around.opened.stream().fork(n.in.front().from).fork("writers"),
            {},
            {},
            {}};
  w.provenance = {{"noneq", NONEQ_VERSION}};
  if (of == nullptr && !around.opened.plan().trains()) return w;
  session& model = of ? around.opened.model_of(*of) : around.opened;
  w.provenance["trained_steps"] = std::to_string(&model == &around.opened ? around.at.step : model.step());
  w.info = model.info();
  if (around.at.occasion.empty() || of != nullptr)
    if (model.data_if_there() != nullptr) w.pass = pass_over(around, n, model);
  return w;
}

std::unique_ptr<sinking> opened(const event_surroundings& around, const plan_node& n, const writing& w) {
  return working(n, [&] {
    // A run whose folder was removed is not to make it again.
    if (!std::filesystem::is_directory(around.folder)) throw storage::file_error(around.folder, "write", ENOENT);
    return open_writer(n, w);
  });
}

// Passes a sink's outcome to the observer, and its arrays to the sinks behind it.
void pass_on(const event_surroundings& around, const plan_node& n, const outcome& found,
             const std::map<std::string, std::string>& provenance) {
  check_returned_batch(n.plugin.entry->full_name(), found.arrays);
  around.earlier.insert(around.earlier.end(), found.records.begin(), found.records.end());
  around.listens.found(n, around.at, found);
  if (!found.arrays.tensors.empty())
    for (const plan_node* f : around.opened.plan().followers(n.id)) give_once(around, *f, found.arrays, provenance);
}

}

// A sink of the stream while it is open.
struct event_stream::open_sink {
  const plan_node& node;
  std::optional<denoiser> of;      // its model, outlives `now` and `taking`
  std::optional<measurement> now;  // of a metric
  dataset_info info;
  std::map<std::string, std::string> provenance;
  std::unique_ptr<sinking> taking;
};

event_stream::event_stream(const event_surroundings& around, const stream_nodes& nodes)
    : around_(around), nodes_(nodes), drawn_(around.listens) {
  for (const std::string& id : nodes.nodes) add(around.opened.plan().node(id));
}
event_stream::~event_stream() = default;

void event_stream::add(const plan_node& n) {
  if (n.kind() == node_kind::source)
    add_source(n);
  else if (n.role() == "sampler")
    add_sampler(n);
  else if (n.kind() == node_kind::transform)
    add_transform(n);
  else if (n.in.empty() || around_.opened.plan().node(n.in.front().from).kind() != node_kind::sink)
    add_sink(n);
}

void event_stream::need_batches(const plan_node& n, std::int64_t rows, std::int64_t size) {
  const std::int64_t batches = (rows + size - 1) / size;
  if (counted_ != nullptr && (rows != rows_ || batches != batches_))
    throw error(fmt::format("got {} rows in {} batches, need {} in {}, as {} has them", rows, batches, rows_, batches_,
                            counted_->id),
                n.id, n.where);
  rows_ = rows, batches_ = batches, counted_ = &n;
}

void event_stream::add_source(const plan_node& n) {
  source& data = around_.opened.nodes().of_loader(n);
  const auto [rows, count] = rows_of_pass(around_.opened, nodes_, n);
  parts_[n.id] = rows.part;
  need_batches(n, rows.count, rows.block);
  vertex v;
  v.fetch = [&data, rows = rows, count = count](std::int64_t k) { return fetch_in_turn(data, rows, k, count); };
  v.run = [&data](batch raw) {
    stop_here_if_asked();
    return prepare_in_turn(data, std::move(raw));
  };
  drawn_.add(n, std::move(v));
}

void event_stream::add_transform(const plan_node& n) {
  vertex v;
  drawn_.join_inputs(v, n);
  const std::string part = parts_[n.id] = parts_[n.in.front().from];
  v.run = [this, &n, part](batch b) {
    stop_here_if_asked();
    return n.role() == "noiser" ? around_.opened.noised_rows(n, std::move(b))
                                : around_.opened.nodes().transformed(n, std::move(b), false, part);
  };
  drawn_.add(n, std::move(v));
}

void event_stream::add_sampler(const plan_node& n) {
  sampling& ready = samplers_.emplace_back(around_.opened, n, around_.listens);
  sampler_of_[n.id] = &ready;
  vertex v;
  if (n.in.empty()) {
    need_batches(n, n.as<sampler>().samples(), n.as<sampler>().chunk_size());
    v.fetch = [&ready](std::int64_t k) { return ready.chunk(k); };
  } else {
    drawn_.join_inputs(v, n);
  }
  v.run = [&ready](batch b) {
    stop_here_if_asked();
    return ready.draw(b);
  };
  // Every sample must be finite before the sinks finish, so it is counted in a sink of the sampler's own.
  auto lost = std::make_shared<std::int64_t>(0);
  sink_part s;
  s.map = [](batch b, std::int64_t) -> std::any {
    return b.at("samples").flatten(1).isfinite().all(1).logical_not().sum().item<std::int64_t>();
  };
  s.add = [lost](std::any n) { *lost += std::any_cast<std::int64_t>(n); };
  v.sink = std::move(s);
  drawn_.add(n, std::move(v));
  lost_.push_back({&n, lost});
}

// Returns the part of the model's data that a metric in this stream measures; "" for rows of other data.
std::string event_stream::part_behind(const plan_node& n) {
  const plan& p = around_.opened.plan();
  const auto before = p.before(n);
  const bool of_training = p.trains() && std::any_of(before.begin(), before.end(), [&](const plan_node* b) {
                             return b->kind() == node_kind::source && p.streams.front().has(b->id);
                           });
  return of_training ? parts_[n.in.front().from] : "";
}

void event_stream::add_sink(const plan_node& n) {
  session& run = around_.opened;
  const plan_node* of = run.plan().model_before(n);
  auto& s = *sinks_.emplace_back(new open_sink{n, {}, {}, {}, {}, nullptr});
  sampling* drawn_by = nullptr;
  for (const plan_edge& e : n.in)
    if (const auto it = sampler_of_.find(e.from); it != sampler_of_.end()) drawn_by = it->second;
  if (drawn_by != nullptr)
    s.of = drawn_by->denoiser();
  else if (of != nullptr)
    s.of = watched(run.model_of(*of).denoiser(weights_of(*of)), n, around_.listens);
  vertex v;
  if (n.role() == "metric") {
    session& model = run.model_of(*of);
    if (n.in.empty() || n.measures_samples()) model.data();
    s.info = model.info();
    const row_request rows = n.in.empty() ? n.as<metric>().rows(s.info) : row_request{};
    s.now.emplace(measurement{*s.of, s.info, run.stream().fork(n.id), pass_over(around_, n, model), around_.earlier,
                              around_.folder, n.in.empty() ? rows.part : part_behind(n)});
    s.taking =
        working(n, [&] { return need_made(n.as<metric>().open(*s.now), n.plugin.entry->full_name(), "sinking"); });
    if (n.in.empty()) {
      source* data = rows.data ? &model.data() : nullptr;
      batches_ = rows.batches(), counted_ = &n;
      around_.listens.expects(n, rows.batches());
      v.fetch = [data, rows](std::int64_t k) { return fetch_rows(*data, rows, k); };
      v.run = [data](batch raw) { return data != nullptr ? data->prepare(std::move(raw)) : raw; };
    } else if (!n.measures_samples()) {
      const normalisation of_stream = run.nodes().info_behind(run.plan().node(n.in.front().from)).normal;
      v.run = [&s, of_stream](batch b) { return as_model_takes(std::move(b), of_stream, s.info); };
    }
  } else {
    writing w = writing_for(around_, n, s.of ? &*s.of : nullptr);
    if (drawn_by != nullptr) {
      w.provenance = drawn_by->provenance();
      w.frame_times = drawn_by->frame_times();
      w.stream = drawn_by->stream().fork("writers");
    }
    s.taking = opened(around_, n, w);
  }
  s.provenance = {{"trained_steps", std::to_string(of ? run.model_of(*of).step() : 0)}};
  drawn_.join_inputs(v, n);
  sink_part part;
  part.map = [&s](batch b, std::int64_t) -> std::any {
    stop_here_if_asked();
    batch mapped = s.taking->map(std::move(b));
    check_returned_batch(s.node.plugin.entry->full_name(), mapped);
    return mapped;
  };
  part.add = [&s](std::any mapped) { s.taking->add(std::any_cast<const batch&>(mapped)); };
  v.sink = std::move(part);
  drawn_.add(n, std::move(v));
}

void event_stream::run() {
  stream_graph g = drawn_.graph();
  g.last = std::max<std::int64_t>(0, batches_);
  g.tokens = 2 * static_cast<std::size_t>(around_.pool.threads());
  run_stream(around_.pool, g);
  for (const auto& [node, lost] : lost_)
    if (*lost > 0)
      throw lost_results(
          fmt::format("{} returned {} of {} samples with numbers that are not finite, need finite ones; nothing "
                      "of them was written. Try clip: true, or more steps",
                      node->plugin.entry->full_name(), *lost, rows_),
          node->id, node->where);
  for (const sampling& s : samplers_) s.report_missed();
  std::optional<lost_results> lost;
  for (auto& s : sinks_) {
    outcome found = through_door(around_.listens, {s->node, calling::add, batches_}, [&] {
      outcome o = s->taking->finish();
      try {
        check_returned_records(s->node.plugin.entry->full_name(), o.records);
      } catch (const error& e) {
        if (!lost) lost.emplace(e.message(), s->node.id, s->node.where);
        return outcome{};
      }
      if (s->now)
        check_returned_arrays(s->node.plugin.entry->full_name(), o.arrays, s->node.plugin.entry->writes, s->info.shape,
                              s->of->process().steps());
      return o;
    });
    s->taking.reset();
    pass_on(around_, s->node, found, s->provenance);
  }
  if (lost) throw *lost;
}

void give_once(const event_surroundings& around, const plan_node& n, const batch& b,
               const std::map<std::string, std::string>& provenance) {
  const plan& p = around.opened.plan();
  std::optional<denoiser> d;
  if (const plan_node* of = p.model_before(n))
    d = watched(around.opened.model_of(*of).denoiser(weights_of(*of)), n, around.listens);
  else if (p.trains() && around.at.occasion.empty())  // between two steps weights may be on their way
    d = watched(around.opened.denoiser("raw"), n, around.listens);
  writing w = writing_for(around, n, d ? &*d : nullptr);
  for (const auto& [name, text] : provenance) w.provenance[name] = text;
  const auto sink = opened(around, n, w);
  through_door(around.listens, {n, calling::add, b.step}, [&] {
    sink->add(sink->map(b));
    const outcome o = sink->finish();
    check_returned_records(n.plugin.entry->full_name(), o.records);
    around.listens.found(n, around.at, o);
  });
}

}
