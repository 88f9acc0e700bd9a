// A tensor on the command line, NAME=FILE[:DATASET]: rows of an HDF5 file that a sampler, its guides or a model read.
#pragma once

#include <string>
#include <vector>

#include "noneq/flow/trimmed_pipeline.hpp"

namespace noneq::app {

struct rows_in_file : flow::tensor_rows {
  const char* option = "--given";  // that named them
};

// Reads FILE or FILE:DATASET; a file whose name has a colon may be named whole. Without a dataset, its name is "".
rows_in_file read_rows_in_file(const std::string& text, const char* option);

// Reads each NAME=FILE or NAME=FILE:DATASET of --given; the name of the dataset is by default that of the tensor.
// Throws noneq::error where one cannot be read, or a tensor is given twice.
std::vector<rows_in_file> read_given(const std::vector<std::string>& texts);

}
