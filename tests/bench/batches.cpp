// Loader and noiser alone: batches of 8-bit images out of an HDF5 file, normalised, with t, noise and x^t, on one
// thread. bench_batches FILE BATCH SECONDS prints one line of JSON: images per second of wall and of CPU time.
#include <chrono>
#include <ctime>

#include <sys/resource.h>
#include <nlohmann/json.hpp>

#include "noneq/core/memory.hpp"
#include "noneq/core/threads.hpp"
#include "plugins/make.hpp"

int main(int argc, char** argv) {
  if (argc != 4) return std::fputs("usage: bench_batches FILE BATCH SECONDS\n", stderr), 2;
  noneq::keep_freed_memory();
  noneq::limit_library_threads();
  noneq::prepare_worker_thread();
  at::NoGradGuard values_only;
  const std::string size = argv[2];
  const double seconds = std::stod(argv[3]);
  const auto p = noneq::make_process("gaussian", "{plugin: cosine, steps: 1000}", "epsilon", "fixed_large");
  const auto loader =
      noneq::make<noneq::loader>("{plugin: hdf5, file: '" + std::string(argv[1]) +
                                 "', dataset: x, normalise: range, range: [0, 255], batch: " + size + "}");
  const auto noiser = noneq::make<noneq::noiser>("marginal");
  const noneq::stream order(1), noise(2);
  const auto source = loader->open({}, order);
  std::int64_t at = 0;
  const auto step = [&] {
    noneq::batch b = source->prepare(source->fetch(at, order.fork(at)));
    b.step = at;
    noiser->draw(b, p, noise.fork(at));
    noiser->apply(b, p, noise.fork(at));
    ++at;
  };
  for (int i = 0; i < 50; ++i) step();
  using clock = std::chrono::steady_clock;
  const auto start = clock::now();
  const std::clock_t busy = std::clock();
  const std::int64_t first = at;
  double wall = 0;
  while (wall < seconds) {
    step();
    wall = std::chrono::duration<double>(clock::now() - start).count();
  }
  const double images = static_cast<double>(at - first) * std::stod(size);
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const nlohmann::ordered_json out{{"rate", images / wall},
                                   {"unit", "images/s"},
                                   {"cpu_rate", images * CLOCKS_PER_SEC / static_cast<double>(std::clock() - busy)},
                                   {"rss_mb", static_cast<double>(used.ru_maxrss) / 1024}};
  std::puts(out.dump().c_str());
}
