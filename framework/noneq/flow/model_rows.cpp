#include "noneq/flow/model_rows.hpp"

#include "noneq/flow/fields.hpp"

namespace noneq::flow {
namespace {

bool alike(const normalisation& a, const normalisation& b) {
  const auto same = [](const Tensor& x, const Tensor& y) { return at::equal(x.to(at::kDouble), y.to(at::kDouble)); };
  return a.affine() && b.affine() && same(a.shift, b.shift) && same(a.scale, b.scale);
}

Tensor in_units_of(const normalisation& needed, const normalisation& have, const Tensor& x) {
  return (alike(have, needed) ? x : needed.apply(have.restore(x.to(at::kDouble)))).to(at::kFloat).contiguous();
}

// Whether a tensor of this name is the mask of another one.
bool is_mask(const std::string& name, const dataset_info& info) {
  const auto names = info.names();
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& of) { return info.find(of)->missing && name == mask_of(of); });
}

// Masks and the like are in no units.
normalisation normal_of(const dataset_info& info, const std::string& name) {
  const field_info* of = info.find(name);
  return of == nullptr ? normalisation{} : of->normal;
}

}

void need_shape(const std::string& name, const Tensor& x, const sizes& shape) {
  if (x.sizes().slice(1) != at::IntArrayRef(shape))
    throw error(c10::str("got ", name == "x0" ? "rows" : "rows of '" + name + "'", " of shape ",
                         to_string(x.sizes().slice(1).vec()), ", need those of the model, ", to_string(shape)));
}

void need_labels(const batch& rows, const dataset_info& of_model) {
  if (of_model.classes > 0 && !rows.has("label"))
    throw error("got rows without label, need the classes that the model knows");
}

void need_shape_of(const plan_node& n, const dataset_info& rows, const dataset_info& of_model) {
  if (rows.shape != of_model.shape)
    throw error(
        c10::str("got rows of shape ", to_string(rows.shape), ", need those of the model, ", to_string(of_model.shape)),
        n.id + ".in", n.in.front().where);
}

void need_classes_of(const plan_node& n, const dataset_info& rows, const dataset_info& of_model) {
  if (rows.classes > of_model.classes && of_model.classes > 0)
    throw error(
        c10::str("got rows of ", rows.classes, " classes, need at most the ", of_model.classes, " of the model"),
        n.id + ".in", n.in.front().where);
}

batch conditions_as_model_takes(const batch& rows, const dataset_info& of_stream, const dataset_info& of_model,
                                const std::vector<std::string>& names) {
  batch taken{rows.step, rows.first, {}}, masks;
  for (const std::string& name : names) {
    // A mask is that of the numbers, which are still NaN in `rows`, whatever the loader gives by this name.
    const bool mask = is_mask(name, of_stream);
    if (mask && masks.tensors.empty()) masks = with_masks(rows, of_stream);
    Tensor x = mask ? masks.find(name) : rows.find(name);
    // Samples are complete, so a model that was trained on incomplete ones has a mask of ones beside them.
    if (!x.defined() && name == mask_of("x0")) {
      sizes shape = of_model.fields.at(name).shape;
      shape.insert(shape.begin(), rows.size());
      x = at::ones(shape);
    }
    if (!x.defined()) throw error("got rows without '" + name + "', need this condition of the model");
    need_shape(name, x, of_model.fields.at(name).shape);
    taken.set(name, in_units_of(normal_of(of_model, name), normal_of(of_stream, name), x));
  }
  batch made = with_masks(taken, of_model);
  for (const std::string& name : names)
    if (is_mask(name, of_stream)) made.set(name, taken.at(name));
  for (const std::string& name : names)
    if (const Tensor& x = made.at(name); x.isnan().any().item<bool>())
      throw error("got missing numbers in '" + name + "', where the model was trained without any; need all of them");
  return made;
}

batch as_model_takes(batch b, const dataset_info& of_stream, const dataset_info& of_model,
                     const std::vector<std::string>& names) {
  need_shape("x0", b.at("x0"), of_model.shape);
  need_labels(b, of_model);
  const batch given = conditions_as_model_takes(b, of_stream, of_model, names);
  b.set("x0", in_units_of(of_model.normal, of_stream.normal, b.at("x0")));
  b = with_masks(std::move(b), of_stream);
  for (const auto& [name, x] : given.tensors)
    if (name != "x0") b.set(name, x);
  return b;
}

}
