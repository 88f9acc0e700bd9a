// Puts what samplers and metrics make into files. open() is called once an occasion, write() with the chunks in order,
// close() at the end; a writer that is never closed leaves nothing behind.
#pragma once

#include <filesystem>
#include <memory>

#include "noneq/plugin/denoiser.hpp"
#include "noneq/plugin/roles/loader.hpp"

namespace noneq {

struct writing {
  std::filesystem::path folder;  // of the run; relative file names start here
  std::string occasion;          // "" at the end of a run, "step 5000" on the way
  const noneq::denoiser& denoiser;
  source* data;  // nullptr when the data is not at hand
  noneq::stream stream;
  std::map<std::string, std::string> provenance;  // program, seed, sampler, steps, checkpoint step
  std::vector<std::int64_t> frame_times;          // t of the frames
  dataset_info info{};                            // of the data the model was trained on
};

struct sink {
  virtual ~sink() = default;
  virtual void write(const batch& chunk) = 0;
  virtual std::vector<std::filesystem::path> close() = 0;  // the files made
};

struct writer : role<"writer"> {
  std::filesystem::path file;
  virtual std::unique_ptr<sink> open(const writing& w) const = 0;
  // The file of this occasion: "a.h5" at the end, "a-step-5000.h5" on the way.
  std::filesystem::path path(const writing& w) const;

  template <class P>
  static void common(description<P>& d) {
    d.param("file", &P::file, "file to write, within the folder of the run", required());
  }
};

}
