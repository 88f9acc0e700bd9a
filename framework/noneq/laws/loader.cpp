// Laws of roles/loader.hpp.
#include "noneq/plugin/roles/loader.hpp"

#include <fmt/format.h>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/some_data.hpp"
#include "noneq/laws/detail/state.hpp"
#include "noneq/laws/detail/subject.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace loader_laws {

const stream root(41);

// A source may refer to its loader, which lives as long as it.
std::shared_ptr<source> opened(const std::shared_ptr<loader>& l, const std::optional<normalisation>& known = {}) {
  const auto data = need_made(l->open(known, root), "open()", "source");
  data->examine([](const std::string&, const batch&) {});
  return {std::make_shared<std::pair<std::shared_ptr<loader>, std::shared_ptr<source>>>(l, data), data.get()};
}

batch step_of(source& data, std::int64_t step) { return data.prepare(data.fetch(step, root.fork("steps").fork(step))); }

// Rows that are measured, as many of a small number as there are.
std::int64_t measured_rows(const source& data) {
  constexpr std::int64_t most = 23;
  return data.info().measured < 0 ? most : std::min(most, data.info().measured);
}

batch rows_of(source& data, std::int64_t first, std::int64_t count) {
  return data.prepare(data.fetch_rows(first, count));
}

void gives_described(const subject& s) {
  const auto l = s.as<loader>();
  const auto data = opened(l);
  check_returned_info(s.name(), data->info());
  const batch trained = step_of(*data, 0), measured = rows_of(*data, 0, measured_rows(*data));
  check_returned_data(s.name(), trained, data->info());
  check_returned_data(s.name(), measured, data->info());
  need(trained.size() == l->batch_size, "rows of a training step", std::to_string(trained.size()),
       fmt::format("batch: {}", l->batch_size));
  need(measured.size() == measured_rows(*data), "rows of fetch_rows()", std::to_string(measured.size()),
       std::to_string(measured_rows(*data)));
  need(l->gives_x0() == data->info().has_x0, "gives_x0()", l->gives_x0() ? "true" : "false", "what info().has_x0 is");
  if (data->info().has_x0)
    need(trained.at("x0").scalar_type() == data->info().numbers, "type of x0",
         c10::toString(trained.at("x0").scalar_type()),
         std::string(c10::toString(data->info().numbers)) + ", as info()");
  for (const std::string& name : l->gives())
    need(trained.has(name), "the batch of a step", "no '" + name + "'", "every tensor that gives() names");
}

void ends_with_data(const subject& s) {
  const auto data = opened(s.as<loader>());
  const std::int64_t rows = data->info().measured;
  if (rows < 0) return;
  need_equal("the number of rows of fetch_rows() that reaches past the end",
             at::scalar_tensor(rows_of(*data, rows - 1, 5).size(), at::kLong), at::scalar_tensor(1, at::kLong));
  // The first block and the last, as data may be large.
  const std::int64_t size = std::max<std::int64_t>(1, std::min(data->info().block, s.as<loader>()->batch_size));
  for (const std::int64_t first : {std::int64_t{0}, (rows - 1) / size * size}) {
    const std::int64_t got = rows_of(*data, first, size).size(), wanted = std::min(size, rows - first);
    need(got == wanted, fmt::format("rows of fetch_rows({}, {})", first, size), std::to_string(got),
         fmt::format("{}, as info().measured = {}", wanted, rows));
  }
}

void has_rows_in_order(const subject& s) {
  const auto data = opened(s.as<loader>());
  const std::int64_t n = measured_rows(*data);
  const batch all = rows_of(*data, 0, n);
  for (const std::int64_t size : {std::int64_t{1}, std::int64_t{7}}) {
    std::vector<batch> parts;
    for (std::int64_t first = 0; first < n; first += size)
      parts.push_back(rows_of(*data, first, std::min(size, n - first)));
    need_same_batch(fmt::format("rows in blocks of {}", size), joined(parts), all);
  }
  need_same_batch("rows read backwards", joined({rows_of(*data, n / 2, n - n / 2)}), all.rows(n / 2, n));
  need_same_batch("the first rows, read again", rows_of(*data, 0, n / 2), all.rows(0, n / 2));
}

