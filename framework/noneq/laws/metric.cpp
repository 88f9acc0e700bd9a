// Laws of roles/metric.hpp: metrics of a model, of samples, and of samples beside their truth.
#include "noneq/plugin/roles/metric.hpp"

#include <fmt/format.h>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/data_in_memory.hpp"
#include "noneq/laws/detail/formula.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/scratch.hpp"
#include "noneq/laws/detail/settings.hpp"
#include "noneq/laws/detail/some_data.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace metric_laws {

constexpr std::int64_t count = 96;

// A model, data and the batches of a stream, in which a metric can be tried.
struct surroundings {
  std::string text;
  std::shared_ptr<data_in_memory> data;
  std::optional<noneq::denoiser> denoiser;
  batch rows;                     // of the whole stream
  std::vector<batch> draws = {};  // instead, of a metric that reads no data: it decides itself how they are cut
  std::string part = "test";
  std::int64_t members = 0;  // of each row of samples; 0: no axis of them
};

std::shared_ptr<data_in_memory> data_like(const std::function<Tensor(std::int64_t part)>& draw, double blur) {
  auto data = std::make_shared<data_in_memory>(
      std::map<std::string, Tensor>{{"train", draw(0)}, {"validation", draw(1)}, {"test", draw(2)}}, "some data");
  data->known.bin_width = 2.0 / 255;
  data->known.truth =
      mixture{data->rows.at("train"), at::full({count}, -std::log(static_cast<double>(count)), at::kDouble), blur};
  return data;
}

// Rows of x⁰ of the kernel's space, for a metric of a model.
surroundings of_model(const setting& in) {
  const kernel& k = *in.process.kernel;
  const Tensor all = data_of(k, 3 * count, at::kFloat);
  const auto data = data_like([&](std::int64_t part) { return all.slice(0, part * count, (part + 1) * count); },
                              k.has_variance() ? 0.05 : 0);
  return {in.text, data, plain_denoiser(in.process), {0, 0, {{"x0", data->rows.at("test")}}}, {}};
}

// Samples of a shape, `members` a row, for a metric of samples; beside their truth where the metric compares.
surroundings of_samples(const setting& in, const sizes& shape, std::int64_t members, bool compares) {
  sizes rows = shape;
  rows.insert(rows.begin(), count);
  const stream s(43);
  const Tensor truth = s.fork("truth").normal(rows);
  const auto data = data_like([&](std::int64_t part) { return s.fork(part).normal(rows); }, 0.05);
  if (members > 0) rows.insert(rows.begin() + 1, members);
  const Tensor samples = s.fork("samples").normal(rows) + 0.5 * (members > 0 ? truth.unsqueeze(1) : truth);
  batch b{0, 0, {{"samples", samples}}};
  if (compares) b.set("truth", truth.to(at::kDouble));
  return {"samples " + to_string(rows), data, plain_denoiser(in.process), b, {}, "test", members};
}

// Everything in which a metric of this kind could stand.
std::vector<surroundings> all_surroundings(const subject& s) {
  std::vector<surroundings> all;
  const bool compares = s.as<verification>() != nullptr;
  const std::vector<setting> processes = settings(s, twelve_steps());
  if (!s.as<sample_metric>())
    for (const setting& each : processes) all.push_back(of_model(each));
  else
    for (const sizes& shape : {sizes{1, 8, 8}, sizes{2, 8, 8}, sizes{4}, sizes{1}})
      for (const std::int64_t members : compares ? sizes{5, 0} : sizes{0})
        all.push_back(of_samples(processes.front(), shape, members, compares));
  return all;
}

using feeding = std::function<void(sinking&, const std::vector<batch>&)>;

void in_turn(sinking& sink, const std::vector<batch>& stream) {
  for (const batch& b : stream) sink.add(sink.map(b));
}

// Every batch is mapped before the first is added, on threads that run at once.
void mapped_at_once(sinking& sink, const std::vector<batch>& stream) {
  const auto mapped = at_once(stream.size(), [&](std::size_t i) {
    at::NoGradGuard values_only;
    return sink.map(stream[i]);
  });
  for (const batch& b : mapped) sink.add(b);
}

outcome found(const subject& s, const surroundings& in, std::int64_t block, const feeding& feed) {
  at::NoGradGuard values_only;
  const scratch kept;
  static const std::vector<measured> nothing;
  const measurement m{*in.denoiser, in.data->info(), stream(59), pass_over(*in.data), nothing, kept.folder(), in.part};
  const auto plugin = s.as<metric>();
  const auto sink = need_made(plugin->open(m), "open()", "sinking");
  if (!in.draws.empty())
    feed(*sink, in.draws);
  else if (in.rows.size() > 0)
    feed(*sink, in_blocks(in.rows, block));
  return sink->finish();
}

