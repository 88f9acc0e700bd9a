// Puts what samplers and metrics make into files. open() is called once an occasion, write() with the chunks in order,
// close() at the end; a writer that is never closed leaves nothing behind.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

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

// What a writer will be given, as far as it is known before anything is trained.
struct writer_input {
  std::string from;                       // the plugin before it, "sampler.ddim"
  std::vector<named_tensor_doc> tensors;  // all that there can be, in no order
  std::optional<sizes> shape;             // of one sample; none while no data is at hand
  bool variance = true;                   // whether the kernel's distributions have one

  const named_tensor_doc* find(const std::string& name) const;
  // Throws noneq::error, of this parameter, when nothing has this name: "datasets: got 'frames', need one of …".
  void need(const std::string& name, const std::string& parameter) const;
};

struct sink {
  virtual ~sink() = default;
  virtual void write(const batch& chunk) = 0;
  virtual std::vector<std::filesystem::path> close() = 0;  // the files made
};

struct writer : role<"writer"> {
  std::filesystem::path file;
  virtual std::unique_ptr<sink> open(const writing& w) const = 0;
  // Throws noneq::error when it cannot write what it will be given. Called when a pipeline is checked, and again, with
  // the shape of the data, before a run begins: what is known then shall not end the run after its training.
  virtual void check_input(const writer_input&) const {}
  // Throws noneq::error when this machine lacks what it needs: a program, a place for temporary files. Called by
  // `noneq check` and before a run begins.
  virtual void check_machine() const {}
  // The file of this occasion: "a.h5" at the end, "a-step-5000.h5" on the way; first its name within the folder.
  std::filesystem::path name(const std::string& occasion) const;
  std::filesystem::path path(const writing& w) const { return w.folder / name(w.occasion); }

  template <class P>
  static void common(description<P>& d) {
    d.param("file", &P::file, "file to write, within the folder of the run; sub-folders are made", required());
  }
};

}
