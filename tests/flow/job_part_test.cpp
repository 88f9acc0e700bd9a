// The parts of a job: words and schedulers that state them, and the units that each has.
#include "flow/job.hpp"

using namespace noneq::flow;
using namespace testing;

TEST_CASE("parts are read from words and from schedulers, counted from 1") {
  CHECK(read_part("2/16").index == 2);
  CHECK(read_part("16/16").of == 16);
  for (const char* wrong : {"0/0", "17/16", "0/16", "1", "a/b", "1/2/3", "-1/4", "/", "1/", " 1/2"})
    CHECK_MESSAGE(refusal_of([&] { read_part(wrong); }) != "", wrong);
  CHECK(has(refusal_of([] { read_part("17/16"); }), "--part got '17/16', need a part from 1/16 to 16/16"));
  const auto of = [](std::map<std::string, std::string> variables) {
    const auto part = part_of_environment([&](const char* name) -> const char* {
      const auto it = variables.find(name);
      return it == variables.end() ? nullptr : it->second.c_str();
    });
    return part ? part->text() : "none";
  };
  CHECK(of({}) == "none");
  CHECK(of({{"SLURM_PROCID", "3"}, {"SLURM_NTASKS", "4"}}) == "4/4");
  CHECK(of({{"PMI_RANK", "0"}, {"PMI_SIZE", "4"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}}) == "1/4");
  CHECK(of({{"OMPI_COMM_WORLD_RANK", "5"},
            {"OMPI_COMM_WORLD_SIZE", "8"},
            {"SLURM_PROCID", "0"},
            {"SLURM_NTASKS", "2"}}) == "6/8");
  CHECK(of({{"SLURM_ARRAY_TASK_ID", "7"}, {"SLURM_ARRAY_TASK_COUNT", "4"}, {"SLURM_ARRAY_TASK_MIN", "5"}}) == "3/4");
  CHECK(of({{"SLURM_ARRAY_TASK_ID", "20"},
            {"SLURM_ARRAY_TASK_COUNT", "3"},
            {"SLURM_ARRAY_TASK_MIN", "0"},
            {"SLURM_ARRAY_TASK_STEP", "10"}}) == "3/3");
  CHECK(of({{"SLURM_ARRAY_TASK_ID", "1"},
            {"SLURM_ARRAY_TASK_COUNT", "3"},
            {"SLURM_ARRAY_TASK_MIN", "0"},
            {"SLURM_PROCID", "1"},
            {"SLURM_NTASKS", "2"}}) == "4/6");
  // A batch script, and a step that it starts by srun.
  CHECK(of({{"SLURM_JOB_ID", "9"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}) == "none");
  CHECK(of({{"SLURM_JOB_ID", "9"}, {"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "4"}}) ==
        "2/4");
  CHECK(has(refusal_of([&] {
              of({{"SLURM_PROCID", "4"}, {"SLURM_NTASKS", "4"}});
            }),
            "SLURM_PROCID got 4 of SLURM_NTASKS 4"));
  CHECK(has(refusal_of([&] {
              of({{"PMI_RANK", "x"}, {"PMI_SIZE", "4"}});
            }),
            "PMI_RANK got 'x', need an integer; give --part"));
}

TEST_CASE("the units of all parts are all units, each once, and parts differ by one unit at most") {
  for (const std::int64_t units : {0, 1, 5, 16, 97})
    for (const std::int64_t parts : {1, 2, 7, 16, 100}) {
      std::int64_t next = 0;
      for (std::int64_t k = 1; k <= parts; ++k) {
        const unit_run mine = units_of({k, parts}, units);
        CHECK(mine.begin == next);
        CHECK(mine.end - mine.begin >= units / parts);
        CHECK(mine.end - mine.begin <= (units + parts - 1) / parts);
        next = mine.end;
      }
      CHECK(next == units);
    }
  const stream_rows s{1000, 32, 64};
  CHECK(s.units() == 16);
  CHECK(s.rows_of(15) == 40);
  CHECK(s.first_batch(15) == 30);
  CHECK(s.end_batch(15) == 32);
}
