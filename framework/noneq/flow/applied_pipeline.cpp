#include "noneq/flow/applied_pipeline.hpp"

#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "noneq/config/emit.hpp"
#include "noneq/flow/fields.hpp"
#include "noneq/plugin/start_point.hpp"

namespace noneq::flow {
namespace {

using config::value;

value text(const std::string& s) { return value::scalar(s, true); }

// The nodes of a pipeline, one behind the other.
class chain {
 public:
  explicit chain(value& document) : document_(document) {}

  void add(const std::string& id, value node) {
    if (!last_.empty()) node.set("in", value::scalar(last_));
    last_ = add_node(document_, id, std::move(node));
  }
  const std::string& last() const { return last_; }

 private:
  value& document_;
  std::string last_;
};

value start_of(const session& run, const application_request& r) {
  if ((r.t > 0) == (r.deviation > 0))
    throw error(r.t > 0 ? "got both --t and --noise, need one"
                        : "need --noise, the deviation of the noise in the data in "
                          "its units, or --t, the t that it is noised to");
  if (r.deviation > 0) need_one_scale(run.info().normal, "--noise");
  value start = value::map({{"from", value::scalar("x0")}});
  if (r.t > 0)
    start.set("t", value::scalar(std::to_string(r.t)));
  else
    start.set("deviation", value::scalar(fmt::format("{}", r.deviation)));
  return start;
}

// An option that the task does not read would change nothing, in silence.
void need_no_other_options(const application_request& r) {
  const bool draws = r.task != "score" && r.task != "encode";
  for (const auto& [name, given, read] : {std::tuple{"--noise", r.deviation > 0, r.task == "denoise"},
                                          {"--t", r.t > 0, r.task == "denoise"},
                                          {"--members", r.members > 0, draws},
                                          {"--steps", r.steps > 0, draws}})
    if (given && !read)
      throw error(fmt::format("{} is given, which --do {} does not read; leave it out", name, r.task));
}

// The node that does the task, without in and of.
value applied_node(const session& run, const application_request& r) {
  if (r.task == "score") return value::map({{"plugin", value::scalar("transform.likelihood")}});
  if (r.task == "encode") return value::map({{"plugin", value::scalar("transform.encode")}});
  value node = own_sampler(*run.plan().document);
  leave_place_of_sampler(node);
  if (r.steps > 0) node.set("steps", value::scalar(std::to_string(r.steps)));
  if (r.members > 0) node.set("members", value::scalar(std::to_string(r.members)));
  if (r.task == "denoise") node.set("start", start_of(run, r));
  if (r.task == "fill") keep_known_values(node);
  return node;
}

// Restricts a transform to the tensors that are read. Returns false where it has none of them.
bool restrict_fields(value& node, const value& read) {
  value left = value::list();
  if (const value* fields = node.find("fields"); fields != nullptr && fields->is_list()) {
    for (const value& name : fields->items())
      if (read.contains(name.text())) left.push_back(name);
  } else if (const std::string name = fields != nullptr ? fields->text() : "x0"; read.contains(name)) {
    left.push_back(value::scalar(name));
  }
  if (left.items().empty()) return false;
  node.set("fields", std::move(left));
  return true;
}

void need_conditions(const session& run, const application_request& r) {
  std::vector<std::string> lacking = conditions_to_give(run);
  std::erase(lacking, r.rows.tensor);
  for (const tensor_rows& b : r.beside) std::erase(lacking, b.tensor);
  if (!lacking.empty())
    throw error(fmt::format("the model reads '{0}' beside the data; need --given {0}=FILE[:DATASET]", lacking.front()));
}

// Returns the dataset of the classes, "" for none: a loader reads them from the file of its rows alone.
std::string labels_of(const session& run, const application_request& r) {
  const auto given =
      std::find_if(r.beside.begin(), r.beside.end(), [](const tensor_rows& b) { return b.tensor == "label"; });
  const std::int64_t classes = run.info().classes;
  if (given != r.beside.end() && classes == 0) throw error("got --given label, but the model knows no classes");
  if (given == r.beside.end() && classes > 0 && (r.task == "score" || r.task == "encode"))
    throw error(fmt::format("the model knows {} classes; need --given label=FILE:DATASET, those of the rows", classes));
  if (given == r.beside.end()) return "";
  if (given->file != r.rows.file)
    throw error(fmt::format("--given label got {}, need a dataset of {}, the file of the rows", given->file.string(),
                            r.rows.file.string()));
  return given->dataset;
}

}

const std::vector<std::string>& application_tasks() {
  static const std::vector<std::string> all{"denoise", "fill", "generate", "score", "encode"};
  return all;
}

std::vector<std::string> conditions_to_give(const session& run) {
  const std::vector<std::string> read = run.conditions();
  std::set<std::string> masks{mask_of("x0")};
  for (const std::string& name : read) masks.insert(mask_of(name));
  std::vector<std::string> all;
  for (const std::string& name : read)
    if (!masks.count(name)) all.push_back(name);
  return all;
}

void leave_place_of_sampler(config::value& sampler) {
  for (const char* key :
       {"in", "as", "of", "every", "at", "count", "chunk", "frames", "start", "guides", "labels", "members"})
    sampler.remove(key);
}

void keep_known_values(config::value& sampler) {
  sampler.set("as", value::map({{"x0", value::scalar("values")}}));
  sampler.set("guides", value::map({{"plugin", value::scalar("known_values")}, {"mask", text("")}}));
}

config::value applied_pipeline(const session& run, const application_request& r) {
  need_no_other_options(r);
  need_conditions(run, r);
  value document = value::map({{"name", text(r.out.stem().string())},
                               {"seed", value::scalar(std::to_string(r.seed))},
                               {"graph", value::map()}});
  value read = value::map({{r.rows.tensor, text(r.rows.dataset)}});
  value loader = value::map({{"plugin", value::scalar("loader.hdf5")}, {"file", text(r.rows.file.string())}});
  if (const std::string labels = labels_of(run, r); !labels.empty()) loader.set("labels", text(labels));
  std::vector<tensor_rows> elsewhere;
  for (const tensor_rows& b : r.beside)
    if (b.tensor != "label" && b.file == r.rows.file)
      read.set(b.tensor, text(b.dataset));
    else if (b.tensor != "label")
      elsewhere.push_back(b);
  loader.set("read", read);
  if (r.task == "fill") loader.set("missing", value::scalar("nan"));
  chain nodes(document);
  nodes.add("rows", std::move(loader));
  for (const std::string& id : run.reshaping()) {
    value node = *run.plan().resolved().find("graph")->find(id);
    node.remove("as");
    if (restrict_fields(node, read)) nodes.add(id, std::move(node));
  }
  value applied = applied_node(run, r);
  applied.set("in", value::scalar(nodes.last()));
  for (const tensor_rows& b : elsewhere) add_input(applied, add_node(document, b.tensor, loader_of(b)), b.tensor);
  applied.set("of", text(r.run.string()));
  const std::string id = add_node(document, "applied", std::move(applied));
  value out =
      value::map({{"plugin", value::scalar("writer.hdf5")}, {"in", value::scalar(id)}, {"file", text(r.out.string())}});
  if (r.task != "score" && r.task != "encode") {
    out.set("datasets", value::list({value::scalar("samples")}));
    const std::string name = r.rows.dataset.substr(r.rows.dataset.rfind('/') + 1);
    if (r.rows.tensor == "x0") out.set("names", value::map({{"samples", text(name)}}));
  }
  add_node(document, "out", std::move(out));
  document.set_where_all({"noneq apply", 0, 0});
  return document;
}

}
