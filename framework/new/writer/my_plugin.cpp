// A writer: files of what a sampler draws. Here CSV, a line for each sample.
#include <array>
#include <charconv>

#include "noneq/plugin.hpp"
#include "noneq/storage/files.hpp"

namespace {

namespace fs = std::filesystem;

// One stream of samples. Nothing appears under the file's name before finish(), and a sinking that is destroyed earlier
// leaves nothing behind.
struct lines_sinking : noneq::sinking {
  fs::path path;
  std::string lines;  // of all samples; a writer of large data would write a temporary file as it goes

  explicit lines_sinking(fs::path p) : path(std::move(p)) {}

  // Called in the order of the batches, one call at a time.
  void add(const noneq::batch& b) override {
    const noneq::Tensor& samples = b.at("samples");
    samples.scalar_type() == at::kDouble ? add_lines<double>(samples) : add_lines<float>(samples);
  }
  noneq::outcome finish() override {
    noneq::storage::write_atomically(path, lines);  // the whole file or an error, and no temporary file stays
    return {{}, {}, {path}};
  }

 private:
  // Each number has the fewest digits from which it can be read back unchanged.
  template <class Number>
  void add_lines(const noneq::Tensor& samples) {
    const noneq::Tensor rows = samples.to(c10::CppTypeToScalarType<Number>::value).flatten(1).contiguous();
    const Number* x = rows.data_ptr<Number>();
    std::array<char, 32> digits;
    for (std::int64_t k = 0; k < rows.numel(); ++k) {
      lines.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), x[k]).ptr);
      lines += (k + 1) % rows.size(1) == 0 ? '\n' : ',';
    }
  }
};

struct my_plugin : noneq::writer {
  std::unique_ptr<noneq::sinking> open(const noneq::writing& w) const override {
    return std::make_unique<lines_sinking>(path(w));  // `file` of the pipeline, within the folder of the run
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("CSV: a line for each sample, with its numbers in the order of its axes.")
        .reads("samples", "[n, …], in data units");
  }
};

NONEQ_PLUGIN(my_plugin);

}
