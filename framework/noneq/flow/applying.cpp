#include "noneq/flow/applying.hpp"

#include <fmt/format.h>

#include "noneq/flow/model_rows.hpp"
#include "noneq/flow/sampling.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::flow {

static dataset_info info_of(session& s, const plan_node& n) {
  session& model = s.model_of(n);
  if (n.as<model_transform>().needs_data()) model.data();  // completes the description
  return model.info();
}

// Tensors that are to have the shape of a sample, and are known from a file.
static void check_shapes(const plan_node& n, const dataset_info& rows, const dataset_info& model) {
  for (const named_tensor_doc& r : n.plugin.entry->reads) {
    const auto f = rows.fields.find(r.name);
    if (r.extent == extent::like_samples && f != rows.fields.end() && f->second.shape != model.shape)
      throw error(fmt::format("got rows of '{}' of shape {}, need those of the model, {}", r.name,
                              to_string(f->second.shape), to_string(model.shape)),
                  n.id + ".in", n.in.front().where);
  }
}

void check_application(session& s, const plan_node& n) {
  const auto& t = n.as<model_transform>();
  const dataset_info model = info_of(s, n), rows = s.nodes().info_before(n);
  const auto refuse = [&](const std::string& what) { throw error(what, n.id + ".in", n.in.front().where); };
  if (n.reads("x0")) {
    if (!rows.has_x0) refuse("got an x0 that is no data of a loader or transform, need one");
    need_shape_of(n, rows, model);
    if (rows.missing && !model.missing)
      refuse("got rows of which numbers are missing, where the model was trained without any; need all of them");
  }
  if (model.missing && !t.takes_missing())
    throw error("got a model of data of which numbers are missing, need one of whole rows", n.id + ".of", n.where);
  need_classes_of(n, rows, model);
  check_shapes(n, rows, model);
  said_of(n.id, [&] { t.check_data(model); });
}

applying::applying(session& s, const plan_node& n, observer& o, row_pass pass, std::filesystem::path folder)
    : node_(n),
      info_(info_of(s, n)),
      of_stream_(s.nodes().info_before(n)),
      conditions_(s.model_of(n).conditions()),
      denoiser_(watched(s.model_of(n).denoiser(n.as<model_transform>().weights), n, o)),
      application_{denoiser_, info_, s.stream().fork(n.id), std::move(pass), std::move(folder)},
      applied_(working(n, [&] {
        return need_made(n.as<model_transform>().open(application_), n.plugin.entry->full_name(), "applied model");
      })) {}

batch applying::as_model_takes(const batch& rows) const {
  if (node_.reads("x0")) return flow::as_model_takes(rows, of_stream_, info_, conditions_);
  need_labels(rows, info_);
  batch taken = rows;
  for (const auto& [name, x] : conditions_as_model_takes(rows, of_stream_, info_, conditions_).tensors)
    taken.set(name, x);
  return taken;
}

batch applying::run(batch rows) const {
  const plugin_entry& by = *node_.plugin.entry;
  for (const named_tensor_doc& r : by.reads)
    if (r.extent == extent::like_samples) need_shape(r.name, rows.at(r.name), info_.shape);
  const batch made = applied_->run(as_model_takes(rows));
  check_returned_rows(by.full_name(), made, by.writes, rows.size(), info_.shape);
  for (const auto& [name, x] : made.tensors) rows.set(name, x);
  return rows;
}

}
