// Loader and noiser alone: batches of 8-bit images out of an HDF5 file, normalised, with t, noise and x^t. As in
// training they are fetched one after another, and made on every core at once. bench_batches FILE BATCH SECONDS prints
// one line of JSON: images per second of wall and of CPU time.
#include <chrono>
#include <ctime>

#include <sys/resource.h>
#include <tbb/parallel_pipeline.h>
#include <nlohmann/json.hpp>

#include "noneq/core/memory.hpp"
#include "noneq/flow/branch.hpp"
#include "noneq/flow/workers.hpp"
#include "plugins/make.hpp"

int main(int argc, char** argv) {
  if (argc != 4) return std::fputs("usage: bench_batches FILE BATCH SECONDS\n", stderr), 2;
  noneq::keep_freed_memory();
  at::NoGradGuard values_only;
  const std::string size = argv[2];
  const double seconds = std::stod(argv[3]);
  const auto p = testing::make_process("gaussian", "{plugin: cosine, steps: 1000}", "epsilon", "fixed_large");
  const auto loader = testing::make<noneq::loader>("{plugin: hdf5, file: '" + std::string(argv[1]) +
                                                   "', dataset: x, batch: " + size + "}");
  const auto scaled = testing::make_instance("transform", "{plugin: range, values: [0, 255]}");
  const auto noiser = testing::make<noneq::noiser>("marginal");
  const noneq::stream order(1), noise(2);
  const auto source = std::make_shared<noneq::flow::branch>(
      loader->open({}, order), std::vector{noneq::flow::branch_node{"scaled", scaled}}, order, std::nullopt);
  noneq::flow::workers pool(0);
  std::int64_t at = 0;
  const auto until = [&](const auto& enough) {
    const auto fetch = [&](tbb::flow_control& control) -> noneq::batch {
      if (enough()) return control.stop(), noneq::batch{};
      noneq::batch raw = source->fetch(at, order.fork(at));
      raw.step = at++;
      return raw;
    };
    const auto make = [&](noneq::batch raw) {
      at::NoGradGuard values_only;
      noneq::batch b = source->prepare(std::move(raw));
      noiser->draw(b, p, noise.fork(b.step));
      noiser->apply(b, p, noise.fork(b.step));
    };
    pool.execute([&] {
      using mode = tbb::filter_mode;
      tbb::parallel_pipeline(2 * static_cast<std::size_t>(pool.threads()),
                             tbb::make_filter<void, noneq::batch>(mode::serial_in_order, fetch) &
                                 tbb::make_filter<noneq::batch, void>(mode::parallel, make));
    });
  };
  until([&] { return at == 50; });
  using clock = std::chrono::steady_clock;
  const auto start = clock::now();
  const std::clock_t busy = std::clock();
  const std::int64_t first = at;
  const auto wall = [&] { return std::chrono::duration<double>(clock::now() - start).count(); };
  until([&] { return wall() >= seconds; });
  const double images = static_cast<double>(at - first) * std::stod(size), taken = wall();
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const nlohmann::ordered_json out{{"rate", images / taken},
                                   {"unit", "images/s"},
                                   {"cpu_rate", images * CLOCKS_PER_SEC / static_cast<double>(std::clock() - busy)},
                                   {"rss_mb", static_cast<double>(used.ru_maxrss) / 1024}};
  std::puts(out.dump().c_str());
}
