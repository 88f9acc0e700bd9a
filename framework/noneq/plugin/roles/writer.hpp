// A writer is a sink whose outcome is files: it receives the batches of a sampler, the arrays of a metric, or the
// course of the loss.
//
// Shapes and units: the tensors of a batch are those that the node before declares with writes(); samples are in data
//   units. A sampler's batches come in order; a metric, or the loss, gives one batch.
// Threads: a writer is const once it is configured, and one writer may be open several times. See sinking for the
//   threads of an open one.
// Requires: a file appears under its name whole or not at all, and only in finish(). A sinking that is destroyed before
//   leaves nothing behind. finish() returns the files it made in outcome::files.
// Errors: check_input() and check_machine() throw noneq::error for everything that can be known before training;
//   open(), add() and finish() for the rest.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "noneq/plugin/denoiser.hpp"
#include "noneq/plugin/node.hpp"
#include "noneq/plugin/roles/loader.hpp"
#include "noneq/plugin/row_pass.hpp"

namespace noneq {

// The surroundings of an open writer. A value; the denoiser outlives the sinking that was opened with it.
struct writing {
  std::filesystem::path folder;     // of the run; relative file names start here
  std::string occasion;             // "" at the end of a run, "step 5000" on the way
  const noneq::denoiser* denoiser;  // nullptr where no model is upstream
  row_pass pass;                    // over rows of the data, in finish(); empty where the data is not at hand
  noneq::stream stream;             // of random numbers
  std::map<std::string, std::string> provenance;  // program, seed, sampler, steps, checkpoint step
  std::vector<std::int64_t> frame_times;          // t of the frames
  dataset_info info{};                            // of the data the model was trained on
  std::vector<named_tensor_doc> tensors{};        // that its batches may hold, as writer_input has them
  // Whether the sinking is one in units: see writer::in_units().
  bool units = false;
  std::int64_t batch = 0;  // rows in each batch of the stream but its last; 0: not known
  std::int64_t rows = -1;  // of the whole stream; −1: not known
  // The place where the numbers of a tensor are stored, row by row, by tensor; under "" a place with whose rows those
  // of all others go.
  std::map<std::string, stored_place> stored = {};
};

// The tensors that a writer will receive, as far as they are known before training. A value.
struct writer_input {
  std::string from;                       // full name of the plugin before it, "sampler.ddim"
  std::vector<named_tensor_doc> tensors;  // every tensor that its batches may hold, in no order
  std::optional<sizes> shape;             // of one sample; none while no data is at hand
  bool variance = true;                   // whether the kernel's distributions have a variance

  // Returns nullptr when there is no tensor of this name.
  const named_tensor_doc* find(const std::string& name) const;
  // Throws noneq::error about `parameter` when there is no such tensor: "datasets: got 'frames', need one of …".
  void need(const std::string& name, const std::string& parameter) const;
};

struct writer : role<"writer", node_kind::sink> {
  std::filesystem::path file;

  // Returns a sink for one stream. Also called once before training, with a scratch folder and without batches, so that
  // a writer that cannot be opened is refused early.
  virtual std::unique_ptr<sinking> open(const writing& w) const = 0;
  // Throws noneq::error when the writer cannot write these tensors. Called when a pipeline is checked, and again, with
  // the shape of the data, before a run begins.
  virtual void check_input(const writer_input&) const {}
  // Throws noneq::error when this machine lacks something the writer needs, for example a program or a folder for
  // temporary files. Called by `noneq check` and before a run begins.
  virtual void check_machine() const {}
  // Returns whether the writer can make its file unit by unit. A sinking that is opened with writing::units then keeps
  // each unit that end_unit() ended in files under the name of its own file, from which storage/unit_journal.hpp takes
  // them, also when it is destroyed before finish() or the program is killed.
  virtual bool in_units() const { return false; }
  // Throws noneq::error when a file cannot be made in units of so many rows. Called when a pipeline is checked.
  virtual void check_units(std::int64_t) const {}

  // Return the file of this occasion, "a.h5" at the end and "a-step-5000.h5" on the way: its name within the folder of
  // the run, and its path.
  std::filesystem::path name(const std::string& occasion) const;
  std::filesystem::path path(const writing& w) const { return w.folder / name(w.occasion); }

  template <class P>
  static void common(description<P>& d) {
    d.param("file", &P::file, "file to write, within the folder of the run; sub-folders are made", required());
  }
};

}
