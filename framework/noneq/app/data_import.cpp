// noneq data import [DATASET=]FILE…
#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/out_file.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/core/dtype.hpp"
#include "noneq/flow/task_progress.hpp"
#include "noneq/storage/dataset_names.hpp"
#include "noneq/storage/hdf5.hpp"
#include "noneq/storage/rows.hpp"

namespace noneq::app {
namespace {

struct import_options {
  std::vector<std::string> sources;
  std::string dataset = "x";
  out_file out;
  bool quiet = false;
};

// A dataset and the files whose rows it is to hold, in order.
struct target {
  std::string dataset;
  std::vector<std::filesystem::path> files, passed_over;
  std::int64_t rows = 0;
  std::string layout;
};

std::vector<target> targets(const import_options& o) {
  std::vector<target> all;
  for (const std::string& source : o.sources) {
    const auto equals = source.find('=');
    // A name that holds '=' is still the name of a file when there is one.
    const bool named = equals != source.npos && !std::filesystem::exists(source);
    const std::string dataset = named ? source.substr(0, equals) : o.dataset;
    const auto files = storage::files_of_rows(named ? source.substr(equals + 1) : source);
    auto at = std::find_if(all.begin(), all.end(), [&](const target& t) { return t.dataset == dataset; });
    if (at == all.end()) at = all.insert(all.end(), target{dataset, {}, {}, 0, ""});
    at->files.insert(at->files.end(), files.files.begin(), files.files.end());
    at->passed_over.insert(at->passed_over.end(), files.passed_over.begin(), files.passed_over.end());
  }
  return all;
}

std::string shape_and_type(const storage::row_file& f) {
  return fmt::format("rows {} of {}", to_string(f.shape), dtype_text(f.dtype));
}

// The bytes of all files, and how many of them were read: CSV is read once more before, to find its type.
class imported_bytes {
 public:
  imported_bytes(bool quiet, const std::vector<target>& all)
      : shown_(quiet, "importing", flow::task_progress::amount::bytes) {
    for (const target& t : all)
      for (const auto& file : t.files) all_ += size_of(file) * storage::times_read(file);
  }
  void within(std::int64_t bytes) { shown_.done(done_ + static_cast<double>(bytes), all_); }
  void opened(const std::filesystem::path& file) { done_ += size_of(file) * (storage::times_read(file) - 1); }
  void ended(const std::filesystem::path& file) { shown_.done(done_ += size_of(file), all_); }
  void clear() { shown_.clear(); }

 private:
  static double size_of(const std::filesystem::path& file) {
    std::error_code failed;
    const auto bytes = std::filesystem::file_size(file, failed);
    return failed ? 0 : static_cast<double>(bytes);
  }

  flow::task_progress shown_;
  double all_ = 0, done_ = 0;
};

void write_rows(storage::hdf5_writer& out, target& t, imported_bytes& shown) {
  for (const auto& file : t.files) {
    constexpr std::int64_t at_once = 1 << 20;
    const auto rows = storage::open_rows(file, [&](std::int64_t bytes) { shown.within(bytes); });
    shown.opened(file);
    if (t.layout.empty()) t.layout = shape_and_type(*rows);
    if (shape_and_type(*rows) != t.layout)
      throw error(fmt::format("{}: got {}, need {} as in {}", file.string(), shape_and_type(*rows), t.layout,
                              t.files.front().string()));
    for (;;) {
      const Tensor some = rows->next(std::max<std::int64_t>(1, at_once / rows->row_bytes()));
      if (some.size(0) == 0) break;
      out.append(t.dataset, some);
      t.rows += some.size(0);
      shown.within(rows->bytes_read());
    }
    shown.ended(file);
  }
  out.attribute(t.dataset, "source",
                t.files.size() == 1 ? t.files[0].filename().string()
                                    : fmt::format("{} … {}, {} files", t.files.front().filename().string(),
                                                  t.files.back().filename().string(), t.files.size()));
}

// Returns, in words, the files of a folder that are no images and are not imported.
std::string beside_images(const target& t) {
  if (t.passed_over.empty()) return "";
  return fmt::format("; passed over {} in the folder that {} no PNG: {}{}", t.passed_over.size(),
                     t.passed_over.size() == 1 ? "is" : "are", t.passed_over.front().filename().string(),
                     t.passed_over.size() > 1 ? ", …" : "");
}

// Datasets of one group, such as train/images and train/labels, must have equal numbers of rows.
void need_equal_counts(const std::vector<target>& all) {
  std::map<std::string, const target*> first;
  for (const target& t : all) {
    const auto slash = t.dataset.rfind('/');
    if (slash == t.dataset.npos) continue;
    const target& other = *first.try_emplace(t.dataset.substr(0, slash), &t).first->second;
    if (other.rows != t.rows)
      throw error(fmt::format("{} got {} rows, need {} as {} has, which is of the same group", t.dataset, t.rows,
                              other.rows, other.dataset));
  }
}

void need_dataset_names(const std::vector<target>& all) {
  for (const target& t : all)
    if (!storage::is_dataset_name(t.dataset))
      throw error(fmt::format("got dataset name '{}', need one like 'a' or 'a/b'", t.dataset));
}

// In HDF5 a dataset cannot be the group of another, as 'a' would be that of 'a/b'.
void need_no_dataset_within_another(const std::vector<target>& all) {
  for (const target& group : all)
    for (const target& t : all)
      if (t.dataset.starts_with(group.dataset + "/"))
        throw error(
            fmt::format("got the datasets '{}' and '{}', of which the first cannot also be the group of the "
                        "second; need other names",
                        group.dataset, t.dataset));
}

void import_data(const import_options& o) {
  o.out.need_writable("HDF5");
  std::vector<target> all = targets(o);
  need_dataset_names(all);
  need_no_dataset_within_another(all);
  for (const target& t : all)
    for (const auto& file : t.files) o.out.need_other_file(file, "the source");
  o.out.need_free();
  storage::hdf5_writer out(o.out.path, 4);
  imported_bytes shown(o.quiet, all);
  for (target& t : all) write_rows(out, t, shown);
  need_equal_counts(all);
  out.close();
  shown.clear();
  for (const target& t : all)
    print_out("wrote {}: {}, {} {}{}\n", o.out.path, t.dataset, t.rows, t.layout, beside_images(t));
}

}

void add_data_import(CLI::App& data) {
  auto o = std::make_shared<import_options>();
  CLI::App* verb =
      data.add_subcommand("import", "turn IDX (MNIST), .npy, CSV or PNG files into datasets of an HDF5 file");
  verb->add_option("SOURCE", o->sources,
                   "[DATASET=]FILE or [DATASET=]FOLDER of PNG images; several for one dataset are joined")
      ->required();
  o->out.add_to(*verb, "HDF5 file to write")->required();
  verb->add_option("--dataset", o->dataset, "the dataset of files without DATASET= (default: x)");
  add_quiet(*verb, o->quiet);
  verb->callback([o] { as_input([&] { import_data(*o); }); });
}

}
