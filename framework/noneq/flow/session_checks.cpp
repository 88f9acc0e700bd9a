// The checks of a session: everything that would end a run late is refused before it begins.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/flow/applying.hpp"
#include "noneq/flow/model_rows.hpp"
#include "noneq/flow/observers.hpp"
#include "noneq/flow/pass_rows.hpp"
#include "noneq/flow/sampling.hpp"
#include "noneq/flow/session.hpp"
#include "noneq/flow/verified.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq::flow {

// Every state that a sampler is to start from must be one of its kernel. Those of the first rows are checked before
// anything is drawn, all others when they are used.
void session::check_rows(const plan_node& n) {
  constexpr std::int64_t block = 256, most = 64 * block;
  for (const plan_node* b : plan_.before(n))  // states of a kernel that the data lacks
    if (b->role() == "noiser" || b->applies_model()) return;
  observer nobody;
  const sampling ready(*this, n, nobody);
  source& rows = data_.behind(n);
  const std::int64_t all = std::min(rows.info().count, most);
  const std::string part = rows.info().parts.empty() ? "" : "train";
  for (std::int64_t first = 0; first < all; first += block) {
    stop_here_if_asked();
    ready.check(rows.prepare(fetch_rows(&rows, {part, std::min(first + block, all), first, block}, 0)));
    if (n.as<sampler>().start.empty() || n.as<sampler>().start.of_data())
      return;  // without a start the first rows suffice
  }
}

// Hours of training shall not end at a metric that cannot measure this data.
void session::check_metrics() {
  config::problems found;
  for (const plan_node& n : plan_.nodes)
    if (n.applies_model()) found.guard([&] { check_application(*this, n); }, n.where, n.id);
  for (const plan_node& n : plan_.nodes) {
    if (n.verifies()) found.guard([&] { said_of(n.id, [&] { check_verification(*this, n); }); }, n.where, n.id);
    if (const plan_node* of = plan_.model_before(n); of != nullptr && n.role() == "metric" && !n.verifies())
      found.guard(
          [&] {
            session& model = model_of(*of);
            if (&model != this) model.data_if_there();
            if (model.info().missing && !n.as<metric>().takes_missing())
              throw error("got data of which numbers are missing, need a metric that leaves them out", n.id, n.where);
            said_of(n.id, [&] { n.as<metric>().check_data(model.info()); });
            if (!n.takes_model() || n.in.empty()) return;
            const dataset_info rows = data_.info_before(n);
            if (rows.missing && !n.as<metric>().takes_missing())
              throw error("got rows of which numbers are missing, need a metric that leaves them out", n.id + ".in",
                          n.in.front().where);
            if (n.in.size() == 1 && n.in.front().as.empty()) need_shape_of(n, rows, model.info());
            need_classes_of(n, rows, model.info());
            if (const row_request own = n.as<metric>().rows(model.info()); own.count > 0 && !own.data)
              throw error(fmt::format("{} measures no rows of data, need none", n.plugin.entry->full_name()),
                          n.id + ".in", n.in.front().where);
          },
          n.where, n.id);
  }
  found.raise();
}

// The shape of each condition of the model. Throws noneq::error where the data has no such tensor.
std::map<std::string, sizes> session::condition_shapes() const {
  std::map<std::string, sizes> shapes;
  for (const std::string& name : conditions()) {
    const auto f = info_.fields.find(name);
    if (f == info_.fields.end())
      throw error(
          fmt::format("got '{}', which the data has not; need one of: {}", name, fmt::join(info_.names(), ", ")),
          "condition");
    shapes[name] = f->second.shape.empty() ? sizes{1} : f->second.shape;
  }
  return shapes;
}

void session::check_time() const {
  const plan_node& node = plan_.training().model;
  if (plan_.process.tables.continuous() && !network().takes_any_t())
    throw input_error(
        {error("takes whole steps only, need steps: a number, or a network for continuous time: model.unet, "
               "or model.mlp with time: sinusoidal or log_snr",
               node.id, node.where)});
}

void session::check_missing() const {
  const plan_node& node = plan_.training().loss;
  if (info_.missing && !node.as<loss>().takes_missing())
    throw input_error({error("got data of which numbers are missing, need a loss that leaves them out: loss.simple",
                             node.id, node.where)});
}

void session::check_label_dropout() const {
  const plan_node& node = plan_.training().noiser;
  if (node.as<noiser>().label_dropout == 0) return;
  const auto refuse = [&](const std::string& what) {
    throw input_error({error(what, node.id + ".label_dropout", node.where)});
  };
  if (info_.classes == 0) refuse("got data without labels, need a loader that gives them");
  if (!network().knows_no_class())
    refuse(fmt::format("got {}, which does not know the label \"no class\"; need no_class: true, or another model",
                       plan_.training().model.plugin.entry->full_name()));
}

}
