#include "noneq/flow/edge_checks.hpp"

#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/config/keys.hpp"
#include "noneq/flow/attachment.hpp"
#include "noneq/flow/fields.hpp"
#include "noneq/flow/loss_curve.hpp"
#include "noneq/plugin/roles/model.hpp"
#include "noneq/plugin/roles/transform.hpp"

namespace noneq::flow {

const plan_node* find(const plan& p, const std::string& id) {
  const auto it = std::find_if(p.nodes.begin(), p.nodes.end(), [&](const plan_node& n) { return n.id == id; });
  return it == p.nodes.end() ? nullptr : &*it;
}

std::vector<std::string> names_of_inputs(const plan_node& n) {
  std::vector<std::string> all;
  for (const plan_edge& e : n.in) all.push_back(e.from);
  return all;
}

namespace {

std::vector<std::string> names_of_nodes(const plan& p) {
  std::vector<std::string> ids;
  for (const plan_node& n : p.nodes) ids.push_back(n.id);
  return ids;
}

// Whether the file gives this key of a node: where it could not be read, or is misspelt, that is the problem, and not
// that it is missing.
bool is_given(const plan_node& n, const std::string& key) {
  return n.written.contains(key) || config::is_mistyped(n.written, key, {key});
}

void check_inputs(const plan& p, const plan_node& n, const attachment& may, config::problems& found) {
  const std::string subject = n.id + ".in";
  if (n.in.empty() && may.needs_in && !is_given(n, "in"))
    found.add(error(n.measures_samples() ? "is missing; need the name of a sampler node"
                                         : "is missing; need the name of the node before it",
                    subject, n.where));
  std::set<std::string> seen;
  for (const plan_edge& e : n.in) {
    const plan_node* from = find(p, e.from);
    if (!may.in)
      found.add(error(fmt::format("a {} has no input", n.role()), subject, e.where));
    else if (from == nullptr)
      found.add(error(fmt::format("there is no node '{}'{}", e.from, did_you_mean(e.from, names_of_nodes(p))), subject,
                      e.where));
    else if (!seen.insert(e.from).second)
      found.add(error(fmt::format("got '{}' twice", e.from), subject, e.where));
    else if (from->plugin.entry && from->role() == "writer")
      found.add(error(fmt::format("got '{}', which is a writer and gives nothing", e.from), subject, e.where));
    else if (from->plugin.entry && from->kind() == node_kind::sink && n.role() != "writer")
      found.add(error(fmt::format("got '{}', which is a {} and gives arrays at its end, need a writer to take them",
                                  e.from, from->role()),
                      subject, e.where));
    else if (from->plugin.entry && from->kind() == node_kind::sink && n.in.size() > 1)
      found.add(
          error(fmt::format("joins '{}', which is a {} and gives arrays at its end, with other nodes; need it alone",
                            e.from, from->role()),
                subject, e.where));
  }
}

// A finished run in its folder.
void check_folder_of_run(const plan_node& n, config::problems& found) {
  const auto need = [&](const char* file, const char* lacks) {
    std::error_code failed;
    if (std::filesystem::exists(n.of_run / file, failed)) return true;
    found.add(
        error(fmt::format("got '{}', which is no folder of a finished run; it has no {}", n.of_run.string(), lacks),
              n.id + ".of", n.of_where));
    return false;
  };
  if (need("pipeline.yaml", "pipeline.yaml")) need("checkpoint/checkpoint.json", "checkpoint");
}

void check_model(plan& p, plan_node& n, const attachment& may, config::problems& found) {
  const std::string subject = n.id + ".of";
  if (!may.of) {
    if (!n.of.empty())
      found.add(error(n.measures_samples()
                          ? n.plugin.entry->full_name() + " measures samples, need in: a sampler instead"
                          : fmt::format("a {} takes no model", n.role()),
                      subject, n.of_where));
    return;
  }
  if (n.of.empty()) {
    if (is_given(n, "of")) return;
    found.add(error("is missing; need the name of a model node, or the folder of a finished run", subject, n.where));
    return;
  }
  if (const plan_node* to = find(p, n.of)) {
    if (to->plugin.entry && to->role() != "model")
      found.add(
          error(fmt::format("got '{}', which is a {}, need a model, or the folder of a finished run", n.of, to->role()),
                subject, n.of_where));
    return;
  }
  std::error_code failed;
  if (n.of.find('/') == n.of.npos && !std::filesystem::exists(n.of, failed)) {
    found.add(error(
        fmt::format("there is no node '{}', and no folder of a run{}", n.of, did_you_mean(n.of, names_of_nodes(p))),
        subject, n.of_where));
    return;
  }
  n.of_run = std::exchange(n.of, "");
  check_folder_of_run(n, found);
}

using tensor_names = std::set<std::string>;

// A tensor that some data has and other data lacks: the plan cannot decide whether two inputs both bring it.
bool depends_on_data(const std::string& name) { return name == "label" || name == "row"; }

std::string listed(const tensor_names& names) {
  return names.empty() ? "no tensors" : fmt::format("{}", fmt::join(names, ", "));
}

// Returns where `as:` renames this tensor of an input.
place place_of_name(const plan_node& n, const plan_edge& e, const std::string& tensor) {
  const config::value* as = n.written.find("as");
  for (const std::string& key : {e.from + "." + tensor, tensor})
    if (as != nullptr && as->contains(key)) return as->key_place(key);
  return e.where;
}

// The tensors of all inputs under their new names.
tensor_names names_before(const plan_node& n, const std::map<std::string, tensor_names>& given,
                          config::problems& found) {
  std::map<std::string, std::string> from;
  for (const plan_edge& e : n.in) {
    const tensor_names& before = given.at(e.from);
    std::map<std::string, std::string> there;  // by new names
    for (const std::string& tensor : before) {
      const auto as = e.as.find(tensor);
      const std::string& name = as == e.as.end() ? tensor : as->second;
      const auto [other, added] = there.emplace(name, tensor);
      if (!added)
        found.add(error(fmt::format("gives two tensors of {} the name '{}', need different names", e.from, name),
                        n.id + ".as", place_of_name(n, e, as == e.as.end() ? other->second : tensor)));
    }
    for (const auto& [tensor, name] : e.as)
      if (before.count(tensor) == 0)
        found.add(error(fmt::format("got '{}', but {} gives {}{}", tensor, e.from, listed(before),
                                    did_you_mean(tensor, {before.begin(), before.end()})),
                        n.id + ".as", place_of_name(n, e, tensor)));
    for (const auto& [name, _] : there)
      if (const auto [it, added] = from.emplace(name, e.from); !added && !depends_on_data(name))
        found.add(error(fmt::format("got the tensor '{}' from both {} and {}, need another name: as: {{{}.{}: other}}",
                                    name, it->second, e.from, e.from, name),
                        n.id + ".in", e.where));
  }
  tensor_names all;
  for (const auto& [name, _] : from) all.insert(name);
  return all;
}

// The names of the tensors that a node reads from its inputs.
std::vector<std::string> names_read(const plan& p, const plan_node& n) {
  std::vector<std::string> all;
  for (const named_tensor_doc& r : n.plugin.entry->reads) all.push_back(r.name);
  const auto add = [&](const std::vector<std::string>& more) { all.insert(all.end(), more.begin(), more.end()); };
  if (n.role() == "metric" && n.takes_model()) all.push_back("x0");  // where it stands in a stream
  if (n.role() == "sampler") add(n.as<sampler>().reads());
  if (n.prepares_data()) add(n.as<transform>().fields);
  const plan_node* of = n.role() == "model" ? &n : n.takes_model() ? find(p, n.of) : nullptr;
  if (of != nullptr && of->role() == "model")
    for (const std::string& name : of->as<model>().conditions())
      if (!is_name_of_mask(name)) all.push_back(name);  // files decide whether numbers are missing and have a mask
  return all;
}

// Returns the tensors that nodes pass to their followers.
tensor_names given_by(const plan_node& n, tensor_names before) {
  // A sampler starts a new stream, and a sink passes on its arrays at its end.
  if (n.role() == "sampler" || n.kind() == node_kind::sink) before.clear();
  if (n.transforms_samples()) {  // of its input it passes on label and row only
    std::erase_if(before, [](const std::string& name) { return !depends_on_data(name); });
    for (const std::string& name : n.as<sample_transform>().makes()) before.insert(name);
  } else if (n.role() == "trainer")
    for (const auto& w : loss_curve_tensors()) before.insert(w.name);
  else
    for (const auto& w : n.plugin.entry->writes) before.insert(w.name);
  if (n.role() == "loader") {
    for (const std::string& name : n.as<loader>().gives()) before.insert(name);
    if (!n.as<loader>().gives_x0()) before.erase("x0");
  }
  return before;
}

}

void check_edges(plan& p, plan_node& n, config::problems& found) {
  if (n.plugin.entry == nullptr) return;
  const auto may = attachment_of(*n.plugin.entry);
  if (!may) {
    found.add(
        error(fmt::format("a {} is a part of the process or of another plugin, not a node", n.role()), n.id, n.where));
    return;
  }
  check_inputs(p, n, *may, found);
  check_model(p, n, *may, found);
  if (n.measures_samples() && n.every > 0)
    found.add(error("it measures whenever its sampler draws, need every: there", n.id + ".every", n.where));
  else if (n.every > 0 && !may->every)
    found.add(
        error("only samplers, metrics, and sinks that hang on the training, have occasions", n.id + ".every", n.where));
}

// The results of a model stand beside the tensors of their rows, none of which they replace.
static void check_new_names(const plan_node& n, const tensor_names& have, config::problems& found) {
  if (!n.applies_model()) return;
  for (const named_tensor_doc& w : n.plugin.entry->writes)
    if (have.count(w.name) > 0)
      found.add(error(fmt::format("got rows with '{0}', which {1} adds to them, need another name: as: {{{0}: other}}",
                                  w.name, n.plugin.entry->full_name()),
                      n.id + ".in", n.in.front().where));
}

namespace {

struct written_name {
  std::string key;
  place where;
};

// Returns the parameter of the node that names the tensor, by itself or in a list.
std::optional<written_name> written_as(const plan_node& n, const std::string& tensor) {
  for (const auto& [key, v] : n.written.entries()) {
    if (n.plugin.entry->find(key) == nullptr) continue;
    if (v.is_scalar() && v.text() == tensor) return written_name{key, v.where()};
    for (const config::value& item : v.items())
      if (item.is_scalar() && item.text() == tensor) return written_name{key, item.where()};
  }
  return std::nullopt;
}

error missing_tensor(const plan_node& n, const std::string& need, const tensor_names& have,
                     const tensor_names& givers) {
  const std::string inputs = fmt::format("{}", fmt::join(names_of_inputs(n), "', '")),
                    remedy = givers.empty() ? did_you_mean(need, {have.begin(), have.end()})
                                            : fmt::format(", as {} gives it", fmt::join(givers, " or ")),
                    other = remedy.empty() ? fmt::format("; as: {{{}: {}}} renames one",
                                                         n.in.size() > 1 ? "NODE.NAME" : "NAME", need)
                                           : "";
  if (const auto written = written_as(n, need))
    return error(fmt::format("got '{}', need a tensor that '{}' gives: {}{}", need, inputs, listed(have), remedy),
                 n.id + "." + written->key, written->where);
  return error(fmt::format("got '{}', which gives {}, need the tensor '{}'{}{}{}", inputs, listed(have), need,
                           givers.empty() ? ", which nothing before it writes" : "", remedy, other),
               n.id + ".in", n.in.front().where);
}

}

void check_names(const plan& p, config::problems& found) {
  std::map<std::string, tensor_names> given, missing;
  for (const plan_node& n : p.nodes) {
    tensor_names have = names_before(n, given, found);
    for (const std::string& need : names_read(p, n)) {
      const bool by_model = missing[n.of].count(need) > 0;  // a condition, which was reported there
      if (have.count(need) || n.in.empty() || by_model || !missing[n.id].insert(need).second) continue;
      tensor_names others;
      for (const plan_node& o : p.nodes)
        if (o.id != n.id && given.count(o.id) && given.at(o.id).count(need)) others.insert(o.id);
      found.add(missing_tensor(n, need, have, others));
    }
    check_new_names(n, have, found);
    given[n.id] = given_by(n, std::move(have));
  }
}

}
