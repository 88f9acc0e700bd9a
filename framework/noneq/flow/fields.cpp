#include "noneq/flow/fields.hpp"

namespace noneq::flow {
namespace {

// Calls use(name, field_info) for x0 and each field.
template <class Use>
void each_tensor(const dataset_info& info, const Use& use) {
  if (info.has_x0) use("x0", info);
  for (const auto& [name, f] : info.fields) use(name, f);
}

}

std::string mask_of(const std::string& tensor) { return tensor == "x0" ? "mask" : tensor + "_mask"; }

bool is_name_of_mask(const std::string& name) { return name == "mask" || name.ends_with("_mask"); }

dataset_info as_x0(const dataset_info& whole, const std::string& field) {
  const field_info* f = whole.find(field);
  if (f == nullptr) throw error("got the field '" + field + "', which the data has not", "fields");
  if (field == "x0") return whole;
  dataset_info of = whole;
  of.has_x0 = true;
  static_cast<field_info&>(of) = *f;
  of.fields.erase(field);
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
  all.fields[field] = of_field;
  all.notes = of_field.notes;
  return all;
}

batch on_field(batch b, const std::string& field, const std::function<batch(batch)>& run) {
  if (field == "x0") return run(std::move(b));
  const std::map<std::string, Tensor> others = b.tensors;
  b.set("x0", b.at(field));
  b.tensors.erase(field);
  b = run(std::move(b));
  const Tensor made = b.at("x0");
  b.tensors = others;
  b.set(field, made);
  return b;
}

dataset_info joined_info(const std::vector<described_input>& inputs) {
  dataset_info all = inputs.front().info;
  all.has_x0 = all.has_x0 && inputs.front().as.count("x0") == 0;
  all.fields.clear();
  for (const auto& [info, as] : inputs) {
    const auto name_of = [&as = as](const std::string& name) {
      const auto to = as.find(name);
      return to == as.end() ? name : to->second;
    };
    for (const auto& [name, f] : info.fields) all.fields[name_of(name)] = f;
    if (!info.has_x0) continue;
    if (as.count("x0") > 0) {
      all.fields[as.at("x0")] = info;
    } else if (!all.has_x0) {
      all.has_x0 = true;
      static_cast<field_info&>(all) = info;
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

batch in_data_units(batch rows, const dataset_info& info, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (const field_info* of = info.find(name); of != nullptr && rows.has(name))
      rows.set(name, of->normal.restore(rows.at(name)));
  return rows;
}

batch in_data_units(batch rows, const dataset_info& info) { return in_data_units(std::move(rows), info, info.names()); }

batch with_masks(batch b, const dataset_info& info) {
  each_tensor(info, [&](const std::string& name, const field_info& of) {
    if (!b.has(name)) return;
    const Tensor x = b.at(name).to(at::kFloat).contiguous();
    if (!of.missing) return b.set(name, x);
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
  each_tensor(info, [&](const std::string& name, const field_info& of) {
    const Tensor mask = b.find(mask_of(name));
    if (!of.missing || !b.has(name) || !mask.defined()) return;
    b.set(name, b.at(name).masked_fill(mask == 0, std::numeric_limits<double>::quiet_NaN()));
    b.tensors.erase(mask_of(name));  // transforms may change the shape of x0
  });
  return b;
}

dataset_info with_masks(dataset_info info) {
  info.numbers = at::kFloat;
  for (auto& [_, f] : info.fields) f.numbers = at::kFloat;
  std::map<std::string, field_info> masks;
  each_tensor(info, [&](const std::string& name, const field_info& of) {
    if (of.missing) masks[mask_of(name)] = {of.shape};
  });
  for (auto& [name, mask] : masks) info.fields[name] = std::move(mask);
  return info;
}

}
