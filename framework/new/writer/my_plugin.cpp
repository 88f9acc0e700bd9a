// A writer: files of what a sampler draws. Here CSV, a line for each sample.
#include <fstream>

#include "noneq/plugin.hpp"

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
    const noneq::Tensor rows = b.at("samples").to(at::kDouble).flatten(1).contiguous();
    const double* x = rows.data_ptr<double>();
    for (std::int64_t k = 0; k < rows.numel(); ++k) {
      lines += c10::str(x[k]);
      lines += (k + 1) % rows.size(1) == 0 ? '\n' : ',';
    }
  }
  noneq::outcome finish() override {
    fs::create_directories(path.parent_path());
    const fs::path temporary = fs::path(path).concat(".part");
    std::ofstream out(temporary, std::ios::binary);
    out << lines;
    out.close();
    if (!out) {
      fs::remove(temporary);
      throw noneq::error("cannot write " + path.string());
    }
    fs::rename(temporary, path);
    noneq::outcome made;
    made.files.push_back(path);
    return made;
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
