#include "noneq/flow/event_surroundings.hpp"

#include "noneq/flow/described_rows.hpp"
#include "noneq/flow/drawn_stream.hpp"
#include "noneq/flow/joined_source.hpp"
#include "noneq/flow/sampling.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/flow/writer_checks.hpp"
#include "noneq/plugin/returned.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::flow {

const std::string& weights_of(const plan_node& n) {
  static const std::string raw = "raw";
  if (n.role() == "sampler") return n.as<sampler>().weights;
  if (n.applies_model()) return n.as<model_transform>().weights;
  return n.role() == "metric" ? n.as<metric>().weights : raw;
}

row_pass pass_over(const event_surroundings& around, const plan_node& n, session& model) {
  return [&around, &n, &model](const row_request& rows, const std::function<batch(batch)>& map,
                               const std::function<void(const batch&)>& add) {
    source* data = rows.data ? &model.data() : nullptr;
    drawn_stream drawn(around.listens);
    around.listens.expects(n, rows.batches());
    vertex v;
    v.fetch = [&](std::int64_t k) { return fetch_rows(data, rows, k); };
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

writing writing_for(const event_surroundings& around, const plan_node& n, const denoiser* d) {
  const plan_node* of = around.opened.plan().model_before(n);
  writing w{around.folder,
            around.at.occasion,
            d,
            {},
            around.opened.stream().fork(n.in.front().from).fork("writers"),
            {},
            {},
            {},
            input_of(around.opened.plan(), n, nullptr).tensors};
  w.provenance = {{"noneq", NONEQ_VERSION}};
  w.provenance.insert(around.rules.provenance.begin(), around.rules.provenance.end());
  w.units = around.rules.units;
  w.stored = described_rows(around.opened, n);
  if (of == nullptr && !around.opened.plan().trains()) return w;
  session& model = of ? around.opened.model_of(*of) : around.opened;
  w.provenance["trained_steps"] = std::to_string(&model == &around.opened ? around.at.step : model.step());
  w.info = model.info();
  if (around.at.occasion.empty() || of != nullptr)
    if (model.data_if_there() != nullptr) w.pass = pass_over(around, n, model);
  return w;
}

std::unique_ptr<sinking> opened_sink(const event_surroundings& around, const plan_node& n, const writing& w) {
  return working(n, [&] {
    // A run whose folder was removed is not to make it again.
    if (!std::filesystem::is_directory(around.folder)) throw storage::file_error(around.folder, "write", ENOENT);
    return open_writer(n, w);
  });
}

void pass_on(const event_surroundings& around, const plan_node& n, const outcome& found,
             const std::map<std::string, std::string>& provenance) {
  check_returned_batch(n.plugin.entry->full_name(), found.arrays);
  around.earlier.insert(around.earlier.end(), found.records.begin(), found.records.end());
  around.listens.found(n, around.at, found);
  if (!found.arrays.tensors.empty())
    for (const plan_node* f : around.opened.plan().followers(n.id))
      give_once(around, *f, renamed(found.arrays, f->in.front().as), provenance);
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
  const auto sink = opened_sink(around, n, w);
  through_door(around.listens, {n, calling::add, b.step}, [&] {
    sink->add(sink->map(b));
    const outcome o = sink->finish();
    check_returned_records(n.plugin.entry->full_name(), o.records);
    around.listens.found(n, around.at, o);
  });
}

}
