// noneq data info FILE… [--stats]
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/data_statistics.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/core/dtype.hpp"
#include "noneq/flow/task_progress.hpp"
#include "noneq/storage/conventions.hpp"
#include "noneq/storage/file_names.hpp"
#include "noneq/storage/repack.hpp"

namespace noneq::app {
namespace {

std::string megabytes(std::int64_t bytes) { return fmt::format("{:.3g} MB", static_cast<double>(bytes) / 1e6); }

// Returns the dimensions with their names and scales; "" when the file names none.
std::string dimensions_text(const storage::hdf5_reader& reader, const std::string& name, const sizes& shape) {
  std::vector<std::string> all;
  bool named = false;
  const auto dimensions = reader.dimensions(name);
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    std::string text = std::to_string(shape[d]);
    if (!dimensions[d].label.empty()) text += " " + dimensions[d].label;
    if (!dimensions[d].scales.empty()) text += fmt::format(" (scale {})", fmt::join(dimensions[d].scales, ", "));
    named = named || text != std::to_string(shape[d]);
    all.push_back(std::move(text));
  }
  return named ? fmt::format("{}", fmt::join(all, " × ")) : "";
}

void print_layout(const storage::hdf5_reader& reader, const std::string& file, const std::string& name) {
  const storage::dataset_layout l = reader.layout(name);
  print_out("{:<24} {} {}, {}{}{}\n", name, to_string(l.shape), dtype_text(l.dtype), megabytes(l.bytes),
            l.chunk.empty() ? "" : ", chunks " + to_string(l.chunk),
            l.filters.empty() ? "" : fmt::format(", {}", fmt::join(l.filters, "+")));
  for (const std::string& source : l.sources) print_out("  from {}\n", source);
  if (l.sources.empty() && l.stored_bytes != l.bytes) print_out("  {} on disk\n", megabytes(l.stored_bytes));
  if (const std::string text = dimensions_text(reader, name, l.shape); !text.empty())
    print_out("  dimensions: {}\n", text);
  if (reader.is_scale(name)) print_out("  is a dimension scale\n");
  if (!l.unwritten.empty()) print_out("  missing: {}\n", l.unwritten);
  if (const auto meaning = storage::meaning_of(reader, name); !meaning.missing.empty())
    print_out("  missing: numbers equal to {}\n", fmt::join(meaning.missing, " or "));
  if (const std::string why = storage::slow_to_shuffle(l); !why.empty())
    print_out("  shuffled reading is slow: {}; noneq data repack {} OUT.h5 --dataset {} --chunk-rows {}\n", why, file,
              name, storage::chunks_for_rows(l)[0]);
}

struct info_options {
  std::vector<std::string> files;
  bool stats = false, quiet = false;
};

// Returns the bytes of all numbers that --stats reads.
double bytes_to_read(const std::vector<std::filesystem::path>& files) {
  double bytes = 0;
  for (const auto& file : files) {
    const storage::hdf5_reader reader(file);
    for (const std::string& name : reader.datasets()) try {
        bytes += static_cast<double>(reader.layout(name).bytes);
      } catch (const error&) {  // no array of numbers; it is listed with the reason
      }
  }
  return bytes;
}

void print_info(const info_options& o) {
  std::vector<std::filesystem::path> files;
  for (const std::string& name : o.files) {
    const auto found = storage::matching_files(name);
    if (found.empty()) throw error(name + ": matches no file");
    files.insert(files.end(), found.begin(), found.end());
  }
  std::map<std::string, data_statistics> all;
  flow::task_progress shown(o.quiet, "reading", flow::task_progress::amount::bytes);
  const double bytes = o.stats ? bytes_to_read(files) : 0;
  double done = 0;
  for (const auto& file : files) {
    const storage::hdf5_reader reader(file);
    if (files.size() > 1) print_out("{}:\n", file.string());
    const auto attributes = [&](const std::string& object, const char* indent) {
      for (const auto& [name, text] : reader.attributes(object)) print_out("{}{} = {}\n", indent, name, text);
    };
    attributes("/", "");
    for (const std::string& name : reader.datasets()) {
      try {
        print_layout(reader, file.string(), name);
      } catch (const error& e) {
        print_out("{:<24} {}\n", name, e.message());
        attributes(name, "  ");
        continue;
      }
      attributes(name, "  ");
      if (!o.stats) continue;
      all[name].add(reader, name, [&](double more) { shown.done(done += more, bytes); });
      shown.clear();
      if (files.size() == 1) print_out("{}", all[name].text("  "));
    }
  }
  if (!o.stats || files.size() == 1) return;
  print_out("all {} files:\n", files.size());
  for (const auto& [name, statistics] : all) print_out("{}\n{}", name, statistics.text("  "));
}

}

void add_data_info(CLI::App& data) {
  auto o = std::make_shared<info_options>();
  CLI::App* info =
      data.add_subcommand("info", "the datasets of HDF5 files: layout, attributes, scales, and what is missing");
  info->add_option("FILE", o->files, "a file, or a pattern such as 'run*/out.h5'; there may be several")->required();
  info->add_flag(
      "--stats", o->stats,
      "read all numbers: smallest, largest, mean and standard deviation of each channel, and missing numbers");
  add_quiet(*info, o->quiet);
  info->callback([o] { as_input([&] { print_info(*o); }); });
}

}
