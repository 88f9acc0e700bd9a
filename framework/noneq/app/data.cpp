// noneq data info FILE, noneq data make GENERATOR; noneq data import is in data_import.cpp
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/out_file.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/config/overrides.hpp"
#include "noneq/core/dtype.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq::app {
namespace {

void print_info(const std::string& file) {
  const storage::hdf5_reader reader(file);
  const auto attributes = [&](const std::string& object, const char* indent) {
    for (const auto& [name, text] : reader.attributes(object)) print_out("{}{} = {}\n", indent, name, text);
  };
  attributes("/", "");
  for (const std::string& name : reader.datasets()) {
    try {
      const storage::dataset_layout l = reader.layout(name);
      print_out("{:<24} {} {}, {:.3g} MB{}{}\n", name, to_string(l.shape), dtype_text(l.dtype),
                static_cast<double>(l.bytes) / 1e6, l.chunk.empty() ? "" : ", chunks " + to_string(l.chunk),
                l.compression.empty() ? "" : ", " + l.compression);
      for (const std::string& source : l.sources) print_out("  from {}\n", source);
    } catch (const error& e) {
      print_out("{:<24} {}\n", name, e.message());
    }
    attributes(name, "  ");
  }
}

struct make_options {
  std::string generator, dataset = "x";
  out_file out;
  std::int64_t count = 0, test = 0, seed = 0;
  std::vector<std::string> settings;
};

// Returns the source of a generator with its settings; its plugin goes to `made`.
std::shared_ptr<source> open_generator(const make_options& o, registry& plugins, instance& made) {
  config::problems found;
  config::value v = config::value::map({{"plugin", config::value::scalar(o.generator)}});
  for (const std::string& setting : o.settings) config::apply_override(v, setting);
  made = instantiate("loader", v, {plugins, found, o.generator});
  found.raise();
  auto opened = static_cast<const loader&>(*made.made).open(std::nullopt, stream(static_cast<std::uint64_t>(o.seed)));
  if (opened->info().count >= 0)
    throw error("got a loader that reads a file, need a generator such as swiss_roll", o.generator);
  return opened;
}

void make_data(const make_options& o) {
  registry plugins = installed_plugins();
  instance made;
  const auto source = as_input([&] { return open_generator(o, plugins, made); });
  if (o.dataset == "test" && o.test > 0)
    throw input_error({error("got 'test', which holds the rows of --test; need another name", "--dataset")});
  o.out.need_writable("HDF5");
  o.out.need_free();
  storage::hdf5_writer writer(o.out.path, 4);
  const auto write = [&](const std::string& dataset, std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t block_rows = 65536, block_numbers = std::int64_t{1} << 22;  // held in memory at once
    const std::int64_t block =
        std::clamp<std::int64_t>(block_numbers / c10::multiply_integers(source->info().shape), 1, block_rows);
    for (std::int64_t first = begin; first < end; first += block)
      writer.append(dataset, source->prepare(source->fetch_rows(first, std::min(block, end - first))).at("x0"));
  };
  write(o.dataset, 0, o.count);
  if (o.test > 0) write("test", o.count, o.count + o.test);
  writer.attribute("/", "generator", o.generator);
  writer.attribute("/", "seed", o.seed);
  for (const parameter& p : made.entry->parameters)
    if (p.name != "batch") writer.attribute("/", p.name, p.render(*made.made).text());
  writer.close();
  print_out("wrote {}: {} rows of {}\n", o.out.path, o.count, to_string(source->info().shape));
}

}

void add_data(CLI::App& program) {
  CLI::App* data = program.add_subcommand("data", "look at HDF5 data, make some, or import it");
  data->require_subcommand(1);
  auto file = std::make_shared<std::string>();
  CLI::App* info = data->add_subcommand("info", "the datasets of an HDF5 file");
  info->add_option("FILE", *file, "the file")->required();
  info->callback([file] { as_input([&] { print_info(*file); }); });
  auto o = std::make_shared<make_options>();
  CLI::App* make = data->add_subcommand("make", "write the samples of a generator");
  make->add_option("GENERATOR", o->generator, "a loader that generates, such as swiss_roll")->required();
  make->add_option("--count", o->count, "how many rows")->required()->check(at_least_one());
  o->out.add_to(*make, "HDF5 file to write")->required();
  make->add_option("--dataset", o->dataset, "name of the dataset (default: x)");
  make->add_option("--test", o->test, "how many more rows to write as the dataset 'test'")->check(at_least_one());
  make->add_option("--seed", o->seed, "seed (default: 0)");
  make->add_option("--set", o->settings, "a parameter of the generator: --set noise=0.2")->allow_extra_args(false);
  make->callback([o] { make_data(*o); });
  add_data_import(*data);
}

}
