// Draws four samples of a trained run, and removes the noise of one of them again.
//   draw_cpp RUN
#include <cstdio>

#include <noneq/runs.hpp>

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: %s RUN\n", argv[0]), 2;
  try {
    const noneq::runs::trained_run run(argv[1]);

    const noneq::runs::task sample = run.prepare("sample");
    noneq::runs::request four;
    four.count = 4;
    const auto drawn = sample.compute<float>(four);
    const std::size_t of_row = drawn.numbers.size() / 4;
    for (std::size_t i = 0; i < drawn.numbers.size(); ++i)
      std::printf("%.9g%c", static_cast<double>(drawn.numbers[i]), (i + 1) % of_row == 0 ? '\n' : ' ');

    noneq::runs::shape first_row = drawn.of;
    first_row.front() = 1;
    noneq::runs::request noisy;
    noisy.given.emplace("x0", noneq::runs::rows(drawn.numbers.data(), first_row));
    const auto clean = run.prepare("denoise", "{noise: 0.5}").compute<float>(noisy);
    std::fprintf(stderr, "the first number, with noise of deviation 0.5 removed: %g\n",
                 static_cast<double>(clean.numbers.front()));
  } catch (const noneq::runs::failure& e) {
    return std::fprintf(stderr, "%s\n", e.what()), static_cast<int>(e.why);
  }
}
