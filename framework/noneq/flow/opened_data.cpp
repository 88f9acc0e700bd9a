#include "noneq/flow/opened_data.hpp"

#include "noneq/flow/checked_source.hpp"
#include "noneq/flow/fields.hpp"
#include "noneq/flow/joined_source.hpp"
#include "noneq/plugin/row_pass.hpp"

namespace noneq::flow {

std::shared_ptr<source> opened_data::open_loader(const plan_node& n, const std::optional<normalisation>& known) {
  auto& opened = loaders_[n.id];
  if (!opened)
    opened = working(n, [&] {
      auto made = checked_source(n.as<loader>().open(known, root_.fork(n.id)), n.plugin.entry->full_name());
      made->state([&](const std::string& name, Tensor& t) {
        if (const auto it = saved_.find(n.id + "." + name); it != saved_.end()) t = it->second.clone();
      });
      return made;
    });
  return opened;
}

const plan_node& opened_data::first_loader(const plan_node& n) const {
  return n.in.empty() ? n : first_loader(plan_.node(n.in.front().from));
}

// The work of a transform node: one step for each of its fields.
static std::vector<branch_node> steps_of(const plan_node& n) {
  const std::vector<std::string>& fields = n.as<transform>().fields;
  std::vector<branch_node> all;
  for (std::size_t k = 0; k < fields.size(); ++k)
    all.push_back({n.id, k == 0 ? n.plugin : n.for_field[k - 1], fields[k]});
  return all;
}

// One input whose tensors keep their names.
static bool plain_input(const plan_node& n) { return n.in.size() == 1 && n.in.front().as.empty(); }

std::shared_ptr<source> opened_data::inputs_of(const plan_node& n, const std::optional<known_data>& known) {
  std::vector<joined_input> inputs;
  config::problems found;
  for (const plan_edge& e : n.in)
    if (found.guard([&] { behind(plan_.node(e.from), known); })) inputs.push_back({behind_.at(e.from), e.from, e.as});
  found.raise();
  if (plain_input(n)) return inputs.front().from;
  return working(n, [&] { return joined_source(std::move(inputs)); });
}

source& opened_data::behind(const plan_node& n, const std::optional<known_data>& known) {
  if (const auto there = behind_.find(n.id); there != behind_.end()) return *there->second;
  // A chain of transforms is one branch, so that one pass over the rows serves them all.
  std::vector<branch_node> chain;
  const plan_node* first = &n;
  while (first->prepares_data()) {
    const auto steps = steps_of(*first);
    chain.insert(chain.begin(), steps.begin(), steps.end());
    const plan_node& before = plan_.node(first->in.front().from);
    if (!plain_input(*first) || !before.prepares_data()) break;
    first = &before;
  }
  const plan_node& begin = chain.empty() ? n : plan_.node(first->in.front().from);
  const bool from_loader = begin.kind() == node_kind::source && (chain.empty() || plain_input(*first));
  std::optional<normalisation> own;
  if (known && from_loader && &begin == &first_loader(n))
    own = chain.empty() ? std::optional(known->behind) : known->loaded;
  std::shared_ptr<source> made = from_loader ? open_loader(begin, own) : inputs_of(*first, known);
  if (from_loader || !chain.empty()) {
    const dataset_info before = made->info();
    const bool looked_at = (!from_loader || examined_.count(begin.id)) &&
                           std::all_of(chain.begin(), chain.end(), [&](const auto& t) { return infos_.count(t.id); });
    made = working(from_loader ? begin : n, [&] {  // errors of the transforms have their places already
      return std::make_shared<branch>(std::move(made), chain, root_,
                                      known ? std::optional(known->behind) : std::nullopt, looked_at);
    });
    if (from_loader) examined_.insert(begin.id);
    const auto all = along(chain, before);
    for (const branch_node& t : chain) steps_[t.id].clear();
    for (std::size_t k = 0; k < chain.size(); ++k) {
      infos_[chain[k].id] = all[k + 1];
      steps_[chain[k].id].push_back(all[k + 1]);
    }
  }
  return *(behind_[n.id] = std::move(made));
}

bool opened_data::has(const plan_node& n) const {
  return n.kind() == node_kind::source ? examined_.count(n.id) > 0 : infos_.count(n.id) > 0;
}

// Joins the data of a node's inputs.
static dataset_info described(const plan_node& n, const std::vector<dataset_info>& infos) {
  if (plain_input(n)) return infos.front();
  std::vector<described_input> inputs;
  for (std::size_t k = 0; k < infos.size(); ++k) inputs.push_back({infos[k], n.in[k].as});
  return joined_info(inputs);
}

dataset_info opened_data::info_behind(const plan_node& n) const {
  if (const auto known = infos_.find(n.id); known != infos_.end()) return known->second;
  if (n.kind() == node_kind::source) return loaders_.at(n.id)->info();
  if (n.role() != "sampler" && !n.transforms_samples()) return info_before(n);
  dataset_info none;  // samples are no data
  none.has_x0 = false;
  return none;
}

dataset_info opened_data::info_before(const plan_node& n) const {
  std::vector<dataset_info> infos;
  for (const plan_edge& e : n.in) infos.push_back(info_behind(plan_.node(e.from)));
  return described(n, infos);
}

std::map<std::string, dataset_info> opened_data::loaded(const plan_node& n) const {
  std::map<std::string, dataset_info> all;
  for (const plan_node* b : plan_.before(n))
    if (b->kind() == node_kind::source) all[b->id] = loaders_.at(b->id)->info();
  return all;
}

dataset_info opened_data::along_to(const plan_node& n, const std::map<std::string, dataset_info>& loaded) const {
  std::vector<dataset_info> infos;
  for (const plan_edge& e : n.in) {
    const plan_node& from = plan_.node(e.from);
    const dataset_info before = from.in.empty() ? loaded.at(from.id) : along_to(from, loaded);
    infos.push_back(from.prepares_data() ? along(steps_of(from), before).back() : before);
  }
  return described(n, infos);
}

bool opened_data::changes_shape(const plan_node& n, const std::map<std::string, dataset_info>& loaded) const {
  const dataset_info before = along_to(n, loaded), after = along(steps_of(n), before).back();
  return (before.has_x0 && before.shape != after.shape) ||
         std::any_of(before.fields.begin(), before.fields.end(),
                     [&](const auto& f) { return after.fields.at(f.first).shape != f.second.shape; });
}

void opened_data::close() {
  loaders_.clear();
  behind_.clear();
  infos_.clear();
  steps_.clear();
  examined_.clear();
}

batch opened_data::fetch(const plan_node& n, std::int64_t step, const batch_share& share) {
  source& from = *loaders_.at(n.id);
  const stream s = root_.fork(n.id).fork(step);
  batch raw = share.whole() ? from.fetch(step, s) : from.fetch_share(step, s, share);
  raw.step = step;
  from.state([&](const std::string& name, Tensor& t) {
    const std::lock_guard one(fetching_);
    ahead_[step][n.id + "." + name] = t.detach().clone();
  });
  return raw;
}

void opened_data::reached(std::int64_t step) {
  const std::lock_guard one(fetching_);
  if (const auto at = ahead_.find(step); at != ahead_.end()) reached_ = at->second;
  ahead_.erase(ahead_.begin(), ahead_.upper_bound(step));
}

void opened_data::state(const state_visitor& visit) {
  for (auto& [name, t] : reached_.empty() ? saved_ : reached_) visit(name, t);
}

source& opened_data::of_loader(const plan_node& n) { return *open_loader(n, std::nullopt); }

batch opened_data::transformed(const plan_node& n, batch b, bool training, const std::string& part) const {
  const plan_node& loader = first_loader(n);
  const dataset_info& info = loaders_.at(loader.id)->info();
  const stream own = root_.fork(n.id);
  const transform_context c =
      training ? transform_context::of_training(own, info, b.step, loader.as<noneq::loader>().batch_size, b.first)
               : transform_context::of_part(own, info, part, b.first);
  const std::vector<branch_node> steps = steps_of(n);
  for (std::size_t k = 0; k < steps.size(); ++k) b = run_transform(steps[k], std::move(b), c, steps_.at(n.id)[k]);
  return b;
}

static batch fetch_some(source& data, const std::string& part, std::int64_t first, std::int64_t n) {
  return part.empty() ? data.fetch_rows(first, n) : data.fetch_part(part, first, n);
}

batch fetch_rows(source* data, const row_request& rows, std::int64_t k) {
  const std::int64_t first = rows.begin + k * rows.block, n = std::min(rows.block, rows.count - k * rows.block);
  batch raw;
  if (rows.data) raw = fetch_some(*data, rows.part, first, n);
  raw.step = k, raw.first = first;
  return raw;
}

batch fetch_in_turn(source& data, const row_request& rows, std::int64_t k, std::int64_t there) {
  const std::int64_t first = k * rows.block, n = std::min(rows.block, rows.count - first);
  std::vector<batch> pieces;
  for (std::int64_t done = 0; done < n;) {
    const std::int64_t at = (first + done) % there, some = std::min(n - done, there - at);
    pieces.push_back(fetch_some(data, rows.part, at, some));
    done += some;
  }
  batch raw{k, first, {}};
  raw.fetched = std::make_shared<const std::vector<batch>>(std::move(pieces));
  return raw;
}

batch prepare_in_turn(const source& data, batch raw) {
  const auto pieces = std::static_pointer_cast<const std::vector<batch>>(raw.fetched);
  std::vector<batch> ready;
  for (const batch& piece : *pieces) ready.push_back(data.prepare(piece));
  batch whole = joined_rows(ready);
  whole.step = raw.step, whole.first = raw.first;
  return whole;
}

}
