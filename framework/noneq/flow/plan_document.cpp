#include "noneq/flow/plan_document.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "noneq/config/extends.hpp"
#include "noneq/config/keys.hpp"
#include "noneq/plugin/roles/transform.hpp"

namespace noneq::flow {
namespace {

const std::vector<std::string> pipeline_keys{config::extends_key, "name",    "seed", "unit",
                                             "not_finite",        "process", "graph"};
const std::vector<std::string> not_finite_rules{"stop", "keep", "retry"};
const std::vector<std::string> node_keys{"plugin", "in", "as", "of", "every", "at"};

void refuse_unknown_keys(const config::value& map, const std::vector<std::string>& known, const std::string& subject,
                         config::problems& found) {
  for (const std::string& key : config::unknown_keys(map, known))
    found.add(error(fmt::format("unknown key '{}'{}", key, config::remedy_of_key(map, key, known)), subject,
                    map.key_place(key)));
}

// The end of the message is about what is needed. Where another key was meant for it, that one is refused instead.
void refuse_missing(const config::value& map, const std::string& key, const std::vector<std::string>& known,
                    const std::string& subject, config::problems& found, const std::string& need = "") {
  if (!config::is_mistyped(map, key, known))
    found.add(error(fmt::format("the key '{}' is missing{}", key, need), subject, map.where()));
}

const config::value* section(const config::value& document, const std::string& key, config::problems& found) {
  const config::value* v = document.find(key);
  if (v == nullptr)
    refuse_missing(document, key, pipeline_keys, "", found);
  else if (v->type() != config::value::kind::map)
    found.add(error(fmt::format("got {}, need a map", v->kind_name()), key, v->where()));
  else
    return v;
  return nullptr;
}

template <class T>
void read_into(T& target, const config::value& map, const std::string& key, const std::string& subject,
               config::problems& found) {
  if (const config::value* v = map.find(key)) found.guard([&] { target = config::read<T>(*v); }, v->where(), subject);
}

template <class Role>
std::shared_ptr<const Role> process_part(plan& p, const config::value& section, const char* fallback,
                                         const reading& r) {
  const std::string key{Role::role_name};
  const config::value* given = section.find(key);
  if (given == nullptr && fallback == nullptr) {
    refuse_missing(section, key, process_keys, "process", r.found, fmt::format("; need a {} plugin", key));
    return nullptr;
  }
  instance i =
      instantiate(key, given ? *given : config::value::scalar(fallback), {r.plugins, r.found, "process." + key});
  if (i.made) p.process_parts[key] = i;
  return std::static_pointer_cast<const Role>(i.made);
}

void read_process(plan& p, const config::value& v, const reading& r) {
  refuse_unknown_keys(v, process_keys, "process", r.found);
  p.process.kernel = process_part<kernel>(p, v, nullptr, r);
  p.process.schedule = process_part<schedule>(p, v, nullptr, r);
  p.process.mean = process_part<mean>(p, v, nullptr, r);
  if (p.process.kernel == nullptr) return;
  if (p.process.kernel->has_variance())
    p.process.variance = process_part<variance>(p, v, "fixed_small", r);
  else if (const config::value* extra = v.find("variance"))
    r.found.add(
        error(fmt::format("the kernel {} has no variance; leave this key out", p.process_parts["kernel"].entry->name),
              "process.variance", extra->where()));
}

void read_occasions(plan_node& n, const config::value& v, config::problems& found) {
  if (const config::value* every = v.find("every"))
    found.guard(
        [&] {
          n.every = config::read<std::int64_t>(*every);
          if (n.every < 1) throw error(fmt::format("got {}, need a value of at least 1", n.every));
        },
        every->where(), n.id + ".every");
  if (const config::value* at = v.find("at"))
    found.guard(
        [&] {
          if (const auto text = config::read<std::string>(*at); text != "end")
            throw error(fmt::format("got '{}', need 'end'", text));
        },
        at->where(), n.id + ".at");
}

// `in`: a name, or a list of names.
void read_inputs(plan_node& n, const config::value& v, config::problems& found) {
  const config::value* in = v.find("in");
  if (in == nullptr) return;
  const auto add = [&](const config::value& name) {
    found.guard([&] { n.in.push_back({config::read<std::string>(name), name.where()}); }, name.where(), n.id + ".in");
  };
  if (in->is_list())
    for (const config::value& name : in->items()) add(name);
  else
    add(*in);
  if (in->is_list() && in->items().empty())
    found.add(error("got an empty list, need the names of nodes", n.id + ".in", in->where()));
}

// `of`: the name of a node, or of a folder.
void read_model(plan_node& n, const config::value& v, config::problems& found) {
  const config::value* of = v.find("of");
  if (of == nullptr) return;
  n.of_where = of->where();
  found.guard(
      [&] {
        n.of = config::read<std::string>(*of);
        if (n.of.empty()) throw error("got '', need the name of a model node, or the folder of a finished run");
      },
      of->where(), n.id + ".of");
}

// `as`: new names of tensors, {x0: mask} of the only input, or {node.x0: mask} of one of several.
void read_names(plan_node& n, const config::value& v, config::problems& found) {
  const config::value* as = v.find("as");
  if (as == nullptr) return;
  const std::string subject = n.id + ".as";
  if (n.in.empty() && v.contains("in")) return;  // which has a problem of its own
  if (n.in.empty()) return found.add(error("names tensors of no input, need in:", subject, as->where()));
  if (!as->is_map())
    return found.add(
        error(fmt::format("got {}, need a map of names, such as {{x0: mask}}", as->kind_name()), subject, as->where()));
  for (const auto& [key, name] : as->entries())
    found.guard(
        [&, &key = key, &name = name] {
          const auto dot = key.find('.');
          const std::string from = dot == key.npos ? "" : key.substr(0, dot),
                            tensor = dot == key.npos ? key : key.substr(dot + 1);
          std::vector<std::string> names;
          plan_edge* edge = from.empty() && n.in.size() == 1 ? &n.in.front() : nullptr;
          for (plan_edge& e : n.in) {
            names.push_back(e.from);
            if (e.from == from) edge = &e;
          }
          if (edge == nullptr && from.empty())
            throw error(fmt::format("got '{}' for {} inputs, need <node>.{}", key, n.in.size(), key));
          if (edge == nullptr)
            throw error(
                fmt::format("got '{}', but '{}' is no input of this node{}", key, from, did_you_mean(from, names)));
          const auto to = config::read<std::string>(name);
          if (to.empty() || to.find('/') != to.npos || to.starts_with('.'))
            throw error(fmt::format("got '{}', need a name without a / that does not begin with a dot", to));
          edge->as[tensor] = to;
        },
        as->key_place(key), subject);
}

// A node without a plugin is most often another one's name misspelt, as in --set graph.modle.hidden=[8].
std::string plugin_missing(const std::string& id, const config::value& v, const config::value& graph) {
  std::vector<std::string> others;
  for (const auto& [name, node] : graph.entries())
    if (name != id && (!node.is_map() || node.contains("plugin"))) others.push_back(name);
  if (v.is_map())
    for (const std::string& key : config::unknown_keys(v, node_keys))
      if (closest_to(key, node_keys) == "plugin") return fmt::format("got the key '{}', need the key 'plugin'", key);
  const std::string got = v.is_map() && !v.contains("plugin") ? "a map without the key 'plugin'" : v.kind_name();
  return fmt::format("got {}, need the key 'plugin', or the name of another node{}", got, did_you_mean(id, others));
}

plan_node read_node(const std::string& id, const config::value& v, const config::value& graph, const reading& r) {
  plan_node n;
  n.id = id;
  n.written = v;
  n.where = v.where();
  if (id.empty() || id.find('/') != id.npos || id.starts_with('.'))
    r.found.add(error(fmt::format("got the node '{}', need a name without a / that does not begin with a dot", id),
                      "graph", graph.key_place(id)));
  const config::value* name = v.type() == config::value::kind::map ? v.find("plugin") : &v;
  std::string role;
  r.found.guard(
      [&] {
        if (name == nullptr || name->type() != config::value::kind::scalar) throw error(plugin_missing(id, v, graph));
        const std::string full = config::read<std::string>(*name);
        const auto dot = full.find('.');
        const std::string named = full.substr(0, dot);
        const auto roles = r.plugins.roles();
        if (dot == std::string::npos || std::find(roles.begin(), roles.end(), named) == roles.end())
          throw error(fmt::format("got '{}', need <role>.<name> of a plugin, as in loader.hdf5{}", full,
                                  did_you_mean(named, roles)));
        role = named;
      },
      name ? name->where() : v.where(), id + ".plugin");
  if (v.type() == config::value::kind::map) {
    read_inputs(n, v, r.found);
    read_names(n, v, r.found);
    read_model(n, v, r.found);
  }
  if (!role.empty() && r.plugins.roles().size() > 0) {
    const std::size_t before = r.found.size();
    n.plugin = instantiate(role, v, {r.plugins, r.found, id}, node_keys);
    if (n.plugin.made == nullptr && r.found.size() == before) n.plugin = {};
    if (n.plugin.made != nullptr && r.found.size() == before && n.prepares_data())
      for (std::size_t k = 1; k < n.as<transform>().fields.size(); ++k)
        n.for_field.push_back(instantiate(role, v, {r.plugins, r.found, id}, node_keys));
  }
  if (v.type() == config::value::kind::map) read_occasions(n, v, r.found);
  return n;
}

}

static void check_name(const plan& p, const config::value& document, config::problems& found) {
  constexpr std::size_t most_bytes = 200;  // file systems take 255, of which names of files need some
  const config::value* name = document.find("name");
  if (name == nullptr)
    refuse_missing(document, "name", pipeline_keys, "", found);
  else if (name->is_scalar() && (p.name.empty() || p.name.size() > most_bytes || p.name == "." || p.name == ".." ||
                                 std::any_of(p.name.begin(), p.name.end(),
                                             [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '/'; })))
    found.add(error(fmt::format("got {}, need a name that can be a folder", name->brief()), "name", name->where()));
}

static void read_processing(plan& p, const config::value& document, config::problems& found) {
  if (const config::value* v = document.find("unit"))
    found.guard(
        [&] {
          p.unit = config::read<std::int64_t>(*v);
          if (p.unit < 0 || p.unit > 1'000'000'000) throw error(fmt::format("got {}, need rows from 1 to 1e9", p.unit));
        },
        v->where(), "unit");
  if (const config::value* v = document.find("not_finite"))
    found.guard(
        [&] {
          p.not_finite = config::read<std::string>(*v);
          if (std::find(not_finite_rules.begin(), not_finite_rules.end(), p.not_finite) == not_finite_rules.end())
            throw error(fmt::format("got '{}', need one of stop, keep, retry{}", p.not_finite,
                                    did_you_mean(p.not_finite, not_finite_rules)));
        },
        v->where(), "not_finite");
}

plan read_document(const config::value& document, registry& plugins, config::problems& found) {
  if (document.type() != config::value::kind::map) {
    found.add(error(fmt::format("got {}, need a map with name, process and graph", document.kind_name()), "",
                    document.where()));
    found.raise();
  }
  plan p;
  p.document = std::make_shared<config::value>(document);
  p.plugins = &plugins;
  const reading r{plugins, found, ""};
  refuse_unknown_keys(document, pipeline_keys, "", found);
  // A file that extends another was merged when it was read. What remains was set later, and would be passed over.
  if (const config::value* left = document.find(config::extends_key))
    found.add(error("got the name of a file behind the reading of files, need it in the YAML file itself",
                    config::extends_key, left->where()));
  read_into(p.name, document, "name", "name", found);
  check_name(p, document, found);
  read_into(p.seed, document, "seed", "seed", found);
  read_processing(p, document, found);
  if (document.find("process") != nullptr)
    if (const config::value* v = section(document, "process", found)) read_process(p, *v, r);
  if (const config::value* v = section(document, "graph", found))
    for (const auto& [id, node] : v->entries()) p.nodes.push_back(read_node(id, node, *v, r));
  return p;
}

}
