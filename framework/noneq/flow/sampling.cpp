#include "noneq/flow/sampling.hpp"

#include <fmt/format.h>

#include "noneq/config/emit.hpp"
#include "noneq/core/memory.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq {

static void check_labels(const std::vector<std::int64_t>& labels, std::int64_t classes, bool knows_no_class) {
  if (labels.empty()) return;
  if (classes == 0) throw error("labels got classes, need none: the model was trained without labels");
  const std::int64_t last = knows_no_class ? classes : classes - 1;
  for (const std::int64_t label : labels)
    if (label < 0 || label > last)
      throw error(fmt::format("labels got {}, need classes from 0 to {}{}", label, last,
                              knows_no_class ? fmt::format(", of which {} is 'no class'", last) : ""));
}

sampling::sampling(const session& s, const plan_node& n)
    : session_(s),
      node_(n),
      sampler_(n.as<sampler>()),
      denoiser_(s.denoiser(sampler_.weights).guided(sampler_.guidance, s.info().classes).with_room_for(sampler_.steps)),
      stream_(s.stream().fork(n.id)) {
  check_labels(sampler_.labels, s.info().classes, denoiser_.network().knows_no_class());
  if (!sampler_.noise.empty())
    noise_.emplace(sampler_.noise, sampler_.noise_dataset, s.shape(), sampler_.count, *denoiser_.process().kernel);
}

void sampling::check() const {
  // Each thread's chunk holds the state, the network's answer and their like; every chunk holds its place in the order.
  const auto rows = static_cast<double>(std::min(sampler_.chunk_size(), sampler_.count)),
             numbers = rows * static_cast<double>(c10::multiply_integers(session_.shape())),
             chunks = std::ceil(static_cast<double>(sampler_.count) / static_cast<double>(sampler_.chunk_size()));
  const std::string chunk = fmt::format("a chunk of {} samples", std::min(sampler_.chunk_size(), sampler_.count));
  need_memory(numbers * sizeof(float) * 4, chunk, "chunk");
  need_memory(numbers * sizeof(float) * static_cast<double>(4 + sampler_.frames), chunk + " with its frames", "frames");
  need_memory(chunks * 256, fmt::format("{} samples in chunks of {}", sampler_.count, sampler_.chunk_size()), "count");
  sampler_.check_request(denoiser_.process(), request(0, std::min(sampler_.chunk_size(), sampler_.count)));
}

Tensor sampling::label(std::int64_t first, std::int64_t count) const {
  const std::int64_t classes = session_.info().classes;
  if (classes == 0) return {};
  const Tensor sample = at::arange(first, first + count, at::kLong);
  if (sampler_.labels.empty()) return sample.remainder(classes);
  const Tensor in_turn = at::tensor(sampler_.labels, at::kLong);
  return in_turn.index_select(0, sample.remainder(in_turn.size(0)));
}

sampling_request sampling::request(std::int64_t first, std::int64_t count) const {
  sampling_request r{first, count, session_.shape(), stream_, label(first, count), {}};
  r.normal = session_.info().normal;
  r.range = session_.info().range;
  if (noise_) r.start = noise_->rows(first, count);
  return r;
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
                                           {"parameters", to_json(render(node_.plugin)).dump()},
                                           {"steps", std::to_string(sampler_.kept_steps(denoiser_.process()).size())},
                                           {"guidance", fmt::format("{}", sampler_.guidance)},
                                           {"seed", std::to_string(session_.plan().seed)},
                                           {"trained_steps", std::to_string(session_.step())},
                                           {"weights", sampler_.weights},
                                           {"checkpoint_crc32", session_.fingerprint(sampler_.weights)}};
  if (session_.info().normal.dtype == at::kDouble)
    known["precision"] = "float64: float32 would round away what the data resolves";
  if (noise_) known["noise"] = fmt::format("{}, {}", sampler_.noise.string(), sampler_.noise_dataset);
  return known;
}

}
