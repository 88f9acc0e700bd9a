#include "noneq/flow/event_stream.hpp"

#include <fmt/format.h>

#include "noneq/flow/divided_stream.hpp"
#include "noneq/flow/fields.hpp"
#include "noneq/flow/model_rows.hpp"
#include "noneq/flow/packed.hpp"
#include "noneq/flow/pass_rows.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/flow/verified.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::flow {

event_stream::event_stream(const event_surroundings& around, const stream_nodes& nodes)
    : around_(around), nodes_(nodes), drawn_(around.listens) {
  for (const std::string& id : nodes.nodes) add(around.opened.plan().node(id));
}

void event_stream::add(const plan_node& n) {
  if (n.kind() == node_kind::source)
    add_source(n);
  else if (n.role() == "sampler")
    add_sampler(n);
  else if (n.applies_model())
    add_application(n);
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
  rows_ = rows, batches_ = batches, batch_ = size, counted_ = &n;
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
  for (const plan_edge& e : n.in)
    if (const auto drawn = sampler_of_.find(e.from); drawn != sampler_of_.end()) sampler_of_[n.id] = drawn->second;
  if (n.transforms_samples())
    v.run = [&n, of_stream = around_.opened.nodes().info_before(n)](batch b) {
      stop_here_if_asked();
      return made_of_samples(n, std::move(b), of_stream);
    };
  else
    v.run = [this, &n, part](batch b) {
      stop_here_if_asked();
      return n.role() == "noiser" ? around_.opened.noised_rows(n, std::move(b))
                                  : around_.opened.nodes().transformed(n, std::move(b), false, part);
    };
  drawn_.add(n, std::move(v));
}

