// The files of a run itself, in its folder: no writer may take their names.
#pragma once

namespace noneq::flow {

enum class own_kind {
  lasting,  // a file that stays with the folder, or is written anew by each run
  record,   // a file of one run, which goes with it
  folder
};

struct own_file {
  const char* name;
  own_kind kind;
};

inline constexpr own_file own_files[] = {{"pipeline.yaml", own_kind::lasting},
                                         {"lock", own_kind::lasting},
                                         {"files.jsonl", own_kind::lasting},
                                         {"metrics.jsonl", own_kind::record},
                                         {"metrics.csv", own_kind::record},
                                         {"metrics.h5", own_kind::record},
                                         {"manifest.json", own_kind::record},
                                         {"history.jsonl", own_kind::record},
                                         {"report.html", own_kind::record},
                                         {"checkpoint", own_kind::folder},
                                         {"checkpoint-in-range", own_kind::folder},
                                         {"reference", own_kind::folder},
                                         {"averages", own_kind::folder},
                                         {"units", own_kind::folder}};

}
