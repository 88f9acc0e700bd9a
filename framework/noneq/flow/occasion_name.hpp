// The occasion in the name of a writer's file: "a.png" is that of the end, "a-step-1000.png" that of step 1000.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace noneq::flow {

struct occasion_name {
  std::filesystem::path end;         // the name of the file of the end
  std::optional<std::int64_t> step;  // none: the end
};

// Returns the parts of a name. A pure function.
occasion_name occasion_in(const std::filesystem::path& file);

}