void event_stream::add_application(const plan_node& n) {
  const applying& ready = applied_.emplace_back(around_.opened, n, around_.listens,
                                                pass_over(around_, n, around_.opened.model_of(n)), around_.folder);
  parts_[n.id] = parts_[n.in.front().from];
  vertex v;
  drawn_.join_inputs(v, n);
  v.run = [&ready](batch b) {
    stop_here_if_asked();
    return ready.run(std::move(b));
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
  v.run = [this, &ready, ready_by = n.plugin.entry->full_name()](batch b) {
    stop_here_if_asked();
    batch drawn = ready.draw(b);
    if (around_.rules.not_finite == "retry") drawn = drawn_again_where_lost(ready, b, std::move(drawn));
    // A unit may be ended before other sinks have been passed its last batch.
    if (around_.rules.units && around_.rules.not_finite != "keep")
      refuse_lost(ready_by, drawn, around_.rules.not_finite == "retry");
    return drawn;
  };
  // Every sample must be finite before the sinks finish, so it is counted in a sink of the sampler's own.
  auto lost = std::make_shared<lost_samples>();
  sink_part s;
  s.map = [](batch b, std::int64_t) -> std::any { return lost_in(b); };
  s.add = [lost](std::any mapped) { lost->add(std::any_cast<lost_samples>(mapped)); };
  s.pack = [](const std::any& mapped) {
    std::string bytes;
    pack_plain(std::any_cast<const lost_samples&>(mapped), bytes);
    return bytes;
  };
  s.unpack = [](std::string_view bytes) { return unpack_plain<lost_samples>(bytes); };
  v.sink = std::move(s);
  drawn_.add(n, std::move(v));
  lost_.push_back({&n, lost});
}

// Returns the part of the model's data that a metric in this stream measures; "" for rows of other data.
std::string event_stream::part_behind(const plan_node& n) {
  const plan& p = around_.opened.plan();
  const auto before = p.before(n);
  const auto of_training = std::find_if(before.begin(), before.end(), [&](const plan_node* b) {
    return b->kind() == node_kind::source && p.trains() && p.streams.front().has(b->id);
  });
  return of_training == before.end() ? "" : parts_[(*of_training)->id];
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
  if (n.verifies()) {
    s.info = info_of_truth(run, n);
    s.taking = working(n, [&] {
      return need_made(n.as<verification>().compare({s.info, run.stream().fork(n.id), part_behind(n)}),
                       n.plugin.entry->full_name(), "sinking");
    });
    v.run = [of_stream = run.nodes().info_before(n)](batch b) { return rows_to_verify(std::move(b), of_stream); };
  } else if (n.role() == "metric") {
    session& model = run.model_of(*of);
    if (n.in.empty() || n.measures_samples()) model.data();
    s.info = model.info();
    const row_request rows = n.in.empty() ? n.as<metric>().rows(s.info) : row_request{};
    s.now.emplace(measurement{*s.of, s.info, run.stream().fork(n.id), pass_over(around_, n, model), around_.earlier,
                              around_.folder, n.in.empty() ? rows.part : part_behind(n)});
    if (around_.together.first() || !n.in.empty() || rows.batches() > 0)
      s.taking =
          working(n, [&] { return need_made(n.as<metric>().open(*s.now), n.plugin.entry->full_name(), "sinking"); });
    if (n.in.empty()) {
      source* data = rows.data ? &model.data() : nullptr;
      batches_ = rows.batches(), counted_ = &n;
      v.fetch = [data, rows](std::int64_t k) { return fetch_rows(data, rows, k); };
      v.run = [data](batch raw) { return data != nullptr ? data->prepare(std::move(raw)) : raw; };
    } else if (n.measures_samples()) {
      v.run = [of_stream = run.nodes().info_before(n)](batch b) { return in_data_units(std::move(b), of_stream); };
    } else {
      v.run = [&s, of_stream = run.nodes().info_before(n), names = model.conditions()](batch b) {
        return as_model_takes(std::move(b), of_stream, s.info, names);
      };
    }
  } else if (around_.together.first()) {
    writing w = writing_for(around_, n, s.of ? &*s.of : nullptr);
    if (drawn_by != nullptr) {
      w.provenance = drawn_by->provenance();
      w.frame_times = drawn_by->frame_times();
      w.stream = drawn_by->stream().fork("writers");
      w.provenance.insert(around_.rules.provenance.begin(), around_.rules.provenance.end());
    }
    w.rows = rows_;
    w.batch = std::max<std::int64_t>(0, std::min(batch_, rows_));
    s.taking = opened_sink(around_, n, w);
  }
  if (n.role() == "metric") around_.listens.expects(n, batches_);
  if (of != nullptr) s.provenance = {{"trained_steps", std::to_string(run.model_of(*of).step())}};
  drawn_.join_inputs(v, n);
  sink_part part;
  part.map = [&s](batch b, std::int64_t) -> std::any {
    stop_here_if_asked();
    const std::int64_t index = b.step;
    if (s.taking == nullptr) return taken_batch{index, std::move(b), false};
    return taken_batch{index, s.mapped(std::move(b)), true};
  };
  part.add = [this, &s](std::any of_batch) { add_to(s, std::any_cast<taken_batch>(std::move(of_batch))); };
  part.pack = taken_batch::packed;
  part.unpack = taken_batch::unpacked;
  v.sink = std::move(part);
  drawn_.add(n, std::move(v));
}

stream_graph event_stream::graph(std::int64_t first_batch, std::int64_t end_batch) const {
  stream_graph g = drawn_.graph();
  g.first = first_batch;
  g.last = std::max(first_batch, end_batch);
  g.tokens = 2 * static_cast<std::size_t>(around_.pool.threads());
  return g;
}

void event_stream::run() {
  const ranks& r = around_.together;
  if (!r.many()) return run_stream(around_.pool, graph(0, batches_));
  run_divided(around_.pool, graph(0, batches_), r);
  for (sampling& s : samplers_) s.add_missed(r);
}

void event_stream::make_units(const stream_rows& rows, const unit_run& units,
                              const std::function<void(std::int64_t)>& ended) {
  in_units_ = rows;
  stream_graph g = graph(rows.first_batch(units.begin), rows.end_batch(units.end - 1));
  g.completed = [&](std::int64_t batch) {
    if (const auto unit = rows.unit_ended_by(batch)) ended(*unit);
    return !stop_asked();
  };
  run_stream(around_.pool, g);
  stop_here_if_asked();
}

// Passes a sink a batch, and ends the unit of which it is the last.
void event_stream::add_to(open_sink& s, taken_batch of) const {
  s.taking->add(of.mapped ? of.rows : s.mapped(std::move(of.rows)));
  if (const auto unit = in_units_ ? in_units_->unit_ended_by(of.index) : std::nullopt)
    s.taking->end_unit(in_units_->first_of(*unit), in_units_->rows_of(*unit));
}

void event_stream::finish() {
  for (const auto& [node, lost] : lost_)
    if (lost->count > 0 && around_.rules.not_finite != "keep")
      throw lost_results(
          fmt::format("{} returned {} of {} samples with numbers that are not finite{}, need finite ones; nothing "
                      "of them was written. Try clip: true, or more steps",
                      node->plugin.entry->full_name(), lost->count, rows_,
                      around_.rules.not_finite == "retry" ? ", twice" : ""),
          node->id, node->where);
  for (const auto& [node, lost] : lost_)
    if (lost->count > 0)
      around_.listens.remark(
          fmt::format("{}: {} samples have numbers that are not finite, the first in row {}; they are "
                      "kept",
                      node->id, lost->count, lost->first));
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
      if (s->node.role() == "metric")
        check_returned_arrays(s->node.plugin.entry->full_name(), o.arrays, s->node.plugin.entry->writes, s->info.shape,
                              s->of ? s->of->process().steps() : 0);
      return o;
    });
    s->taking.reset();
    if (around_.rules.units) found.files.clear();  // they are not whole yet
    pass_on(around_, s->node, found, s->provenance);
  }
  if (lost) throw *lost;
}

}
