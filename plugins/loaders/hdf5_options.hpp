// The parameters of loader.hdf5. A value.
#pragma once

#include "noneq/plugin.hpp"

namespace shipped {

struct hdf5_options {
  std::filesystem::path file;
  std::string dataset = "x", labels, validation, validation_labels, test, test_labels, order = "shuffled";
  double held_out = 0;
  std::int64_t first_class = 0;

  // Throws noneq::error for parameters that contradict one another.
  void check_alone() const {
    if (dataset.empty()) throw noneq::error("dataset got '', need the path of a dataset in the file");
    check_labels("test", test, test_labels);
    check_labels("validation", validation, validation_labels);
    if (!validation.empty() && held_out > 0)
      throw noneq::error(
          c10::str("held_out got ", held_out, " beside validation: '", validation, "', need one of the two"));
    if (dataset == labels)
      throw noneq::error("labels got '" + labels + "', which is the dataset itself; need another one");
  }

  void check_labels(const std::string& part, const std::string& rows, const std::string& of_rows) const {
    const std::string got = part + "_labels got '" + of_rows + "', ";
    if (rows.empty() && !of_rows.empty())
      throw noneq::error(got + "but there is no " + part + "; need both, or neither");
    if (!rows.empty() && labels.empty() != of_rows.empty())
      throw noneq::error(got + "need labels for both of dataset and " + part + ", or for neither");
    if (!rows.empty() && rows == of_rows) throw noneq::error(got + "which is the dataset itself; need another one");
  }

  template <class P>
  static void describe_options(noneq::description<P>& d) {
    d.param("file", &P::file, "the HDF5 file", noneq::required())
        .param("dataset", &P::dataset, "path of the dataset [N, …]; [N] gives samples of shape [1]")
        .param("labels", &P::labels, "path of a dataset of N integers from first_class on; empty: no labels")
        .param("first_class", &P::first_class, "the label of the first class: 0, or 1 as MATLAB counts")
        .param("validation", &P::validation, "path of a dataset to measure on during training")
        .param("validation_labels", &P::validation_labels, "path of its labels")
        .param("held_out", &P::held_out,
               "share of the rows, the last ones, that are not trained on but are the validation data",
               noneq::between(0, 0.9))
        .param("test", &P::test,
               "path of a dataset to measure on; empty: measure on the validation data, else on the training rows")
        .param("test_labels", &P::test_labels, "path of its labels")
        .param("order", &P::order, "order of the rows in training", noneq::one_of({"shuffled", "sequential"}))
        .removed("normalise",
                 "put {plugin: transform.standardise, in: loader} behind it for zscore, or {plugin: transform.range, "
                 "in: loader} for range")
        .removed("range", "put {plugin: transform.range, in: loader, values: [low, high]} behind it")
        .removed("per", "it is a parameter of {plugin: transform.standardise, in: loader}")
        .removed("normalise_rows", "{plugin: transform.standardise, in: loader} has it as rows")
        .removed("dequantise", "put {plugin: transform.dequantise, in: loader} behind it")
        .removed("channels",
                 "put {plugin: transform.channels, in: loader, from: last} behind it (or from: first or none)")
        .writes("label", "int64 [B]: when labels are given")
        .writes("row", "int64 [B]: number in the dataset, from 0");
  }
};

}