void is_repeatable(const subject& s) {
  const auto first = opened(s.as<loader>()), second = opened(s.again<loader>());
  for (std::int64_t step = 0; step < 3; ++step)
    need_same_batch(fmt::format("step {} of an equal loader", step), step_of(*second, step), step_of(*first, step));
  const std::int64_t n = measured_rows(*first);
  need_same_batch("rows of an equal loader", rows_of(*second, 0, n), rows_of(*first, 0, n));
  need(first->info().identity == second->info().identity, "the identity of equal loaders",
       first->info().identity + " and " + second->info().identity, "equal texts");
}

// Sources of two processes, which take a share of each batch, beside one that takes all.
void gives_shares(const subject& s) {
  const auto whole = opened(s.as<loader>());
  const std::vector<std::pair<batch_share, std::shared_ptr<source>>> processes{{{0, 2, 3}, opened(s.again<loader>())},
                                                                               {{2, 3, 3}, opened(s.again<loader>())}};
  for (std::int64_t step = 0; step < 3; ++step) {
    const batch all = step_of(*whole, step);
    for (const auto& [share, data] : processes) {
      const std::int64_t begin = share.begin(all.size()), end = share.end(all.size());
      if (begin == end) continue;
      batch some = data->prepare(data->fetch_share(step, root.fork("steps").fork(step), share));
      if (some.of_rows == 0) some = some.share(share);
      need(some.first == begin && some.of_rows == all.size(), "the place of fetch_share()",
           fmt::format("{} of {}", some.first, some.of_rows), fmt::format("{} of {}", begin, all.size()));
      need_same_batch(fmt::format("a share of step {}", step), some, all.rows(begin, end));
    }
  }
  for (const auto& [name, tensor] : state_of(*whole))
    need_equal("the state after fetch_share(): " + name, state_of(*processes.back().second).at(name), tensor);
}

void prepares_at_once(const subject& s) {
  const auto data = opened(s.as<loader>()), other = opened(s.again<loader>());
  std::vector<batch> raw, wanted;
  for (std::int64_t step = 0; step < static_cast<std::int64_t>(threads_at_once); ++step) {
    raw.push_back(data->fetch(step, root.fork("steps").fork(step)));
    wanted.push_back(step_of(*other, step));
  }
  // The last thread reads, as the framework does beside those that prepare.
  const auto made = at_once(threads_at_once + 1, [&](std::size_t i) {
    return i < threads_at_once ? data->prepare(raw[i]) : data->fetch_rows(0, measured_rows(*data));
  });
  for (std::size_t i = 0; i < threads_at_once; ++i) {
    need_same_batch("prepared by several threads at once", made[i], wanted[i]);
    need_same_batch("prepared twice", data->prepare(made[i]), made[i]);
  }
}

void goes_on_from_state(const subject& s) {
  const auto data = opened(s.as<loader>()), other = opened(s.again<loader>());
  for (std::int64_t step = 0; step < 3; ++step) step_of(*data, step);
  restore(*other, state_of(*data));
  for (std::int64_t step = 3; step < 5; ++step)
    need_same_batch(fmt::format("step {} of a source restored from state()", step), step_of(*other, step),
                    step_of(*data, step));
}

void keeps_normalisation(const subject& s) {
  const auto l = s.as<loader>();
  const auto data = opened(l), later = opened(l, data->info().normal);
  need_equal("shift of data opened with a known normalisation", later->info().normal.shift, data->info().normal.shift);
  need_equal("scale of data opened with a known normalisation", later->info().normal.scale, data->info().normal.scale);
}

}

law_list of_loader() {
  using namespace loader_laws;
  return {
      {"Batches hold what info() and gives() describe, `batch` rows a training step.", gives_described},
      {"fetch_rows() gives info().measured rows, and fewer at the end.", ends_with_data},
      {"Row k is the same in whichever block and order it is read.", has_rows_in_order},
      {"Rows are a function of parameters and stream.", is_repeatable},
      {"fetch_share() gives the rows of fetch(), and changes the state as it does.", gives_shares},
      {"prepare() may be called by several threads at once, beside fetch(), and leaves a prepared batch as it is.",
       prepares_at_once},
      {"A source that takes the state of another goes on as that one does.", goes_on_from_state},
      {"Data that is opened with a known normalisation has it.", keeps_normalisation},
  };
}

}
