// The cost of other padding than zeros: the U-Net of `make bench` in one thread, its training step (both passes of 16
// images of 3×32×32) and its call, under each padding by turns. Prints a line of JSON for each: its median in
// milliseconds of CPU time, and beside that of zeros.
#include <algorithm>
#include <ctime>
#include <iostream>

#include <nlohmann/json.hpp>

#include "../../plugins/models/unet/layers.hpp"
#include "noneq/compute/execution.hpp"
#include "noneq/core/threads.hpp"

namespace {

using noneq::Tensor;
using noneq::compute::padding;
using noneq::compute::paddings;

double cpu_milliseconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return 1e3 * static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_nsec);
}

struct contender {
  std::string name;
  noneq::compute::executed_network network;
  std::vector<Tensor> weights;
  std::vector<double> steps, calls;

  contender(std::string named, std::int64_t channels, const paddings& with, const std::string& precision)
      : name(std::move(named)), network(layers(channels, with), {"compiled", precision}) {
    for (const auto& w : network.layers().weights)
      weights.push_back(initial_weight(w, noneq::stream(1)).requires_grad_());
  }

  static noneq::compute::network_layers layers(std::int64_t channels, const paddings& with) {
    shipped::unet::architecture a;
    a.in_channels = a.out_channels = 3;
    for (const std::int64_t m : {1, 2, 2, 2}) a.levels.push_back({.channels = channels * m});
    a.levels[1].down_attention = a.levels[1].up_attention = true;
    a.groups = a.middle_groups = 8;
    a.padding = with;
    return shipped::unet::layers(a, {32, 32});
  }

  void run(const noneq::compute::layers_input& in) {
    double start = cpu_milliseconds();
    network.forward(weights, in).square().sum().backward();
    steps.push_back(cpu_milliseconds() - start);
    at::NoGradGuard values_only;
    start = cpu_milliseconds();
    network.forward(weights, in);
    calls.push_back(cpu_milliseconds() - start);
  }
};

double median(std::vector<double> of) {
  std::nth_element(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2), of.end());
  return of[of.size() / 2];
}

}

// bench_padding [channels [rounds [precision]]]
int main(int count, char** words) {
  const std::int64_t channels = count > 1 ? std::atoi(words[1]) : 64;
  const int rounds = count > 2 ? std::atoi(words[2]) : 20;
  const std::string precision = count > 3 ? words[3] : "auto";
  noneq::prepare_worker_thread();
  std::vector<contender> all;
  all.emplace_back("zeros", channels, paddings{}, precision);
  all.emplace_back("[zeros, circular]", channels, paddings{padding::zeros, padding::circular}, precision);
  all.emplace_back("circular", channels, paddings{padding::circular, padding::circular}, precision);
  all.emplace_back("[reflect, circular]", channels, paddings{padding::reflect, padding::circular}, precision);
  all.emplace_back("reflect", channels, paddings{padding::reflect, padding::reflect}, precision);
  const noneq::compute::layers_input in{at::randn({16, 3, 32, 32}), at::arange(16, at::kLong) * 60, {}};
  for (contender& c : all) c.run(in);
  for (contender& c : all) c.steps.clear(), c.calls.clear();
  for (int k = 0; k < rounds; ++k)
    for (contender& c : all) c.run(in);
  for (const contender& c : all)
    std::cout << nlohmann::json{{"padding", c.name},
                                {"step", median(c.steps)},
                                {"beside zeros", median(c.steps) / median(all[0].steps)},
                                {"call", median(c.calls)},
                                {"call beside zeros", median(c.calls) / median(all[0].calls)}}
              << std::endl;
}
