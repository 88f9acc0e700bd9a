// The parameters of loader.hdf5. A value.
#pragma once

#include "noneq/plugin.hpp"

namespace noneq {

struct hdf5_options {
  std::filesystem::path file;
  std::string dataset = "x", labels, validation, validation_labels, test, test_labels, normalise = "none", per = "all",
              order = "shuffled", channels = "none";
  std::vector<double> range = {0, 255};
  double held_out = 0;
  bool dequantise = false;
  std::int64_t normalise_rows = 0, first_class = 0;

  // Throws noneq::error for parameters that contradict one another.
  void check_alone() const {
    if (range.size() != 2 || !(range[0] < range[1]))
      throw error(c10::str("range got [", c10::Join(", ", range), "], need two numbers, the lower one first"));
    if (dataset.empty()) throw error("dataset got '', need the path of a dataset in the file");
    if (!test.empty() && labels.empty() != test_labels.empty())
      throw error("test_labels got '" + test_labels + "', need labels for both of dataset and test, or for neither");
    if (!validation.empty() && labels.empty() != validation_labels.empty())
      throw error("validation_labels got '" + validation_labels +
                  "', need labels for both of dataset and validation, or for neither");
    if (!validation.empty() && held_out > 0)
      throw error(c10::str("held_out got ", held_out, " beside validation: '", validation, "', need one of the two"));
    if (dataset == labels) throw error("labels got '" + labels + "', which is the dataset itself; need another one");
  }

  template <class P>
  static void describe_options(description<P>& d) {
    d.param("file", &P::file, "the HDF5 file", required())
        .param("dataset", &P::dataset, "path of the dataset [N, …]; [N] gives samples of shape [1]")
        .param("labels", &P::labels, "path of a dataset of N integers from first_class on; empty: no labels")
        .param("first_class", &P::first_class, "the label of the first class: 0, or 1 as MATLAB counts")
        .param("validation", &P::validation, "path of a dataset to measure on during training")
        .param("validation_labels", &P::validation_labels, "path of its labels")
        .param("held_out", &P::held_out,
               "share of the rows, the last ones, that are not trained on but are the validation data", between(0, 0.9))
        .param("test", &P::test,
               "path of a dataset to measure on; empty: measure on the validation data, else on the training rows")
        .param("test_labels", &P::test_labels, "path of its labels")
        .param("normalise", &P::normalise,
               "how stored numbers become x⁰: as they are, to mean 0 and variance 1, or range to [−1, 1]",
               one_of({"none", "zscore", "range"}))
        .param("range", &P::range, "the two stored values that become −1 and 1 under normalise: range")
        .param(
            "dequantise", &P::dequantise,
            "adds uniform noise of one step, [0, 1), to stored integers, which then have a density; under normalise: "
            "range the second value and its noise end at 1")
        .param("per", &P::per,
               "zscore: one mean and scale for all numbers, one per channel (the first dimension of a sample), or one "
               "per position of a sample",
               one_of({"all", "channel", "dim"}))
        .param(
            "normalise_rows", &P::normalise_rows,
            "zscore: rows that mean and variance are taken from, spread evenly over the file; 0: all of up to 1 GiB, "
            "and 1 GiB (10,000 rows at least) of more",
            at_least(0))
        .param("order", &P::order, "order of the rows in training", one_of({"shuffled", "sequential"}))
        .param(
            "channels", &P::channels,
            "where a sample has its channels: not of interest, first, last (moved to the front), or nowhere (add one)",
            one_of({"none", "first", "last", "add"}))
        .writes("label", "int64 [B]: when labels are given")
        .writes("row", "int64 [B]: number in the dataset, from 0");
  }
};

}
