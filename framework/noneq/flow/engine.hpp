// Runs a stream: a oneTBB flow graph made by a loop over the vertices of the stream. The engine depends on batches and
// functions, and neither on plugins nor on pipelines; the description of a stream provides the functions of each
// vertex.
#pragma once

#include <any>
#include <functional>
#include <optional>
#include <vector>

#include "noneq/flow/workers.hpp"
#include "noneq/plugin/batch.hpp"

namespace noneq::flow {

// One output of an earlier vertex of the same stream. Vertices have the output 0; sinks have those that they `pass_on`.
struct vertex_output {
  std::size_t vertex;
  std::size_t output = 0;
};

// The part of a vertex that takes batches in order.
struct sink_part {
  // Cuts the step's batch into this many parts of almost equal size, which are mapped independently of one another.
  // Where this process holds a share of the batch, parts outside of it are empty.
  std::int64_t parts = 1;
  // Whether a batch enters only after the batch before it is complete, because a function called in here reads state
  // that a sink of this stream writes.
  bool gated = false;
  // Called with the batch, in order, before it is cut. Optional.
  std::function<batch(batch)> enter = {};
  // Called for all parts, concurrently, on any thread.
  std::function<std::any(batch, std::int64_t part)> map;
  // Called with the results of map, in the order of batches and parts, by one thread at a time.
  std::function<void(std::any)> add;
  // Returns a batch for each further output, after the last part was added. Optional.
  std::function<std::vector<batch>()> pass_on = {};
  // Convert a result of map to bytes and back, for a stream whose batches other processes map. Optional.
  std::function<std::string(const std::any&)> pack = {};
  std::function<std::any(std::string_view)> unpack = {};
};

struct vertex {
  std::vector<vertex_output> in;                            // joined in this order; none: a source
  std::function<batch(std::int64_t index)> fetch = {};      // of sources: called in order, by one thread at a time
  std::function<batch(batch)> run = {};                     // called concurrently, on any thread. Optional
  std::vector<std::map<std::string, std::string>> as = {};  // new names of tensors, by input. Optional
  std::optional<sink_part> sink = {};
};

// A call of a vertex's function, for the door.
enum class calling { fetch, run, enter, map, add };
struct vertex_call {
  std::size_t vertex;
  calling what;
  std::int64_t index;  // of the batch
  std::int64_t part = 0;
};

struct stream_graph {
  std::vector<vertex> vertices;      // each behind those it is joined from
  std::int64_t first = 0, last = 0;  // indices first … last−1 run
  std::size_t tokens = 1;            // batches that may be under way at once, which bounds the memory
  // Every function of a vertex is called through the door, which must call `f` once; what either throws ends the
  // stream. Called on any thread.
  std::function<void(const vertex_call&, const std::function<void()>& f)> door;
  // Called in order, by one thread at a time, after all sinks have added a batch, while no gated sink works. Returns
  // whether the stream goes on. Optional.
  std::function<bool(std::int64_t index)> completed = {};
  // Called, on any thread, with the number of batches under way whenever it changes. Optional.
  std::function<void(std::int64_t)> under_way = {};
};

// Runs until all batches are complete or `completed` returned false; batches that are under way then are dropped, with
// the exceptions of their vertices. Rethrows the first exception of a vertex after all other calls have ended.
void run_stream(workers& pool, const stream_graph& s);

}
