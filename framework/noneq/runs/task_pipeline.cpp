#include "noneq/runs/detail/task_pipeline.hpp"

#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/config/read.hpp"
#include "noneq/flow/applied_pipeline.hpp"
#include "noneq/plugin/roles/sampler.hpp"
#include "noneq/plugin/start_point.hpp"
#include "noneq/runs/detail/caller_nodes.hpp"

namespace noneq::runs {
namespace {

using config::value;

// Settings that are no parameters of the node that does the task are taken out of the map.
std::optional<value> take(value& settings, const std::string& key) {
  const value* v = settings.find(key);
  if (v == nullptr) return std::nullopt;
  std::optional<value> taken = *v;
  settings.remove(key);
  return taken;
}

std::int64_t chunk_in(value& settings, const value& trained) {
  constexpr std::int64_t usual = 16, most = 1'000'000;
  const value own = flow::own_sampler(trained);
  auto v = take(settings, "chunk");
  if (const value* of_run = own.find("chunk"); !v && of_run != nullptr && of_run->text() != "0") v = *of_run;
  if (!v) return usual;
  try {
    const auto chunk = config::read<std::int64_t>(*v);
    if (chunk < 1 || chunk > most) throw error(fmt::format("got {}, need rows from 1 to 1e6", chunk));
    return chunk;
  } catch (const error& e) {
    throw e.at(v->where(), "chunk");
  }
}

// How noisy rows are: the setting noise, a deviation in data units, or t, the step that they are noised to. Returns its
// name among the parameters of a node, and its value.
std::pair<std::string, value> noise_in(value& settings, const flow::session& model) {
  const auto noise = take(settings, "noise"), t = take(settings, "t");
  if (noise.has_value() == t.has_value())
    throw error(noise
                    ? "got both noise and t, need one"
                    : "need noise, the deviation of the noise in the rows in data units, or t, the step that they are "
                      "noised to",
                "settings", settings.where());
  if (noise) try {
      need_one_scale(model.info().normal, "noise");
    } catch (const error& e) {
      throw e.at(noise->where(), "noise");
    }
  return noise ? std::pair("deviation", *noise) : std::pair("t", *t);
}

value sampler_in(value& settings, const value& trained, bool draws_freely) {
  const auto other = take(settings, "sampler");
  std::string name;
  if (other) try {
      name = config::read<std::string>(*other);
    } catch (const error& e) {
      throw e.at(other->where(), "sampler");
    }
  value node = flow::sampler_called(trained, name);
  if (!draws_freely) flow::leave_place_of_sampler(node);
  if (other) {
    value plugin = *node.find("plugin");
    plugin.set_where(other->where());
    node.set("plugin", std::move(plugin));
  }
  return node;
}

struct task_node {
  value node;
  std::string result;
};

task_node node_of(const std::string& task, value& settings, const flow::session& model, const value& trained) {
  const auto transform = [](const char* name) { return value::map({{"plugin", value::scalar(name)}}); };
  if (task == "score") return {transform("transform.likelihood"), "log_likelihood"};
  if (task == "encode") return {transform("transform.encode"), "latent"};
  if (task == "predict") {
    value node = transform("transform.predict");
    auto [parameter, noise] = noise_in(settings, model);
    node.set(parameter, std::move(noise));
    return {std::move(node), "x0_hat"};
  }
  value node = sampler_in(settings, trained, task == "sample");
  if (task == "denoise") {
    value start = value::map({{"from", value::scalar("x0")}});
    auto [parameter, noise] = noise_in(settings, model);
    start.set(parameter, std::move(noise));
    node.set("start", std::move(start));
  }
  if (task == "fill") flow::keep_known_values(node);
  return {std::move(node), "samples"};
}

// Keys of a node that the task decides.
void refuse_keys_of_task(const std::string& task, const value& settings) {
  std::vector<std::string> keys{"plugin", "in", "as", "of", "every", "at", "count", "frames"};
  if (task != "sample") keys.emplace_back("start");
  if (task == "fill") keys.emplace_back("guides");
  config::problems found;
  for (const std::string& key : keys)
    if (settings.contains(key))
      found.add(error(fmt::format("has no meaning in the task {}, need none", task), key, settings.key_place(key)));
  found.raise();
}

// The tensors that the guides or the start of a sampler read beside the conditions, in the shape of a sample.
std::vector<std::string> given_in(value& settings) {
  const auto names = take(settings, "given");
  if (!names) return {};
  try {
    return config::read<std::vector<std::string>>(*names);
  } catch (const error& e) {
    throw e.at(names->where(), "given");
  }
}

}

const std::vector<std::string>& task_names() {
  static const std::vector<std::string> all{"sample", "denoise", "fill", "score", "encode", "predict"};
  return all;
}

task_pipeline pipeline_of(const std::string& task, const value& settings, const flow::session& model,
                          const value& trained, const std::filesystem::path& run) {
  if (const auto& all = task_names(); std::find(all.begin(), all.end(), task) == all.end())
    throw error(
        fmt::format("there is no task '{}'{} (there are: {})", task, did_you_mean(task, all), fmt::join(all, ", ")));
  refuse_keys_of_task(task, settings);
  value left = settings;
  const std::int64_t chunk = chunk_in(left, trained);
  const auto seed = take(left, "seed");
  std::map<std::string, sizes> needs;
  for (const std::string& name : given_in(left)) needs[name] = model.shape();
  for (const std::string& name : flow::conditions_to_give(model)) needs[name] = model.info().fields.at(name).shape;
  if (task != "sample") needs["x0"] = model.shape();
  auto [node, result] = node_of(task, left, model, trained);
  node.set_where(settings.where());
  for (const char* key : {"in", "as", "of", "every", "at", "count", "chunk", "frames"})
    if (!(task == "fill" && key == std::string_view("as"))) node.remove(key);
  if (task == "sample") node.remove("start");
  for (const auto& [key, v] : left.entries()) node.set(key, v, left.key_place(key));

  std::set<std::string> missing;
  for (const auto& [name, _] : needs)
    if (const field_info* f = model.info().find(name); (f != nullptr && f->missing) || (task == "fill" && name == "x0"))
      missing.insert(name);
  // The random numbers of a node follow from its name: these are the names by which `noneq sample` and `noneq apply`
  // draw the samples of the same numbers.
  const std::string id = task == "sample" ? "sampler" : "applied";
  value document = value::map({{"name", value::scalar(task)}, {"graph", value::map()}});
  const value usual_seed = value::scalar(task == "sample" ? std::to_string(model.plan().seed) : std::string("0"));
  document.set("seed", seed ? *seed : usual_seed);
  value& graph = document.child("graph");
  graph.set("rows", rows_of_caller(needs, model.info().classes, missing));
  node.set("in", value::scalar("rows"));
  node.set("of", value::scalar(run.string(), true));
  graph.set(id, std::move(node));
  graph.set("results", results_for_caller(id));
  // A sampler draws all classes in turn where it is given none.
  if (model.info().classes > 0 && result != "samples") needs["label"] = {};
  return {std::move(document), id, result, std::move(needs), std::move(missing), chunk};
}

}
