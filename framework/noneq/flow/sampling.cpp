#include "noneq/flow/sampling.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/config/emit.hpp"
#include "noneq/core/memory.hpp"
#include "noneq/flow/fields.hpp"
#include "noneq/flow/model_rows.hpp"
#include "noneq/flow/packed.hpp"
#include "noneq/plugin/returned.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq::flow {

static void check_labels(const std::vector<std::int64_t>& labels, std::int64_t classes, bool knows_no_class) {
  if (labels.empty()) return;
  if (classes == 0) throw error("labels got classes, need none: the model was trained without labels");
  const std::int64_t last = knows_no_class ? classes : classes - 1;
  for (const std::int64_t label : labels)
    if (label < 0 || label > last)
      throw error(fmt::format("labels got {}, need classes from 0 to {}{}", label, last,
                              knows_no_class ? fmt::format(", of which {} is 'no class'", last) : ""));
}

denoiser watched(const denoiser& d, const plan_node& n, observer& o) {
  return d.watched([&n, &o] {
    stop_here_if_asked();
    o.network_called(n);
  });
}

sampling::sampling(session& s, const plan_node& n, observer& o)
    : session_(s),
      model_(s.model_of(n)),
      node_(n),
      sampler_(n.as<sampler>()),
      observer_(o),
      denoiser_(watched(model_.denoiser(sampler_.weights)
                            .guided(sampler_.guidance, model_.info().classes)
                            .with_room_for(sampler_.steps),
                        n, o)),
      stream_(s.stream().fork(n.id)) {
  check_labels(sampler_.labels, model_.info().classes, denoiser_.network().knows_no_class());
}

batch sampling::chunk(std::int64_t k) const { return {k, k * sampler_.chunk_size(), {}}; }

void sampling::check() const {
  if (const auto names = model_.conditions(); !names.empty() && node_.in.empty())
    throw error(fmt::format("is missing; need rows with the conditions of the model, {}", fmt::join(names, ", ")),
                "in");
  // Each thread's chunk holds the state, the network's output and the like; every chunk holds its samples until its
  // turn.
  const std::int64_t count = sampler_.samples(), of_chunk = std::min(sampler_.chunk_size(), count);
  const auto rows = static_cast<double>(of_chunk * std::max<std::int64_t>(1, sampler_.members)),
             numbers = rows * static_cast<double>(c10::multiply_integers(model_.shape())),
             chunks = std::ceil(static_cast<double>(count) / static_cast<double>(sampler_.chunk_size()));
  const std::string chunk = fmt::format("a chunk of {} samples", of_chunk);
  need_memory(numbers * sizeof(float) * 4, chunk, "chunk");
  need_memory(numbers * sizeof(float) * static_cast<double>(4 + sampler_.frames), chunk + " with its frames", "frames");
  need_memory(chunks * 256, fmt::format("{} samples in chunks of {}", count, sampler_.chunk_size()), "count");
  sampler_.kept_steps(denoiser_.process());  // throws where there are too few
  if (node_.in.empty()) sampler_.check_request(denoiser_.process(), request(0, of_chunk, {}));
}

void sampling::check(const batch& rows) const {
  sampling_request r = request(rows.first, rows.size(), rows);
  start_from(r, rows);
  sampler_.check_request(denoiser_.process(), r);
}

Tensor sampling::label(std::int64_t first, std::int64_t count) const {
  const std::int64_t classes = model_.info().classes;
  if (classes == 0) return {};
  const Tensor sample = at::arange(first, first + count, at::kLong);
  if (sampler_.labels.empty()) return sample.remainder(classes);
  const Tensor in_turn = at::tensor(sampler_.labels, at::kLong);
  return in_turn.index_select(0, sample.remainder(in_turn.size(0)));
}

// Returns the step index of a t of the schedule that the model was trained with.
std::int64_t sampling::index_of(std::int64_t t) const {
  const std::int64_t T = model_.denoiser("raw").process().steps();
  if (t > T) throw error(fmt::format("got t: {}, need at most {}, the steps of the schedule", t, T), "start");
  const Tensor seen = denoiser_.process().seen(at::arange(denoiser_.process().steps(), at::kLong)).to(at::kDouble);
  return (seen - static_cast<double>(t - 1)).abs().argmin().item<std::int64_t>();
}

