// Streams that a writer may receive: samples of several shapes, samples with frames on the way, and the curves of a
// metric. Pure.
#pragma once

#include "noneq/laws/detail/data_in_memory.hpp"
#include "noneq/laws/detail/subject.hpp"
#include "noneq/plugin/roles/writer.hpp"

namespace noneq::laws {

struct written_stream {
  std::string text;  // for messages
  writer_input input;
  std::vector<batch> batches;
  std::shared_ptr<data_in_memory> data;
  std::shared_ptr<const noneq::denoiser> denoiser;
  std::vector<std::int64_t> frame_times;

  // The surroundings of a sinking of this stream, valid as long as the stream.
  writing writing_to(const std::filesystem::path& folder, const std::string& occasion) const;
};

std::vector<written_stream> streams_to_write(const subject& s);

}
