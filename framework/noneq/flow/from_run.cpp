#include "noneq/flow/from_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/config/differences.hpp"
#include "noneq/config/parse.hpp"
#include "noneq/flow/run_folder.hpp"
#include "noneq/flow/trimmed_pipeline.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

namespace {

// The parts of a pipeline that give its weights their meaning: they are of no use to another process or network.
config::value meaning(config::value pipeline) {
  config::value v = config::value::map();
  if (const config::value* process = pipeline.find("process")) v.set("process", *process);
  if (const config::value* graph = pipeline.find("graph"); graph == nullptr || !graph->is_map()) return v;
  remove_beside_model(pipeline);
  for (const auto& [id, node] : pipeline.find("graph")->entries()) {
    const config::value* name = node.find("plugin");
    if (name == nullptr) continue;
    config::value copy = node;
    copy.remove("in");  // the other's names of nodes
    for (const char* role : {"model", "noiser"})
      if (name->text().starts_with(role + std::string("."))) v.set(role, copy);
    if (name->text().starts_with("transform.")) v.set(id, copy);  // the state of a transform is stored under its name
  }
  return v;
}

std::string in_words(const std::vector<config::difference>& all) {
  std::vector<std::string> texts;
  for (const config::difference& d : all)
    texts.push_back(fmt::format("{} was {}, is {}", d.path, d.was.value_or("not there"), d.is.value_or("not there")));
  return fmt::format("{}", fmt::join(texts, "; "));
}

bool belongs(const std::string& tensor) {
  return tensor.starts_with("model.") || tensor.starts_with("ema.") || tensor.starts_with("state.") ||
         tensor.starts_with("normalisation.");
}

// An average that the other run did not make begins at its weights, as those of a new run do.
void complete_averages(storage::checkpoint& c, std::size_t wanted) {
  const std::map<std::string, Tensor> there = c.tensors;
  for (const auto& [name, tensor] : there)
    if (name.starts_with("model."))
      for (std::size_t i = 0; i < wanted; ++i)
        c.tensors.try_emplace(fmt::format("ema.{}.{}", i, name.substr(name.find('.') + 1)), tensor);
}

}

beginning begin_from_run(const fs::path& folder, const plan& p) {
  const run_folder other(folder);
  try {
    const config::value was = meaning(config::parse_file(folder / "pipeline.yaml")), is = meaning(p.resolved());
    if (!(was == is))
      throw error(fmt::format("got weights of another pipeline ({}), need one of this process, noiser and model",
                              in_words(config::without_replaced(config::differences(was, is)))));
    const storage::checkpoint learned = storage::has_checkpoint(other.in_range())
                                            ? storage::load_checkpoint(other.in_range())
                                            : other.last_checkpoint();
    beginning b;
    for (const auto& [name, tensor] : learned.tensors)
      if (belongs(name)) b.start.tensors[name] = tensor;
    complete_averages(b.start, p.training().trainer.as<trainer>().ema.size());
    b.steps = learned.meta.at("step");
    b.start.meta = learned.meta;
    for (const char* of_the_other :
         {"loss_since_record", "last_record", "event_due", "loss_range", "loss_in_range", "from", "data", "begun_in"})
      b.start.meta.erase(of_the_other);
    b.start.meta["step"] = 0;
    b.start.meta["weights_only"] = true;
    b.start.meta["finished"] = false;
    return b;
  } catch (const error& e) {
    throw input_error({e.at({folder.string(), 0, 0}, "")});
  } catch (const nlohmann::json::exception& e) {
    throw input_error({error(first_line(e.what()), "", {other.saved().string(), 0, 0})});
  }
}

}