void sampling::start_from(sampling_request& r, const batch& given) const {
  const start_point& start = sampler_.start;
  if (start.empty()) return;
  const Tensor& x = given.at(start.from);
  const sizes row = x.sizes().slice(1).vec();
  if (row != model_.shape())
    throw error(fmt::format("got '{}' with rows of shape {}, need those of a sample, {}", start.from, to_string(row),
                            to_string(model_.shape())),
                "start");
  const process& p = denoiser_.process();
  if (!start.of_data()) {
    p.kernel->check_data(x);
    r.start = x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
    return;
  }
  if (x.is_floating_point() && !x.isfinite().all().item<bool>())
    throw error(fmt::format("got '{}' with missing numbers, need all of them", start.from), "start");
  const Tensor x0 = model_.info().normal.apply(r.rows.at(start.from));
  p.kernel->check_data(x0);
  r.from_index =
      start.t > 0 ? index_of(start.t) : index_of_deviation(start.deviation, model_.info().normal, p.tables, "start");
  const coefficients c = coefficients_at(p.tables, at::full({r.count}, r.from_index, at::kLong), x0);
  r.start = start.t > 0 ? p.kernel->jump(x0, c, p.kernel->noise(x0.sizes().vec(), r.stream.fork("start"), r.first))
                        : c.sqrt_alpha_bar * x0;
}

// Returns the random numbers of the k-th member of an ensemble.
noneq::stream sampling::stream_of(std::int64_t member, bool again) const {
  const noneq::stream s = member > 0 ? stream_.fork("member").fork(member) : stream_;
  return again ? s.fork("again") : s;
}

sampling_request sampling::request(std::int64_t first, std::int64_t count, const batch& given) const {
  Tensor of_class = given.find("label");
  if (!of_class.defined() || !sampler_.labels.empty())
    of_class = label(first, count);
  else if (const std::int64_t classes = model_.info().classes; classes > 0 && of_class.numel() > 0)
    if (const auto last = of_class.max().item<std::int64_t>(); last >= classes)
      throw error(fmt::format("got the label {} of a row, need classes from 0 to {}, as the model knows them", last,
                              classes - 1));
  sampling_request r{first, count, model_.shape(), stream_, {{"label", of_class}}, {}};
  r.normal = model_.info().normal;
  r.range = model_.info().range;
  if (given.tensors.empty()) return r;
  const dataset_info of_stream = session_.nodes().info_before(node_);
  const auto names = model_.conditions();
  const batch conditions = conditions_as_model_takes(given, of_stream, model_.info(), names);
  for (const std::string& name : names) r.given = r.given.with(name, conditions.at(name));
  r.rows = in_data_units(given, of_stream, sampler_.reads());  // guides work in data units
  return r;
}

// Draws one sample of each row, the k-th of an ensemble. Its noise depends on the seed, the row and k alone; the first
// member is the sample that is drawn where there is no ensemble.
batch sampling::member(const batch& given, sampling_request r, std::int64_t k, bool again) {
  const dataset_info& info = model_.info();
  const std::string by = node_.plugin.entry->full_name();
  const std::int64_t count = r.count;
  r.stream = stream_of(k, again);
  start_from(r, given);
  const std::vector<std::int64_t> times = frame_times();
  std::vector<Tensor> frames(times.size());
  const auto T = static_cast<double>(denoiser_.process().steps());
  const double part = node_.in.empty() ? static_cast<double>(count) / static_cast<double>(sampler_.samples()) : 0;
  double share = 0;
  const at::ScalarType type = r.start.defined() ? r.start.scalar_type() : at::kFloat;
  r.visit = [&](std::int64_t t, const Tensor& xt) {
    const double now = 1 - static_cast<double>(t) / T;
    observer_.advanced(node_, (now - std::exchange(share, now)) * part);
    check_returned_samples(by, "frames", xt, count, r.shape, type);
    for (std::size_t j = 0; j < times.size(); ++j)
      // A respaced sampler keeps the first state at or below the wanted time.
      if (t <= times[j] && !frames[j].defined()) frames[j] = info.normal.restore(xt);
  };
  r.missed = [&](const Tensor& by_guides) {
    const std::lock_guard one(missing_);
    missed_[{given.first, k}] = by_guides;
  };
  const Tensor x0 = sampler_.sample(denoiser_, r);
  check_returned_samples(by, "samples", x0, count, r.shape, type);
  batch b{given.step, given.first, {}};
  b.set("samples", info.normal.restore(x0));
  if (!frames.empty()) b.set("frames", at::stack(frames, 1));
  if (const Tensor label = r.given.find("label"); label.defined())
    b.set("label", label + info.first_class);  // as the data has them
  if (given.has("row")) b.set("row", given.at("row"));
  return b;
}

