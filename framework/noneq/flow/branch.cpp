#include "noneq/flow/branch.hpp"

#include <nlohmann/json.hpp>

#include "noneq/config/emit.hpp"
#include "noneq/core/any_exception.hpp"
#include "noneq/core/stop.hpp"
#include "noneq/flow/fields.hpp"
#include "noneq/plugin/at_work.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::flow {
namespace {

// Calls f() and rethrows its errors as errors of the node.
template <class F>
auto at_transform(const branch_node& n, F&& f) {
  const at_work here(*n.plugin.entry, n.id);
  try {
    return f();
  } catch (const interrupted&) {
    throw;
  } catch (const error& e) {
    const bool of_parameter = n.plugin.entry->find(e.subject()) != nullptr;
    throw(of_parameter ? e.within(n.id) : e).at(n.plugin.where, n.id);
  } catch (...) {
    throw error(n.plugin.entry->full_name() + " " + text_of(std::current_exception()), n.id, n.plugin.where);
  }
}

bool is_wide(at::ScalarType numbers) { return numbers == at::kDouble || numbers == at::kLong || numbers == at::kInt; }

// Returns float64 where float32 would round away digits of the stored numbers and their scale.
at::ScalarType type_of_samples(const dataset_info& loaded, const normalisation& normal) {
  constexpr double exact_integers = 1 << 24;
  if (!is_wide(loaded.numbers)) return loaded.normal.dtype;
  const bool large = !normal.is_identity() && !loaded.found.empty() &&
                     std::max(std::abs(loaded.found[0]), std::abs(loaded.found[1])) > exact_integers;
  const bool integers = at::isIntegralType(loaded.numbers, false);
  return normal.coarse_in_float32() || (integers && large) ? at::kDouble : loaded.normal.dtype;
}

// An image has 1, 3 or 4 channels, and seldom so few columns. Axes that the file states are trusted.
void refuse_channel_order(const dataset_info& info) {
  const auto few = [](std::int64_t n) { return n == 1 || n == 3 || n == 4; };
  const sizes& s = info.shape;
  if (!info.axes.empty() || s.size() != 3 || !few(s[2]) || s[0] <= 4 || s[1] <= 4) return;
  throw error(c10::str(info.name_of("train"), info.parts.count("train") ? " gives " : "gives ", s[0], " channels of ",
                       s[1], "×", s[2],
                       " numbers, need {plugin: transform.channels, from: last} behind the loader to take the last "
                       "dimension for the channels (or from: first, if it is as it should be)"));
}

}

std::vector<dataset_info> along(const std::vector<branch_node>& nodes, dataset_info before) {
  std::vector<dataset_info> all{std::move(before)};
  for (const branch_node& n : nodes)
    all.push_back(at_transform(n, [&] {
      dataset_info after = n.transform().after(as_x0(all.back(), n.field));
      check_returned_info(n.plugin.entry->full_name(), after);
      after = with_field(all.back(), n.field, after);
      after.truth.reset();  // the known density is that of the loader's own numbers
      return after;
    }));
  return all;
}

branch::branch(std::shared_ptr<source> opened, std::vector<branch_node> nodes, const stream& root,
               const std::optional<normalisation>& known, bool looked_at)
    : source_(std::move(opened)), nodes_(std::move(nodes)) {
  for (const branch_node& n : nodes_) streams_.push_back(root.fork(n.id));
  infos_ = along(nodes_, source_->info());
  if (looked_at) {
    finish(known);
    return;
  }
  if (infos_.back().has_x0) refuse_channel_order(infos_.back());
  if (known)
    source_->examine([&](const std::string& part, const batch& rows) {
      const origin from{nullptr, false, part, rows.first};
      finished(through(rows, nodes_.size(), from), from);
    });
  else
    learn();
  finish(known);
}

void branch::finish(const std::optional<normalisation>& known) {
  infos_ = along(nodes_, source_->info());
  info_ = with_masks(infos_.back());
  if (info_.has_x0) info_.normal.dtype = known ? known->dtype : type_of_samples(loaded(), info_.normal);
  if (info_.identity.empty()) return;
  for (std::size_t k = 0; k < nodes_.size(); ++k)
    info_.identity += c10::str(", ", config::to_json(render(nodes_[k].plugin)).dump(), " ", streams_[k].bits(0));
}

