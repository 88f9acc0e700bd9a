#include "noneq/runs/detail/caller_nodes.hpp"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/plugin/roles/writer.hpp"

namespace noneq::runs {
namespace {

using config::value;

sizes shape_in(const std::string& text) {
  std::istringstream in(text);
  sizes shape;
  for (std::int64_t d; in >> d;) shape.push_back(d);
  return shape;
}

struct caller : loader {
  std::map<std::string, std::string> tensors;
  std::int64_t classes = 0;
  std::vector<std::string> missing;

  std::vector<std::string> gives() const override {
    std::vector<std::string> names;
    for (const auto& [name, _] : tensors)
      if (name != "x0") names.push_back(name);
    return names;
  }
  bool gives_x0() const override { return tensors.count("x0") > 0; }
  std::shared_ptr<source> open(const std::optional<normalisation>&, const stream&) const override;

  static void describe(description<caller>& d) {
    d.doc("Rows that another program gives.")
        .param("tensors", &caller::tensors, "the shape of one row of each")
        .param("classes", &caller::classes, "of the labels that the rows may have", at_least(0))
        .param("missing", &caller::missing, "tensors that may have NaN");
  }
};

// Rows of zeros, by which the checks of a pipeline know the tensors.
class rows_to_try : public source {
 public:
  explicit rows_to_try(const caller& of) {
    info_.classes = of.classes;
    info_.has_x0 = of.gives_x0();
    for (const auto& [name, shape] : of.tensors) {
      field_info& f = name == "x0" ? static_cast<field_info&>(info_) : info_.fields[name];
      f.shape = shape_in(shape);
      f.missing = std::find(of.missing.begin(), of.missing.end(), name) != of.missing.end();
    }
    // No rows to train on: the nodes of a task are tried on rows like those of the training, which zeros need not be.
    info_.count = 0;
    info_.measured = info_.block;
  }
  const dataset_info& info() const override { return info_; }
  batch fetch(std::int64_t, const stream&) override { return fetch_rows(0, 1); }
  batch fetch_rows(std::int64_t first, std::int64_t count) override {
    batch b{0, first, {{"row", at::arange(first, first + count, at::kLong)}}};
    for (const std::string& name : info_.names()) {
      sizes shape = info_.find(name)->shape;
      shape.insert(shape.begin(), count);
      b.set(name, at::zeros(shape));
    }
    if (info_.classes > 0) b.set("label", at::zeros({count}, at::kLong));
    return b;
  }

 private:
  dataset_info info_;
};

std::shared_ptr<source> caller::open(const std::optional<normalisation>&, const stream&) const {
  return std::make_shared<rows_to_try>(*this);
}

struct results_taken : writer {
  std::unique_ptr<sinking> open(const writing&) const override {
    throw error("a writer of another program's results is never opened");
  }
  static void describe(description<results_taken>& d) { d.doc("Results that another program takes."); }
};

}

void add_caller_nodes(registry& plugins) {
  // Never destroyed, as the registry of the process is not.
  static const auto *const rows = new plugin_entry(make_entry<caller>("caller")), *const results = new plugin_entry(
                                                                                      make_entry<results_taken>(
                                                                                          "caller"));
  plugins.add(*rows);
  plugins.add(*results);
}

config::value rows_of_caller(const std::map<std::string, sizes>& tensors, std::int64_t classes,
                             const std::set<std::string>& missing) {
  value shapes = value::map();
  // Rows have at least one tensor, but samples of a model without conditions need none.
  if (tensors.empty()) shapes.set("nothing", value::scalar("", true));
  for (const auto& [name, shape] : tensors)
    shapes.set(name, value::scalar(fmt::format("{}", fmt::join(shape, " ")), true));
  value node = value::map({{"plugin", value::scalar("loader.caller")},
                           {"tensors", shapes},
                           {"classes", value::scalar(std::to_string(classes))}});
  value names = value::list();
  for (const std::string& name : missing) names.push_back(value::scalar(name, true));
  node.set("missing", std::move(names));
  return node;
}

config::value results_for_caller(const std::string& from) {
  return value::map(
      {{"plugin", value::scalar("writer.caller")}, {"in", value::scalar(from)}, {"file", value::scalar("results")}});
}

}