batch sampling::draw(const batch& given, bool again) {
  const std::int64_t count =
      node_.in.empty() ? std::min(sampler_.chunk_size(), sampler_.samples() - given.first) : given.size();
  const sampling_request r = request(given.first, count, given);
  batch all = member(given, r, 0, again);
  if (sampler_.members == 0) return all;
  std::vector<Tensor> samples{all.at("samples")};
  for (std::int64_t k = 1; k < sampler_.members; ++k) samples.push_back(member(given, r, k, again).at("samples"));
  all.set("samples", at::stack(samples, 1));
  return all;
}

// Guides put the values that they prescribe into every x̂⁰, but a sampler's further steps may remove them again.
missed_samples sampling::missed() const {
  constexpr double enough = 1e-3;
  missed_samples found;
  for (const auto& [_, by_guides] : missed_)
    found.add({(by_guides > enough).sum().item<std::int64_t>(), by_guides.numel(),
               std::max(0.0, by_guides.nan_to_num(0).max().item<double>())});
  return found;
}

void sampling::add_missed(const ranks& r) {
  std::string mine;
  if (!r.first()) pack_plain(missed(), mine);
  for (std::string_view theirs : r.to_first(mine))
    if (!theirs.empty()) elsewhere_.add(unpack_plain<missed_samples>(theirs));
}

void sampling::report_missed() const {
  missed_samples found = missed();
  found.add(elsewhere_);
  if (found.missed > 0)
    observer_.remark(
        fmt::format("{}: {} of {} samples miss what its guides are certain of, by up to {:.2g} in normalised units; "
                    "clip, or denoise: false, may be why",
                    node_.id, found.missed, found.all, found.farthest));
}

void sampling::forget_missed() {
  const std::lock_guard one(missing_);
  missed_.clear();
}

std::vector<std::int64_t> sampling::frame_times() const {
  const std::int64_t T = denoiser_.process().steps(), frames = sampler_.frames;
  std::vector<std::int64_t> times;
  for (std::int64_t j = 0; j < frames; ++j) times.push_back(frames == 1 ? 0 : T - j * T / (frames - 1));
  return times;
}

std::map<std::string, std::string> sampling::provenance() const {
  std::map<std::string, std::string> known{{"noneq", NONEQ_VERSION},
                                           {"sampler", node_.plugin.entry->name},
                                           {"parameters", config::to_json(render(node_.plugin)).dump()},
                                           {"steps", std::to_string(sampler_.kept_steps(denoiser_.process()).size())},
                                           {"guidance", fmt::format("{}", sampler_.guidance)},
                                           {"seed", std::to_string(session_.plan().seed)},
                                           {"trained_steps", std::to_string(model_.step())},
                                           {"weights", sampler_.weights},
                                           {"checkpoint_crc32", model_.fingerprint(sampler_.weights)}};
  for (const plan_edge& e : node_.in)
    known["rows of " + e.from] = config::to_json(render(session_.plan().node(e.from).plugin)).dump();
  if (model_.info().normal.dtype == at::kDouble)
    known["precision"] = "float64: float32 would round away what the data resolves";
  return known;
}

}