void branch::learn() {
  std::vector<std::size_t> learners;
  for (std::size_t k = 0; k < nodes_.size(); ++k)
    if (nodes_[k].transform().learns()) learners.push_back(k);
  const std::size_t first = learners.empty() ? nodes_.size() : learners.front();
  const bool shares = !learners.empty() && nodes_[first].transform().rows_to_learn_from() == 0;
  bool shown = false;
  source_->examine([&](const std::string& part, const batch& rows) {
    const origin from{nullptr, false, part, rows.first};
    const batch b = through(rows, first, from);
    if (learners.empty()) finished(b, from);
    if (!shares || part != "train") return;
    look(first, b, from);
    shown = true;
  });
  for (const std::size_t k : learners) {
    if (k != first || !shown) learn_in_a_pass(k);
    at_transform(nodes_[k], [&] { nodes_[k].learn().learned(as_x0(infos_[k], nodes_[k].field)); });
    infos_ = along(nodes_, source_->info());
  }
}

void branch::look(std::size_t k, const batch& rows, const origin& from) {
  batch seen = with_missing(rows, infos_[k]);
  seen.set("x0", seen.at(nodes_[k].field));
  at_transform(nodes_[k], [&] { nodes_[k].learn().look(seen, context(k, from)); });
}

void branch::learn_in_a_pass(std::size_t k) {
  constexpr std::int64_t slice_numbers = std::int64_t{1} << 20, most_bytes = std::int64_t{1} << 30, least_rows = 10'000,
                         of_endless = 65'536;
  const dataset_info info = as_x0(loaded(), nodes_[k].field);
  const std::int64_t numbers = std::max<std::int64_t>(1, c10::multiply_integers(info.shape));
  const auto bytes = numbers * static_cast<std::int64_t>(c10::elementSize(info.numbers));
  const std::int64_t slice = std::max<std::int64_t>(1, slice_numbers / numbers);
  std::int64_t most = nodes_[k].transform().rows_to_learn_from();
  if (most == 0) most = std::max(least_rows, most_bytes / bytes);
  const std::int64_t count = info.count < 0 ? std::min(most, of_endless) : info.count;
  const std::int64_t block = std::min(info.block, count), blocks = (count + block - 1) / block,
                     visited = std::min(blocks, (std::min(most, count) + block - 1) / block);
  for (std::int64_t j = 0; j < visited; ++j) {
    stop_here_if_asked();
    const std::int64_t begin = j * blocks / visited * block;
    const batch rows = source_->prepare(source_->fetch_part("train", begin, std::min(block, count - begin)));
    for (std::int64_t at = 0; at < rows.size(); at += slice) {
      const origin from{nullptr, false, "train", begin + at};
      look(k, through(rows.rows(at, std::min(at + slice, rows.size())), k, from), from);
    }
  }
}

batch branch::marked(batch raw, bool training, const std::string& part, std::int64_t first) const {
  raw.fetched = std::make_shared<const origin>(origin{std::move(raw.fetched), training, part, first});
  return raw;
}

batch branch::fetch(std::int64_t step, const stream& s) {
  batch raw = source_->fetch(step, s);
  const std::int64_t position = step * raw.size() + raw.first;
  return marked(std::move(raw), true, "train", position);
}

batch branch::fetch_rows(std::int64_t first, std::int64_t count) {
  return marked(source_->fetch_rows(first, count), false, measured_part(info_), first);
}

batch branch::fetch_part(const std::string& part, std::int64_t first, std::int64_t count) {
  return marked(source_->fetch_part(part, first, count), false, part, first);
}

transform_context branch::context(std::size_t k, const origin& from) const {
  return from.training ? transform_context::of_training(streams_[k], loaded(), 0, 0, from.first)
                       : transform_context::of_part(streams_[k], loaded(), from.part, from.first);
}

batch run_transform(const branch_node& n, batch b, const transform_context& c, const dataset_info& after) {
  return at_transform(n, [&] {
    const batch place = b.place();
    const std::int64_t rows = b.size();
    const std::string by = n.plugin.entry->full_name();
    batch made = on_field(with_missing(std::move(b), after), n.field, [&](batch of_field) {
      batch changed = n.transform().run(std::move(of_field), c);
      check_returned_data(by, changed, as_x0(after, n.field));
      return changed;
    });
    if (made.size() != rows)
      throw error(c10::str(by, " returned ", made.size(), " of ", rows, " rows, need each row that it got"));
    made.put_at(place);
    return made;
  });
}

