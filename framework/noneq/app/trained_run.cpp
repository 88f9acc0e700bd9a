#include "noneq/app/trained_run.hpp"

#include "noneq/app/refuse.hpp"

namespace noneq::app {

std::unique_ptr<flow::session> open_run(const std::string& folder, registry& plugins,
                                        const std::function<void(config::value&)>& change) {
  return as_input([&] {
    return flow::run_folder::open(folder, plugins, [&](config::value& document) {
      // A pipeline without a graph cannot be changed; making the plan reports that.
      if (const config::value* graph = document.find("graph"); graph && graph->is_map()) change(document);
    });
  });
}

}
