#include "noneq/flow/open_sink.hpp"

#include "noneq/flow/packed.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::flow {

batch open_sink::mapped(batch b) const {
  batch result = taking->map(std::move(b));
  check_returned_batch(node.plugin.entry->full_name(), result);
  return result;
}

std::string taken_batch::packed(const std::any& result) {
  const auto& t = std::any_cast<const taken_batch&>(result);
  std::string bytes;
  pack_plain(t.index, bytes);
  pack_plain(t.mapped, bytes);
  pack(t.rows, bytes);
  return bytes;
}

taken_batch taken_batch::unpacked(std::string_view bytes) {
  taken_batch t;
  t.index = unpack_plain<std::int64_t>(bytes);
  t.mapped = unpack_plain<bool>(bytes);
  t.rows = unpack_batch(bytes);
  return t;
}

}
