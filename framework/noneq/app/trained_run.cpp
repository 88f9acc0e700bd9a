#include "noneq/app/trained_run.hpp"

#include "noneq/app/refuse.hpp"

namespace noneq {

std::unique_ptr<session> open_run(const std::string& folder, registry& plugins,
                                  const std::function<void(value&)>& change) {
  return as_input([&] {
    return run_folder::open(folder, plugins, [&](value& document) {
      // A pipeline without a graph cannot be changed; making the plan reports that.
      if (const value* graph = document.find("graph"); graph && graph->is_map()) change(document);
    });
  });
}

}
