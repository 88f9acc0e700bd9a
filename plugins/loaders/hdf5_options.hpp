// The parameters of loader.hdf5. A value.
#pragma once

#include "noneq/plugin.hpp"

namespace shipped {

struct hdf5_options {
  using names = std::map<std::string, std::string>;  // of tensors and the paths of their datasets

  std::filesystem::path file;
  std::vector<std::filesystem::path> files, validation_files, test_files;
  names read, validation, test;
  std::string dataset = "x", labels, validation_labels, test_labels, rows, order = "shuffled", split = "last",
              conventions = "netcdf", missing = "refused", fill = "refused";
  double held_out = 0, test_share = 0;
  std::int64_t first_class = 0;

  // The datasets of the rows to train on: {x0: dataset} where `read` is not given. "x", and a text alone, stand for x0.
  std::vector<std::pair<std::string, std::string>> read_datasets() const {
    return in_order(read.empty() ? names{{"", dataset}} : read);
  }
  // Datasets with the data itself first.
  static std::vector<std::pair<std::string, std::string>> in_order(const names& of) {
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& [name, path] : of)
      if (is_x0(name))
        all.emplace(all.begin(), "x0", path);
      else
        all.emplace_back(name, path);
    return all;
  }
  static bool is_x0(const std::string& name) { return name.empty() || name == "x" || name == "x0"; }

  std::vector<std::filesystem::path> all_files() const {
    return file.empty() ? files : std::vector<std::filesystem::path>{file};
  }

  // Throws noneq::error for parameters that contradict one another.
  void check_alone() const {
    if (file.empty() && files.empty())
      throw noneq::error("is missing; the HDF5 file (path), or files for several", "file");
    if (!file.empty() && !files.empty())
      throw noneq::error("got '" + file.string() + "' beside files, need one of the two", "file");
    if (!read.empty() && dataset != "x")
      throw noneq::error("dataset got '" + dataset +
                         "' beside read, need one of the two: dataset is short for read: {x: " + dataset + "}");
    if (read.empty() && dataset.empty()) throw noneq::error("dataset got '', need the path of a dataset in the file");
    check_names("read", read);
    check_part("test", test, test_files, test_labels, test_share, "test_share");
    check_part("validation", validation, validation_files, validation_labels, held_out, "held_out");
    if (held_out + test_share > 0.9)
      throw noneq::error(c10::str("held_out and test_share got ", held_out, " and ", test_share,
                                  ", need at most 0.9 together, so that rows to train on are left"));
    for (const auto& [_, path] : read_datasets())
      if (path == labels)
        throw noneq::error("labels got '" + labels + "', which is the dataset itself; need another one");
  }

