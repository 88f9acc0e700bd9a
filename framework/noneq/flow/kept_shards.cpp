#include "noneq/flow/kept_shards.hpp"

#include "noneq/config/parse.hpp"
#include "noneq/flow/trimmed_pipeline.hpp"

namespace noneq::flow {
namespace {

// Returns the number that a pipeline states; nullptr where it leaves the choice to the program.
const config::value* stated_shards(const config::value& pipeline, const std::string& trainer) {
  const config::value* shards = stated_parameter(pipeline, trainer, "shards");
  return shards != nullptr && shards->text() != "auto" ? shards : nullptr;
}

config::value pipeline_in(const std::filesystem::path& folder) {
  try {
    return config::parse_file(folder / "pipeline.yaml");
  } catch (const error&) {
    return config::value::map();
  }
}

}

plan with_kept_shards(const plan& p, const std::filesystem::path& folder) {
  if (!p.trains()) return p;
  const std::string& id = p.training().trainer.id;
  const config::value before = pipeline_in(folder);
  const config::value* kept = stated_shards(before, id);
  if (kept == nullptr || stated_shards(*p.document, id) != nullptr) return p;
  config::value document = *p.document;
  document.find("graph")->find(id)->set("shards", *kept);
  return make_plan(document, *p.plugins);
}

}
