#include "noneq/flow/kept_shards.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "noneq/config/parse.hpp"
#include "noneq/flow/trimmed_pipeline.hpp"
#include "noneq/plugin/roles/loader.hpp"
#include "noneq/plugin/roles/trainer.hpp"

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

void share_shards(const plan& p, const ranks& r) {
  if (!p.trains() || !r.many()) return;
  const plan_node& node = p.training().trainer;
  shard_count& shards = node.as<trainer>().shards;
  const std::int64_t size = r.size(), batch = p.training().loader.as<loader>().batch_size;
  std::int64_t number = r.all(shards.number).front();
  if (stated_shards(*p.document, node.id) == nullptr) {
    number = std::min({number * size, batch, most_shards});
    number -= number % size;
  }
  together(r, [&] {
    if (number == 0)
      throw input_error({error(
          fmt::format("got a batch of {} for {} processes that train together, need a sample for each", batch, size),
          node.id, node.where)});
    if (number % size != 0)
      throw input_error({at_parameter(
          node, error(fmt::format("got {} shards for {} processes that train together, need a number of processes that "
                                  "divides the shards",
                                  number, size),
                      node.id + ".shards", node.where))});
  });
  shards = number;
}

}
