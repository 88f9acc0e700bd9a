// A text is a pipeline, which is emitted and parsed back, or it is refused with its place.
#include <nlohmann/json.hpp>

#include "fuzz/law.hpp"
#include "noneq/config/emit.hpp"
#include "noneq/config/parse.hpp"

using namespace noneq::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  value v;
  if (!testing::reads("a.yaml", [&] { v = parse_text(testing::text_of(data, size), "a.yaml"); })) return 0;
  testing::need(parse_text(to_yaml(v), "emitted") == v, "what is parsed is emitted and parsed back");
  const nlohmann::json j = to_json(v);
  testing::need(to_json(from_json(j)) == j, "what is parsed becomes JSON and comes back");
  return 0;
}
