#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/flow/edge_checks.hpp"
#include "noneq/flow/row_parameters.hpp"

namespace noneq::flow {
namespace {

bool works_in_training_only(const plan_node& n) {
  return n.role() == "model" || n.role() == "loss" || n.role() == "trainer";
}

// Returns the first of these nodes that is no part of the training. Requires that there is one.
const plan_node& beside_training(const plan& p, const std::vector<const plan_node*>& all) {
  return **std::find_if(all.begin(), all.end(), [&](const plan_node* n) { return !p.streams.front().has(n->id); });
}

// Streams beside the training hold data, samplers and sinks: the model and the nodes behind it work in the training
// only.
void check_side_streams(const plan& p, config::problems& found) {
  for (const plan_node& n : p.nodes) {
    const auto before = p.before(n);
    const auto has = [&](const auto& holds) {
      const auto it = std::find_if(before.begin(), before.end(), [&](const plan_node* b) { return holds(*b); });
      return it == before.end() ? nullptr : *it;
    };
    if ((n.verifies() || n.transforms_samples()) && p.trains() && p.streams.front().has(n.id))
      found.add(error(fmt::format("got '{}' of the training, need a sampler, or loaders beside the training",
                                  fmt::join(names_of_inputs(n), "', '")),
                      n.id + ".in", n.in.front().where));
    if (n.measures_samples() && !n.verifies() &&
        has([](const plan_node& b) { return b.role() == "sampler"; }) == nullptr)
      found.add(
          error(fmt::format("got '{}', need a sampler", fmt::join(names_of_inputs(n), "', '")), n.id + ".in", n.where));
    if (const plan_node* b = has(works_in_training_only);
        b != nullptr && !p.streams.front().has(n.id) && !n.takes_model() && n.kind() == node_kind::sink)
      found.add(error(fmt::format("joins '{}', a {}, which works in the training only, with '{}', which is no part of "
                                  "it; need nodes of the training alone",
                                  b->id, b->role(), beside_training(p, before).id),
                      n.id + ".in", n.where));
    if (n.applies_model() && p.trains() && p.streams.front().has(n.id))
      found.add(
          error("stands between the loader and the trainer, where no finished model is applied; need a place "
                "beside the training",
                n.id, n.where));
    for (const plan_node* b : before)
      if (n.takes_model() && works_in_training_only(*b))
        found.add(error(
            fmt::format("stands behind '{}', a {}, which works in the training only; need in: data", b->id, b->role()),
            n.id + ".in", n.where));
      else if (n.prepares_data() && b->applies_model())
        found.add(
            error(fmt::format("stands behind '{}', which applies a model to rows; need in: data before it", b->id),
                  n.id + ".in", n.in.front().where));
      else if (n.applies_model() && b->role() == "sampler")
        found.add(error(fmt::format("stands behind the sampler '{}', need in: data", b->id), n.id + ".in",
                        n.in.front().where));
      else if (n.prepares_data() && !b->prepares_data() && b->kind() != node_kind::source)
        found.add(
            error(fmt::format("stands behind '{}', a {}, need in: a loader or another transform", b->id, b->role()),
                  n.id + ".in", n.where));
      else if (n.role() == "sampler" && b != &n && b->role() == "sampler")
        found.add(error(fmt::format("stands behind the sampler '{}', need in: data", b->id), n.id + ".in", n.where));
    if (n.role() == "sampler" && n.in.empty())
      if (const auto all = n.as<sampler>().reads(); !all.empty()) {
        const std::set<std::string> reads(all.begin(), all.end());
        found.add(error(fmt::format("is missing; need rows with the {} '{}'", reads.size() == 1 ? "tensor" : "tensors",
                                    fmt::join(reads, "', '")),
                        n.id + ".in", n.where));
      }
  }
}

// `count` cuts the rows of a whole stream, or repeats them, which other sinks of the stream would not expect.
void check_counts(const plan& p, config::problems& found) {
  for (const stream_nodes& s : p.streams)
    for (const std::string& id : s.nodes) {
      const plan_node& n = p.node(id);
      if (n.role() != "sampler" || n.in.empty() || n.as<sampler>().count == 0) continue;
      for (const std::string& other : s.nodes) {
        const plan_node& o = p.node(other);
        const auto before = p.before(o);
        const bool ends = o.kind() == node_kind::sink || o.role() == "sampler";
        if (ends && std::find(before.begin(), before.end(), &n) == before.end())
          found.add(error(fmt::format("got {} of a stream that {} receives too, need 0, one sample a row",
                                      n.as<sampler>().count, o.id),
                          n.id + ".count", n.where));
      }
    }
}

void check_members(const plan& p, config::problems& found) {
  for (const plan_node& n : p.nodes) {
    if (n.role() != "sampler" || n.as<sampler>().members == 0) continue;
    const std::int64_t members = n.as<sampler>().members, frames = n.as<sampler>().frames;
    if (n.in.empty())
      found.add(error(
          fmt::format("got {} without in:, need rows to draw an ensemble for; count draws single samples", members),
          n.id + ".members", n.where));
    if (frames > 0)
      found.add(
          error(fmt::format("got {} beside members: {}, need 0: frames show the way to one sample", frames, members),
                n.id + ".frames", n.where));
    for (const plan_node* f : p.followers(n.id))
      if (f->measures_samples() && !f->verifies())
        found.add(error(fmt::format("got the {} members of each row of {}, need one sample a row: {} compares single "
                                    "samples",
                                    members, n.id, f->plugin.entry->full_name()),
                        f->id + ".in", f->where));
  }
}

// A parameter that is set but changes nothing where its node stands is refused.
void check_row_parameters(const plan& p, config::problems& found) {
  for (const plan_node& n : p.nodes) {
    const config::value* node = p.document->find("graph")->find(n.id);
    if (n.in.empty() || !node->is_map()) continue;
    for (const row_parameter& r : row_parameters(*n.plugin.entry))
      if (node->contains(r.name))
        found.add(error(fmt::format("has no meaning behind '{}', which {}; leave it out",
                                    fmt::join(names_of_inputs(n), "', '"), r.instead),
                        n.id + "." + r.name, node->key_place(r.name)));
  }
}

// Rows of two loaders stand side by side in training only if neither shuffles them, and batches hold as many of each.
void check_orders(const plan& p, config::problems& found) {
  if (!p.trains()) return;
  std::set<std::string> reported;
  const std::int64_t rows = p.training().loader.as<loader>().batch_size;
  for (const std::string& id : p.streams.front().nodes) {
    const plan_node& n = p.node(id);
    if (n.in.size() < 2) continue;
    std::set<std::string> loaders;
    for (const plan_node* b : p.before(n))
      if (b->kind() == node_kind::source && b != &n) loaders.insert(b->id);
    if (loaders.size() < 2) continue;
    for (const std::string& loader : loaders) {
      const plan_node& l = p.node(loader);
      const parameter* order = l.plugin.entry->find("order");
      if (order != nullptr && order->render(*l.plugin.made).text() != "sequential" && reported.insert(loader).second)
        found.add(error(fmt::format("got {}, need sequential, because {} joins its rows with those of another loader",
                                    order->render(*l.plugin.made).text(), n.id),
                        l.id + ".order", l.where));
      const std::int64_t of_other = l.as<noneq::loader>().batch_size;
      if (of_other != rows && reported.insert(loader + ".batch").second)
        found.add(error(fmt::format("got {}, need {}, the batch of '{}', with whose rows {} joins its own", of_other,
                                    rows, p.training().loader.id, n.id),
                        l.id + ".batch", l.where));
    }
  }
}

void check_sources(const plan& p, config::problems& found) {
  for (const plan_node& n : p.nodes)
    if ((n.kind() == node_kind::source || n.role() == "transform") && p.followers(n.id).empty())
      found.add(error("gives its rows to no node, need one that stands in it, or leave it out", n.id, n.where));
}

// Returns the reason why a sink has no `every` of its own.
std::string clock_of(const plan& p, const plan_node& n) {
  const auto before = p.before(n);
  const auto timed = std::find_if(before.rbegin(), before.rend(), [](const plan_node* b) { return b->takes_model(); });
  if (timed != before.rend()) return fmt::format("it works whenever '{}' does, need every: there", (*timed)->id);
  if (n.stands_in(p.training().trainer.id)) return "the course of the loss is written at the end only, need none";
  return fmt::format("it works at the end only, because '{}' is no part of the training; need none",
                     beside_training(p, before).id);
}

// Sinks that hang on the training receive its batches, and need `every` to choose the steps.
void check_occasions(const plan& p, config::problems& found) {
  if (!p.trains()) {
    for (const plan_node& n : p.nodes)
      if (n.every > 0) found.add(error("there are no steps without a trainer, need none", n.id + ".every", n.where));
    return;
  }
  for (const plan_node& n : p.nodes) {
    const bool on_training = p.streams.front().has(n.id), tee = on_training && n.kind() == node_kind::sink;
    if (n.role() == "trainer" || n.plugin.made == nullptr) continue;
    const bool after_sink = !n.in.empty() && p.node(n.in.front().from).kind() == node_kind::sink;
    if (tee && !after_sink && n.every == 0)
      found.add(error(n.stands_in(p.training().loss.id)
                          ? "is missing; need the steps between batches of the training that it takes, or, for the "
                            "course of the loss, in: " +
                                p.training().trainer.id
                          : "is missing; need the steps between batches of the training that it takes",
                      n.id + ".every", n.where));
    if (n.every > 0 && n.kind() == node_kind::sink && !n.takes_model() && (!tee || after_sink))
      found.add(error(clock_of(p, n), n.id + ".every", n.where));
  }
}

}

void check_streams(const plan& p, config::problems& found) {
  check_sources(p, found);
  const std::size_t before = found.size();
  check_side_streams(p, found);
  const bool placed = found.size() == before;
  check_counts(p, found);
  check_members(p, found);
  check_row_parameters(p, found);
  check_orders(p, found);
  if (placed) check_occasions(p, found);  // a node that is to stand elsewhere would get advice for where it stands
}

}
