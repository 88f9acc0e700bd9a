#include "noneq/flow/fields.hpp"

namespace noneq::flow {
namespace {

field_info field_of(const dataset_info& of_x0) {
  return {of_x0.shape, of_x0.numbers, of_x0.normal, of_x0.missing, of_x0.stored};
}

// Calls use(name, shape, missing) for x0 and each field.
template <class Use>
void each_tensor(const dataset_info& info, const Use& use) {
  if (info.has_x0) use("x0", info.shape, info.missing);
  for (const auto& [name, f] : info.fields) use(name, f.shape, f.missing);
}

}

std::string mask_of(const std::string& tensor) { return tensor == "x0" ? "mask" : tensor + "_mask"; }

dataset_info as_x0(const dataset_info& whole, const std::string& field) {
  if (field == "x0") {
    if (!whole.has_x0) throw error("got the field 'x0', which the data has not", "fields");
    return whole;
  }
  const auto f = whole.fields.find(field);
  if (f == whole.fields.end()) throw error("got the field '" + field + "', which the data has not", "fields");
  dataset_info of = whole;
  of.has_x0 = true;
  of.shape = f->second.shape;
  of.numbers = f->second.numbers;
  of.normal = f->second.normal;
  of.missing = f->second.missing;
  of.stored = f->second.stored;
  of.bin_width = 0;
  of.range = of.found = {};
  of.axes = {};
  of.stored_order = {};
  of.if_channels_first = {};
  return of;
}

dataset_info with_field(const dataset_info& whole, const std::string& field, const dataset_info& of_field) {
  if (field == "x0") return of_field;
  dataset_info all = whole;
  all.fields[field] = field_of(of_field);
  all.notes = of_field.notes;
  return all;
}

batch on_field(batch b, const std::string& field, const std::function<batch(batch)>& run) {
  if (field == "x0") return run(std::move(b));
  const std::map<std::string, Tensor> others = b.tensors;
  b.set("x0", b.at(field));
  b = run(std::move(b));
  const Tensor made = b.at("x0");
  b.tensors = others;
  b.set(field, made);
  return b;
}

dataset_info joined_info(const std::vector<described_input>& inputs) {
  dataset_info all = inputs.front().info;
  const bool first_has_x0 = all.has_x0 && inputs.front().as.count("x0") == 0;
  all.has_x0 = first_has_x0;
  all.fields.clear();
  for (const auto& [info, as] : inputs) {
    const auto name_of = [&as = as](const std::string& name) {
      const auto to = as.find(name);
      return to == as.end() ? name : to->second;
    };
    for (const auto& [name, f] : info.fields) all.fields[name_of(name)] = f;
    if (!info.has_x0) continue;
    if (as.count("x0") > 0) {
      all.fields[as.at("x0")] = field_of(info);
    } else if (!all.has_x0) {
      all.has_x0 = true;
      all.shape = info.shape;
      all.numbers = info.numbers;
      all.normal = info.normal;
      all.missing = info.missing;
      all.stored = info.stored;
      all.bin_width = info.bin_width;
      all.range = info.range;
      all.found = info.found;
      all.axes = info.axes;
      all.stored_order = info.stored_order;
      all.if_channels_first = info.if_channels_first;
      all.truth = info.truth;
      all.untrainable = info.untrainable;
    }
  }
  return all;
}

batch with_masks(batch b, const dataset_info& info) {
  each_tensor(info, [&](const std::string& name, const sizes&, bool missing) {
    if (!b.has(name)) return;
    const Tensor x = b.at(name).to(at::kFloat).contiguous();
    if (!missing) return b.set(name, x);
    const Tensor unknown = x.isnan();
    // A batch that has passed here before has its zeros and its mask already.
    const Tensor known = b.find(mask_of(name));
    if (known.defined() && known.sizes() == x.sizes() && !unknown.any().item<bool>()) return;
    b.set(mask_of(name), unknown.logical_not().to(at::kFloat));
    b.set(name, x.masked_fill(unknown, 0));
  });
  return b;
}

batch with_missing(batch b, const dataset_info& info) {
  each_tensor(info, [&](const std::string& name, const sizes&, bool missing) {
    const Tensor mask = b.find(mask_of(name));
    if (!missing || !b.has(name) || !mask.defined()) return;
    b.set(name, b.at(name).masked_fill(mask == 0, std::numeric_limits<double>::quiet_NaN()));
    b.tensors.erase(mask_of(name));  // transforms may change the shape of x0
  });
  return b;
}

dataset_info with_masks(dataset_info info) {
  info.numbers = at::kFloat;
  for (auto& [_, f] : info.fields) f.numbers = at::kFloat;
  std::map<std::string, field_info> masks;
  each_tensor(info, [&](const std::string& name, const sizes& shape, bool missing) {
    if (missing) masks[mask_of(name)] = {shape};
  });
  for (auto& [name, mask] : masks) info.fields[name] = std::move(mask);
  return info;
}

}
