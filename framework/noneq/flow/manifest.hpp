// The manifest of a processing pipeline, manifest.json in the folder of its run: everything that decides its output. A
// run goes on only under the same manifest. Values; one thread.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "noneq/flow/session.hpp"
#include "noneq/flow/units.hpp"

namespace noneq::flow {

struct manifest {
  nlohmann::json pipeline;                  // resolved; without the places of data and models that contents identify
  std::map<std::string, std::string> data;  // contents of the data, by loader, where they are known
  nlohmann::json files = nlohmann::json::object();          // of large data: bytes and time of writing, by path
  std::map<std::string, std::string> weights;               // checksum of the weights, by the node that takes them
  std::vector<stream_rows> streams;                         // as the plan has them
  std::vector<std::map<std::string, std::string>> writers;  // of each stream: the names of files, by node
  bool finished = false;

  std::int64_t rows() const;
};

// Returns the manifest of a plan whose data and models are open.
manifest manifest_of(session& s);

// Returns a line for each thing that differs, "scaled.per was all, is channel"; none where a run may go on.
std::vector<std::string> changes(const manifest& was, const manifest& is);

// Returns the manifest in the folder of a run; none when there is none. Throws input_error when it is damaged.
std::optional<manifest> read_manifest(const std::filesystem::path& folder);
void write_manifest(const std::filesystem::path& folder, const manifest& m);

}