// Throws noneq::error where the metric refuses the surroundings, when a pipeline is checked or when it sees the rows.
void ask(const subject& s, surroundings& in) {
  const auto m = s.as<metric>();
  m->check_data(in.data->info());
  m->check_process(in.denoiser->process());
  if (const auto of_samples = s.as<sample_metric>()) of_samples->check_count(count);
  if (const auto compares = s.as<verification>()) compares->check_members(in.members);
  if (!s.as<sample_metric>()) {
    const row_request wanted = m->rows(in.data->info());
    in.part = wanted.part;
    for (std::int64_t k = 0; !wanted.data && k < wanted.batches(); ++k)
      in.draws.push_back({k, wanted.begin + k * wanted.block, {}});
    const Tensor rows = in.data->rows.at(wanted.part.empty() ? "test" : wanted.part);
    const std::int64_t n = std::min(wanted.count, rows.size(0));
    in.rows = n > 0 ? batch{0, wanted.begin, {{"x0", rows.slice(0, wanted.begin, wanted.begin + n)}}} : batch{};
  }
  found(s, in, count, in_turn);
}

std::vector<surroundings> accepted(const subject& s) {
  std::vector<surroundings> all;
  std::string refusal;
  for (surroundings& each : all_surroundings(s)) {
    try {
      ask(s, each);
      all.push_back(std::move(each));
    } catch (const error& e) {
      refusal = e.what();
    }
  }
  if (all.empty()) throw error("the metric refuses all data and processes: " + refusal);
  return all;
}

void need_same(const std::string& how, const outcome& got, const outcome& wanted, double relative) {
  need(got.records.size() == wanted.records.size(), "records " + how, std::to_string(got.records.size()),
       std::to_string(wanted.records.size()));
  for (std::size_t i = 0; i < got.records.size(); ++i) {
    const measured &a = got.records[i], &b = wanted.records[i];
    need(a.name == b.name && a.unit == b.unit, "record " + how, a.name + " in " + a.unit, b.name + " in " + b.unit);
    need_close("the record " + a.name + " " + how, at::tensor({a.value, a.standard_error}, at::kDouble),
               at::tensor({b.value, b.standard_error}, at::kDouble), relative, 1e-9);
  }
  need_same_batch(how, got.arrays, wanted.arrays, relative);
}

template <class F>
void with_each(const subject& s, const F& f) {
  for (const surroundings& in : accepted(s)) {
    try {
      f(in);
    } catch (const error& e) {
      throw error(fmt::format("{} (with {})", e.what(), in.text));
    }
  }
}

void finds_declared(const subject& s) {
  with_each(s, [&](const surroundings& in) {
    const outcome o = found(s, in, 32, in_turn);
    check_returned_records(s.name(), o.records);
    check_returned_arrays(s.name(), o.arrays, s.entry().writes, in.data->info().shape, in.denoiser->process().steps());
    need(!o.records.empty() || !o.arrays.tensors.empty() || !o.files.empty(), "finish()", "nothing",
         "records, arrays or files");
    for (const auto& [name, array] : o.arrays.tensors)
      need(std::any_of(s.entry().writes.begin(), s.entry().writes.end(),
                       [&, &wanted = name](const named_tensor_doc& d) { return d.name == wanted; }),
           "the array '" + name + "'", "no word of it in the table", "a declaration by d.writes()");
    for (const measured& m : o.records) need(!m.name.empty(), "a record", "no name", "one");
  });
}

// Sums of other batches round otherwise.
constexpr double rounding = 1e-4;

void does_not_depend_on_batches(const subject& s) {
  with_each(s, [&](const surroundings& in) {
    const outcome whole = found(s, in, count, in_turn);
    for (const std::int64_t block : {32, 7})
      need_same(fmt::format("of rows in batches of {}", block), found(s, in, block, in_turn), whole, rounding);
  });
}

void maps_at_once(const subject& s) {
  with_each(s, [&](const surroundings& in) {
    need_same("of batches mapped by several threads at once", found(s, in, 24, mapped_at_once),
              found(s, in, 24, in_turn), 1e-9);
  });
}

}

law_list of_metric() {
  using namespace metric_laws;
  return {
      {"finish() returns finite records, and the arrays that the table declares.", finds_declared},
      {"The outcome does not depend on how rows are cut into batches.", does_not_depend_on_batches},
      {"map() may be called by several threads at once, ahead of add().", maps_at_once},
  };
}

}
