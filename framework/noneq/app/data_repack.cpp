// noneq data repack IN OUT [--dataset …] [--chunk-rows N] [--gzip L]
#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/out_file.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/flow/task_progress.hpp"
#include "noneq/storage/repack.hpp"

namespace noneq::app {
namespace {

struct repack_options {
  std::string in, fill = "refused";
  out_file out;
  int gzip = -1;
  storage::repacking how;
  bool quiet = false;
};

void repack(repack_options& o) {
  const storage::hdf5_reader reader(o.in);
  // The copy of a .nc may be a .nc: it stays what it was.
  if (std::filesystem::path(o.in).extension() != std::filesystem::path(o.out.path).extension())
    o.out.need_writable("HDF5");
  o.out.need_other_file(o.in, "the source");
  o.out.need_free();
  if (o.gzip >= 0) o.how.gzip = o.gzip;
  o.how.unwritten = o.fill == "allow";
  if (o.how.datasets.empty()) o.how.datasets = storage::repackable(reader);
  if (o.how.datasets.empty()) throw error(o.in + ": has no array of numbers to repack");
  flow::task_progress shown(o.quiet, "repacking", flow::task_progress::amount::bytes);
  double all = 0, done = 0;
  for (const std::string& name : o.how.datasets) all += static_cast<double>(reader.layout(name).bytes);
  o.how.copied = [&](std::int64_t bytes) { shown.done(done += static_cast<double>(bytes), all); };
  storage::repack(o.in, o.out.path, o.how);
  shown.clear();
  const storage::hdf5_reader made(o.out.path);
  for (const std::string& name : o.how.datasets) {
    const storage::dataset_layout l = made.layout(name);
    print_out("wrote {}: {}, {} in chunks {}{}, {:.3g} MB on disk\n", o.out.path, name, to_string(l.shape),
              to_string(l.chunk), l.compression.empty() ? "" : ", " + l.compression,
              static_cast<double>(l.stored_bytes) / 1e6);
  }
}

}

void add_data_repack(CLI::App& data) {
  auto o = std::make_shared<repack_options>();
  o->out.option = "OUT";
  CLI::App* verb = data.add_subcommand(
      "repack", "copy an HDF5 file with its datasets in chunks of whole rows, so that shuffled reading is fast");
  verb->add_option("IN", o->in, "HDF5 file to read")->required();
  verb->add_option("OUT", o->out.path, "HDF5 file to write")->required()->check(not_empty());
  verb->add_flag("--force", o->out.force, "replace OUT, if it is there");
  verb->add_option("--dataset", o->how.datasets,
                   "a dataset to repack; may be repeated (default: all arrays of numbers but dimension scales)")
      ->allow_extra_args(false);
  verb->add_option("--chunk-rows", o->how.chunk_rows,
                   "rows in a chunk (default: as many as make a quarter of a megabyte)")
      ->check(at_least_one());
  verb->add_option("--gzip", o->gzip, "level of compression, 0 for none (default: as before, 4 where it is not gzip)")
      ->check(integer_from(0, 9));
  verb->add_option("--fill", o->fill, "allow: numbers that were never written become the fill value")
      ->check(one_of({"refused", "allow"}));
  add_quiet(*verb, o->quiet);
  verb->callback([o] { as_input([&] { repack(*o); }); });
}

}
