// An override is applied, and the pipeline can then be stored and read back; or it is refused and changes nothing.
#include "config/sample.hpp"
#include "fuzz/law.hpp"
#include "noneq/config/emit.hpp"
#include "noneq/config/overrides.hpp"
#include "noneq/config/parse.hpp"

using namespace noneq::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = testing::text_of(data, size);
  // A message shows the path as it was typed, with the lines that it has.
  if (text.substr(0, text.find('=')).find('\n') != text.npos) return 0;
  static const value root = parse_text(sample_pipeline, "a.yaml");
  value changed = root;
  if (!testing::reads("--set ", [&] { apply_override(changed, std::string(text)); }))
    testing::need(changed == root, "an override that is refused changes nothing");
  else
    testing::need(parse_text(to_yaml(changed), "emitted") == changed, "a changed pipeline is stored and read back");
  return 0;
}
