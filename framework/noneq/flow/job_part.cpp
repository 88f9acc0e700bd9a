#include "noneq/flow/job_part.hpp"

#include <fmt/format.h>

#include "noneq/core/error.hpp"
#include "noneq/core/whole_number.hpp"

namespace noneq::flow {

job_part read_part(const std::string& text) {
  const auto slash = text.find('/');
  const auto index = whole_number(std::string_view(text).substr(0, slash)),
             of = slash == text.npos ? std::nullopt : whole_number(std::string_view(text).substr(slash + 1));
  if (!index || !of) throw error(fmt::format("--part got '{}', need a part of a number of parts, as 2/16", text));
  if (*of < 1 || *of > 1'000'000) throw error(fmt::format("--part got '{}', need from 1 to 1000000 parts", text));
  if (*index < 1 || *index > *of)
    throw error(fmt::format("--part got '{}', need a part from 1/{} to {}/{}", text, *of, *of, *of));
  return {*index, *of, "--part"};
}

namespace {

using variables = std::function<const char*(const char*)>;

std::optional<std::int64_t> number_in(const variables& variable, const char* name) {
  const char* text = variable(name);
  if (text == nullptr || *text == '\0') return std::nullopt;
  if (const auto n = whole_number(text); n && *n >= 0) return n;
  throw error(fmt::format("{} got '{}', need an integer; give --part", name, text));
}

std::optional<job_part> pair_in(const variables& variable, const char* rank, const char* size) {
  const auto index = number_in(variable, rank), of = number_in(variable, size);
  if (!index || !of) return std::nullopt;
  if (*of < 1 || *index >= *of)
    throw error(fmt::format("{} got {} of {} {}, need less; give --part", rank, *index, size, *of));
  return job_part{*index + 1, *of, rank};
}

}

std::optional<job_part> process_of_environment(const variables& variable) {
  // Within a batch script these are set beside srun, too: the script is one process, whatever the job's tasks.
  const auto is_set = [&](const char* name) { return variable(name) != nullptr; };
  const bool script = is_set("SLURM_JOB_ID") && !is_set("SLURM_STEP_NUM_TASKS");
  std::optional<job_part> together;
  for (const auto& [rank, size] : {std::pair{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                   std::pair{"PMI_RANK", "PMI_SIZE"}, std::pair{"SLURM_PROCID", "SLURM_NTASKS"}})
    if ((!together || together->whole()) && !(script && std::string_view(rank).starts_with("SLURM")))
      if (const auto found = pair_in(variable, rank, size)) together = found;
  return together;
}

std::optional<job_part> part_of_environment(const variables& variable) {
  const auto together = process_of_environment(variable);
  const auto number = [&](const char* name) { return number_in(variable, name); };
  const auto task = number("SLURM_ARRAY_TASK_ID"), count = number("SLURM_ARRAY_TASK_COUNT");
  if (!task || !count) return together;
  const std::int64_t least = number("SLURM_ARRAY_TASK_MIN").value_or(0),
                     step = std::max<std::int64_t>(1, number("SLURM_ARRAY_TASK_STEP").value_or(1)),
                     index = (*task - least) / step;
  if (index < 0 || index >= *count)
    throw error(fmt::format("SLURM_ARRAY_TASK_ID got {} of {} tasks from {} on, need one of them; give --part", *task,
                            *count, least));
  if (!together || together->whole()) return job_part{index + 1, *count, "SLURM_ARRAY_TASK_ID"};
  return job_part{index * together->of + together->index, *count * together->of,
                  "SLURM_ARRAY_TASK_ID and " + together->source};
}

}
