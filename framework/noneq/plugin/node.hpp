// The three kinds of node that a graph is made of. An edge is a stream of batches in the order of their index; a batch
// carries its index and named tensors and is a value.
//
//   source      has no input and makes batches: a loader, or the noise that a sampler starts from.
//   transform   makes one batch of each batch and keeps its rows; const, so that any number of threads may call it at
//               once: preprocessing, noiser, model, loss, sampler.
//   sink        receives the batches of a stream in order and has an outcome: a trainer, a metric, a writer.
//
// Roles refine these kinds. A role that is no node is a part, of the process or of another plugin.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "noneq/plugin/batch.hpp"
#include "noneq/plugin/measured.hpp"

namespace noneq {

// A sink's result: numbers, arrays for the sinks that follow it, and files. Any of them may be empty.
struct outcome {
  std::vector<measured> records;
  batch arrays;  // named tensors of any shape, as curves of a number for each step
  std::vector<std::filesystem::path> files;
};

// A sink while a stream runs into it. Made when the stream begins and destroyed when it has ended; one that is
// destroyed before finish() leaves nothing behind.
struct sinking {
  virtual ~sinking() = default;
  // Returns the part of a batch that add() needs, reduced as far as a batch alone allows, because it may be held until
  // its turn comes. Called concurrently and in any order, without gradients. The tensors that it returns are defined
  // and may have any shapes.
  virtual batch map(batch b) const { return b; }
  // Receives the result of map(), in the order of the batches' index, one call at a time.
  virtual void add(const batch& mapped) = 0;
  // Called between two add(), or behind the last, when rows first … first + rows − 1 of the stream were added, which
  // make a unit. Once these rows are on the disk they outlive the program, whatever becomes of this object. Only called
  // where a writer works in units.
  virtual void end_unit(std::int64_t /*first*/, std::int64_t /*rows*/) {}
  // Called once, after the last add(). Throws noneq::error when the stream had too few rows.
  virtual outcome finish() = 0;
};

}
