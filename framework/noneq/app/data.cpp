// noneq data make GENERATOR; the other verbs of data have files of their own.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/out_file.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/config/emit.hpp"
#include "noneq/config/overrides.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq::app {
namespace {

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

// A number or a word as it is, a list as JSON.
std::string attribute_text(const config::value& v) { return v.is_scalar() ? v.text() : config::to_json(v).dump(); }

void make_data(const make_options& o) {
  registry plugins = installed_plugins();
  instance made;
  const auto source = as_input([&] { return open_generator(o, plugins, made); });
  if (o.dataset == "test" && o.test > 0)
    throw input_error({error("got 'test', which holds the rows of --test; need another name", "--dataset")});
  o.out.need_writable("HDF5");
  o.out.need_free();
  storage::hdf5_writer writer(o.out.path, 4);
  // `prefix` stands before the names of fields.
  const auto write = [&](const std::string& dataset, const std::string& prefix, std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t block_rows = 65536, block_numbers = std::int64_t{1} << 22;  // held in memory at once
    const std::int64_t block =
        std::clamp<std::int64_t>(block_numbers / c10::multiply_integers(source->info().shape), 1, block_rows);
    for (std::int64_t first = begin; first < end; first += block) {
      const batch rows = source->prepare(source->fetch_rows(first, std::min(block, end - first)));
      writer.append(dataset, rows.at("x0"));
      for (const auto& [name, _] : source->info().fields) writer.append(prefix + name, rows.at(name));
    }
  };
  write(o.dataset, "", 0, o.count);
  if (o.test > 0) write("test", "test_", o.count, o.count + o.test);
  writer.attribute("/", "generator", o.generator);
  writer.attribute("/", "seed", o.seed);
  for (const parameter& p : made.entry->parameters)
    if (p.name != "batch") writer.attribute("/", p.name, attribute_text(p.render(*made.made)));
  writer.close();
  print_out("wrote {}: {} rows of {}\n", o.out.path, o.count, to_string(source->info().shape));
}

}

void add_data(CLI::App& program) {
  CLI::App* data = program.add_subcommand("data", "look at HDF5 data, make some, import it, or repack it");
  data->require_subcommand(1);
  add_data_info(*data);
  auto o = std::make_shared<make_options>();
  CLI::App* make = data->add_subcommand("make", "write the samples of a generator");
  make->add_option("GENERATOR", o->generator, "a loader that generates, such as swiss_roll")->required();
  make->add_option("--count", o->count, "how many rows")->required()->check(at_least_one());
  o->out.add_to(*make, "HDF5 file to write")->required();
  make->add_option("--dataset", o->dataset, "name of the dataset (default: x)");
  make->add_option("--test", o->test, "how many more rows to write as the dataset 'test'")->check(at_least_one());
  make->add_option("--seed", o->seed, "seed (default: 0)")->check(a_seed());
  make->add_option("--set", o->settings, "a parameter of the generator: --set noise=0.2")->allow_extra_args(false);
  make->callback([o] { make_data(*o); });
  add_data_import(*data);
  add_data_repack(*data);
}

}
