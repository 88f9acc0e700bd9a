#include "noneq/flow/plan.hpp"

#include <fmt/format.h>

#include "noneq/core/any_exception.hpp"
#include "noneq/flow/plan_checks.hpp"

namespace noneq {
namespace {

const std::vector<std::string> pipeline_keys{"name", "seed", "process", "graph"};
const std::vector<std::string> process_keys{"kernel", "schedule", "mean", "variance"};
const std::vector<std::string> node_keys{"plugin", "in", "of", "every", "at"};

void refuse_unknown_keys(const value& map, const std::vector<std::string>& known, const std::string& subject,
                         problems& found) {
  for (const auto& [key, v] : map.entries())
    if (std::find(known.begin(), known.end(), key) == known.end())
      found.add(error(fmt::format("unknown key '{}'{}", key, did_you_mean(key, known)), subject, map.key_place(key)));
}

const value* section(const value& map, const std::string& key, const std::string& subject, problems& found) {
  const value* v = map.find(key);
  if (v == nullptr)
    found.add(error(fmt::format("the key '{}' is missing", key), subject, map.where()));
  else if (v->type() != value::kind::map)
    found.add(error(fmt::format("got {}, need a map", v->kind_name()), key, v->where()));
  else
    return v;
  return nullptr;
}

template <class T>
void read_into(T& target, const value& map, const std::string& key, const std::string& subject, problems& found) {
  if (const value* v = map.find(key)) found.guard([&] { target = read<T>(*v); }, v->where(), subject);
}

template <class Role>
std::shared_ptr<const Role> process_part(plan& p, const value& section, const char* fallback, const reading& r) {
  const std::string key{Role::role_name};
  const value* given = section.find(key);
  if (given == nullptr && fallback == nullptr) {
    r.found.add(error(fmt::format("the key '{}' is missing; need a {} plugin", key, key), "process", section.where()));
    return nullptr;
  }
  instance i = instantiate(key, given ? *given : value::scalar(fallback), {r.plugins, r.found, "process." + key});
  if (i.made) p.process_parts[key] = i;
  return std::static_pointer_cast<const Role>(i.made);
}

void read_process(plan& p, const value& v, const reading& r) {
  refuse_unknown_keys(v, process_keys, "process", r.found);
  p.process.kernel = process_part<kernel>(p, v, nullptr, r);
  p.process.schedule = process_part<schedule>(p, v, nullptr, r);
  p.process.mean = process_part<mean>(p, v, nullptr, r);
  if (p.process.kernel == nullptr) return;
  if (p.process.kernel->has_variance())
    p.process.variance = process_part<variance>(p, v, "fixed_small", r);
  else if (const value* extra = v.find("variance"))
    r.found.add(
        error(fmt::format("the kernel {} has no variance; leave this key out", p.process_parts["kernel"].entry->name),
              "process.variance", extra->where()));
}

void read_occasions(plan_node& n, const value& v, problems& found) {
  const bool may = n.plugin.entry == nullptr || n.role() == "sampler" || n.role() == "metric";
  for (const char* key : {"every", "at"})
    if (const value* given = v.find(key); given && !may)
      found.add(error("only samplers and metrics have occasions", n.id + "." + key, given->where()));
  if (const value* every = v.find("every"))
    found.guard(
        [&] {
          n.every = read<std::int64_t>(*every);
          if (n.every < 1) throw error(fmt::format("got {}, need a value of at least 1", n.every));
        },
        every->where(), n.id + ".every");
  if (const value* at = v.find("at"))
    found.guard(
        [&] {
          if (const auto text = read<std::string>(*at); text != "end")
            throw error(fmt::format("got '{}', need 'end'", text));
        },
        at->where(), n.id + ".at");
}

// A node without a plugin is most often another one's name misspelt, as in --set graph.modle.hidden=[8].
std::string plugin_missing(const std::string& id, const value& v, const value& graph) {
  std::vector<std::string> others;
  for (const auto& [name, node] : graph.entries())
    if (name != id && (!node.is_map() || node.contains("plugin"))) others.push_back(name);
  const std::string key = v.is_map() && !v.contains("plugin") ? "a map without the key 'plugin'" : v.kind_name();
  return fmt::format("got {}, need the key 'plugin', or the name of another node{}", key, did_you_mean(id, others));
}

plan_node read_node(const std::string& id, const value& v, const value& graph, const reading& r) {
  plan_node n;
  n.id = id;
  n.where = v.where();
  const value* name = v.type() == value::kind::map ? v.find("plugin") : &v;
  std::string role;
  r.found.guard(
      [&] {
        if (name == nullptr || name->type() != value::kind::scalar) throw error(plugin_missing(id, v, graph));
        const std::string full = read<std::string>(*name);
        const auto dot = full.find('.');
        const std::string named = full.substr(0, dot);
        const auto roles = r.plugins.roles();
        if (dot == std::string::npos || std::find(roles.begin(), roles.end(), named) == roles.end())
          throw error(fmt::format("got '{}', need <role>.<name> of a plugin, as in loader.hdf5{}", full,
                                  did_you_mean(named, roles)));
        role = named;
      },
      name ? name->where() : v.where(), id + ".plugin");
  if (v.type() == value::kind::map) {
    read_into(n.in, v, "in", id + ".in", r.found);
    read_into(n.of, v, "of", id + ".of", r.found);
    if (const value* in = v.find("in")) n.in_where = in->where();
    if (const value* of = v.find("of")) n.of_where = of->where();
  }
  if (!role.empty() && r.plugins.roles().size() > 0) {
    const std::size_t before = r.found.size();
    n.plugin = instantiate(role, v, {r.plugins, r.found, id}, node_keys);
    if (n.plugin.made == nullptr && r.found.size() == before) n.plugin = {};
  }
  if (v.type() == value::kind::map) read_occasions(n, v, r.found);
  return n;
}

value resolved_node(const plan_node& n) {
  value v = render(n.plugin);
  v.set("plugin", value::scalar(n.plugin.entry->full_name()));
  if (!n.in.empty()) v.set("in", value::scalar(n.in));
  if (!n.of.empty()) v.set("of", value::scalar(n.of));
  if (n.every > 0) v.set("every", value::scalar(std::to_string(n.every)));
  return v;
}

}

plan make_plan(const value& document, registry& plugins) {
  problems found;
  plan p;
  if (document.type() != value::kind::map) {
    found.add(error(fmt::format("got {}, need a map with name, process and graph", document.kind_name()), "",
                    document.where()));
    found.raise();
  }
  refuse_unknown_keys(document, pipeline_keys, "", found);
  const reading r{plugins, found, ""};
  if (document.find("name") == nullptr) found.add(error("the key 'name' is missing", "", document.where()));
  read_into(p.name, document, "name", "name", found);
  if (const value* name = document.find("name"); name && name->is_scalar())
    if (p.name.empty() || p.name.find('/') != std::string::npos || p.name == "." || p.name == "..")
      found.add(error(fmt::format("got '{}', need a name that can be a folder", p.name), "name", name->where()));
  read_into(p.seed, document, "seed", "seed", found);
  if (const value* v = section(document, "process", "", found)) read_process(p, *v, r);
  if (const value* v = section(document, "graph", "", found))
    for (const auto& [id, node] : v->entries()) p.nodes.push_back(read_node(id, node, *v, r));
  check_process(p, found);
  check_graph(p, document, found);
  found.raise();
  return p;
}

const plan_node& plan::node(const std::string& id) const {
  return *std::find_if(nodes.begin(), nodes.end(), [&](const plan_node& n) { return n.id == id; });
}

const plan_node& plan::the(std::string_view role) const {
  return *std::find_if(nodes.begin(), nodes.end(), [&](const plan_node& n) { return n.role() == role; });
}

std::vector<const plan_node*> plan::followers(const std::string& id) const {
  std::vector<const plan_node*> result;
  for (const plan_node& n : nodes)
    if (n.in == id) result.push_back(&n);
  return result;
}

value plan::resolved() const {
  value v = value::map(), parts = value::map(), graph = value::map();
  v.set("name", value::scalar(name));
  v.set("seed", value::scalar(std::to_string(seed)));
  for (const std::string& key : process_keys)
    if (const auto it = process_parts.find(key); it != process_parts.end()) parts.set(key, render(it->second));
  for (const plan_node& n : nodes) graph.set(n.id, resolved_node(n));
  v.set("process", std::move(parts));
  v.set("graph", std::move(graph));
  return v;
}

error at_node(const plan_node& n, const std::exception& e) {
  if (const auto* known = dynamic_cast<const error*>(&e)) {
    const std::string first = known->subject().substr(0, known->subject().find_first_of(".["));
    const bool of_parameter = first != n.id && n.plugin.entry->find(first) != nullptr;
    return (of_parameter ? known->within(n.id) : *known).at(n.where, n.id);
  }
  return error(text_of(e), n.id, n.where);
}

error at_node(const plan_node& n, const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& known) {
    return at_node(n, known);
  } catch (...) {
    return error(fmt::format("{} {}", n.plugin.entry->full_name(), text_of(e)), n.id, n.where);
  }
}

void fail_at(const plan_node& n, const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const interrupted&) {
    throw;
  } catch (const input_error&) {
    throw;
  } catch (...) {
    throw at_node(n, e);
  }
}

void refuse_at(const plan_node& n, const std::exception_ptr& e) {
  std::vector<error> all;
  try {
    std::rethrow_exception(e);
  } catch (const interrupted&) {
    throw;
  } catch (const input_error& many) {
    for (const error& each : many.problems()) all.push_back(at_node(n, each));
  } catch (...) {
    all.push_back(at_node(n, e));
  }
  throw input_error(std::move(all));
}

}