batch branch::through(batch b, std::size_t end, const origin& from) const {
  for (std::size_t k = 0; k < end; ++k) b = run_transform(nodes_[k], std::move(b), context(k, from), infos_[k + 1]);
  return b;
}

batch branch::prepare(batch raw) const {
  if (!raw.fetched) return raw;
  const auto from = std::static_pointer_cast<const origin>(raw.fetched);
  raw.fetched = from->fetched;
  return finished(through(source_->prepare(std::move(raw)), nodes_.size(), *from), *from);
}

batch branch::finished(batch b, const origin& from) const {
  const batch before = b;
  b = with_masks(std::move(b), infos_.back());
  for (const auto& [name, x] : b.tensors) {
    const Tensor was = before.find(name);
    if (!was.defined() || was.scalar_type() == at::kFloat || !was.is_floating_point()) continue;
    if (std::isfinite(x.sum().item<double>())) continue;
    const Tensor bad = x.isfinite().logical_not().flatten(1).any(1).nonzero();
    if (bad.size(0) == 0) continue;  // large numbers, whose sum overflowed
    const auto at = bad[0].item<std::int64_t>();
    const Tensor row = b.find("row");
    const auto number = row.defined() ? row[at].item<std::int64_t>() : from.first + at;
    throw error(c10::str(loaded().name_of(from.part), " got numbers beyond float32 in row ", number,
                         name == "x0" ? "" : " of " + name, ", need finite numbers of float32"));
  }
  return b;
}

nlohmann::json record_of(const dataset_info& loaded) {
  const auto list = [](const Tensor& t) {
    const Tensor flat = t.to(at::kDouble).flatten().contiguous();
    return nlohmann::json{
        {"shape", t.sizes().vec()},
        {"values", std::vector<double>(flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel())}};
  };
  nlohmann::json fields = nlohmann::json::object();
  for (const auto& [name, f] : loaded.fields)
    fields[name] = {{"shape", f.shape},
                    {"numbers", static_cast<int>(f.numbers)},
                    {"missing", f.missing},
                    {"shift", list(f.normal.shift)},
                    {"scale", list(f.normal.scale)}};
  return {{"fields", fields},
          {"has_x0", loaded.has_x0},
          {"missing", loaded.missing},
          {"shape", loaded.shape},
          {"classes", loaded.classes},
          {"first_class", loaded.first_class},
          {"numbers", static_cast<int>(loaded.numbers)},
          {"bin_width", loaded.bin_width},
          {"range", loaded.range},
          {"stored_order", loaded.stored_order},
          {"shift", list(loaded.normal.shift)},
          {"scale", list(loaded.normal.scale)}};
}

dataset_info loaded_from(const nlohmann::json& record) {
  const auto tensor = [](const nlohmann::json& of) {
    return at::tensor(of.at("values").get<std::vector<double>>(), at::kDouble).view(of.at("shape").get<sizes>());
  };
  const auto type = [](const nlohmann::json& of) {
    const int numbers = of.at("numbers").get<int>();
    if (numbers < 0 || numbers >= static_cast<int>(at::ScalarType::NumOptions))
      throw error(c10::str("checkpoint.json: numbers got ", numbers, ", need the number of a type"));
    return static_cast<at::ScalarType>(numbers);
  };
  dataset_info info;
  record.at("shape").get_to(info.shape);
  record.at("classes").get_to(info.classes);
  record.at("first_class").get_to(info.first_class);
  info.numbers = type(record);
  record.at("bin_width").get_to(info.bin_width);
  record.at("range").get_to(info.range);
  record.at("stored_order").get_to(info.stored_order);
  info.normal.shift = tensor(record.at("shift"));
  info.normal.scale = tensor(record.at("scale"));
  info.has_x0 = record.value("has_x0", true);
  info.missing = record.value("missing", false);
  const nlohmann::json fields = record.value("fields", nlohmann::json::object());
  for (const auto& [name, of] : fields.items()) {
    field_info& f = info.fields[name];
    of.at("shape").get_to(f.shape);
    f.numbers = type(of);
    of.at("missing").get_to(f.missing);
    f.normal.shift = tensor(of.at("shift"));
    f.normal.scale = tensor(of.at("scale"));
  }
  return info;
}

}