  template <class P>
  static void describe_options(noneq::description<P>& d) {
    d.param("file", &P::file, "the HDF5 file")
        .param(
            "files", &P::files,
            "several files of equal layout, whose rows follow one another: names, or patterns such as 'run*/out.h5', "
            "each for its files in natural order")
        .param("read", &P::read,
               "the datasets to read, aligned by row: {x: temperature, low: coarse/temperature, mask: land}; x (or x0) "
               "is the data [N, …], mask is 1 where x was observed and 0 where not, others are tensors beside it; a "
               "dataset of one row, or of the shape of one, stands beside all rows. A text alone is x")
        .param("dataset", &P::dataset, "short for read: {x: dataset}; [N] gives samples of shape [1]")
        .param("labels", &P::labels, "path of a dataset of N integers from first_class on; empty: no labels")
        .param("first_class", &P::first_class, "the label of the first class: 0, or 1 as MATLAB counts")
        .param("rows", &P::rows,
               "the rows to use: a slice by Python's rules, '100:5000:2', or the path of a dataset in each file: a "
               "mask of "
               "booleans, or of integers 0 and 1, one for each row (of more than two), or a list of row numbers from "
               "0; empty: all")
        .param("validation", &P::validation, "path of a dataset to measure on during training, or datasets as in read")
        .param("validation_labels", &P::validation_labels, "path of its labels")
        .param("validation_files", &P::validation_files, "files whose rows are the validation data")
        .param("held_out", &P::held_out, "share of the rows that are not trained on but are the validation data",
               noneq::between(0, 0.9))
        .param(
            "test", &P::test,
            "path of a dataset to measure on, or datasets as in read; empty: measure on the validation data, else on "
            "the training rows")
        .param("test_labels", &P::test_labels, "path of its labels")
        .param("test_files", &P::test_files, "files whose rows are the test data")
        .param("test_share", &P::test_share, "share of the rows that are the test data", noneq::between(0, 0.9))
        .param("split", &P::split,
               "which rows the shares take: the last ones; or hash, by a hash of the row's number, so that a row stays "
               "where it is when others are appended",
               noneq::one_of({"last", "hash"}))
        .param("order", &P::order, "order of the rows in training", noneq::one_of({"shuffled", "sequential"}))
        .param("conventions", &P::conventions,
               "netcdf honours the attributes _FillValue, missing_value, scale_factor and add_offset; none reads the "
               "numbers as they are stored",
               noneq::one_of({"netcdf", "none"}))
        .param("missing", &P::missing,
               "nan: NaN stands for a number that was not observed; refused: it is an error, unless _FillValue or "
               "missing_value says that numbers may be missing",
               noneq::one_of({"refused", "nan"}))
        .param(
            "fill", &P::fill,
            "allow: numbers that were never written are read as the dataset's fill value; refused: they are an error",
            noneq::one_of({"refused", "allow"}))
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
        .writes("row", "int64 [B]: number of the row in the dataset, or counted through all files, from 0");
  }

 private:
  static void check_names(const std::string& parameter, const names& of) {
    std::string x;
    for (const auto& [name, path] : of) {
      if (path.empty()) throw noneq::error("got '' for '" + name + "', need the path of a dataset", parameter);
      if (name == "label" || name == "row")
        throw noneq::error("got '" + name + "', which is not the name of a field; labels are read by labels: " + path,
                           parameter);
      if (name.find('.') != name.npos) throw noneq::error("got '" + name + "', need a name without a dot", parameter);
      if (!is_x0(name)) continue;
      if (!x.empty())
        throw noneq::error("got the data twice, as '" + x + "' and '" + path + "', need one x", parameter);
      x = path;
    }
  }

  void check_part(const std::string& part, const names& of, const std::vector<std::filesystem::path>& in_files,
                  const std::string& of_rows, double share, const char* share_name) const {
    check_names(part, of);
    const bool apart = !of.empty() || !in_files.empty();
    if (apart && share > 0)
      throw noneq::error(c10::str(share_name, " got ", share, " beside ", part, of.empty() ? "_files" : ": '",
                                  of.empty() ? "" : of.begin()->second + "'", ", need one of the two"));
    if (of.empty() && !in_files.empty()) {  // the datasets and labels of the rows to train on, in other files
      if (!of_rows.empty())
        throw noneq::error("got '" + of_rows + "' beside " + part + "_files, which have labels as the other rows do",
                           part + "_labels");
      return;
    }
    const std::string got = part + "_labels got '" + of_rows + "', ";
    if (of.empty() && !of_rows.empty()) throw noneq::error(got + "but there is no " + part + "; need both, or neither");
    if (!of.empty() && labels.empty() != of_rows.empty())
      throw noneq::error(got + "need labels for both of dataset and " + part + ", or for neither");
    for (const auto& [_, path] : of)
      if (path == of_rows) throw noneq::error(got + "which is the dataset itself; need another one");
    const auto known = read_datasets();
    const auto there = in_order(of);
    for (const auto& [name, _] : there)
      if (std::none_of(known.begin(), known.end(), [n = name](const auto& k) { return k.first == n; }))
        throw noneq::error("got '" + name + "', which read does not have", part);
    for (const auto& [name, _] : known)
      if (!there.empty() &&
          std::none_of(there.begin(), there.end(), [n = name](const auto& k) { return k.first == n; }))
        throw noneq::error("has no '" + name + "', need every dataset that read has", part);
  }
};

}
