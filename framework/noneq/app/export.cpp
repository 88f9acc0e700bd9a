// noneq export RUN_DIR: the trained network, or what the run recorded, for other programs.
#include <optional>

#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/out_file.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/report/report_source.hpp"
#include "noneq/app/scheduler_config.hpp"
#include "noneq/app/trained_run.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/flow/folder_lock.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/flow/tensorboard.hpp"
#include "noneq/plugin/exportable.hpp"
#include "noneq/plugin/roles/model.hpp"
#include "noneq/storage/file_names.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/safetensors.hpp"

namespace noneq::app {
namespace {

struct export_options {
  std::string folder, format, weights = "ema", version;
  out_file out;
};

const exportable& as_exportable(const flow::session& s, const network& n, const std::string& format) {
  const auto* can = dynamic_cast<const exportable*>(&n);
  if (can == nullptr)
    throw error(fmt::format("got {}, which cannot be exported as {}; need model.unet, or --format safetensors",
                            s.plan().training().model.plugin.entry->full_name(), format));
  return *can;
}

void to_safetensors(const flow::session&, network& n, const export_options& o) {
  storage::tensor_file content{{}, {{"format", "pt"}}};
  for (const auto& p : n.named_parameters()) content.tensors[p.key()] = p.value();
  storage::save_safetensors(o.out.path, content);
}

void to_torchscript(const flow::session& s, network& n, const export_options& o) {
  as_exportable(s, n, o.format).export_torchscript(o.out.path);
}

void to_onnx(const flow::session& s, network& n, const export_options& o) {
  as_exportable(s, n, o.format).export_onnx(o.out.path);
}

void to_diffusers(const flow::session& s, network& n, const export_options& o) {
  as_exportable(s, n, o.format).export_diffusers(o.out.path, o.version);
  const auto scheduler = scheduler_config(s.plan(), o.version.empty() ? "0.30.0" : o.version);
  if (!scheduler) return;
  const std::filesystem::path folder = std::filesystem::path(o.out.path) / "scheduler";
  std::filesystem::create_directories(folder);
  storage::write_atomically(folder / "scheduler_config.json", scheduler->dump(2) + "\n");
}

struct output {
  std::string name;
  bool one_file;  // or a folder of them
  std::function<void(const flow::session&, network&, const export_options&)> write;
};

const std::map<std::string, output> formats{{"safetensors", {"safetensors", true, to_safetensors}},
                                            {"torchscript", {"TorchScript", true, to_torchscript}},
                                            {"onnx", {"ONNX", true, to_onnx}},
                                            {"diffusers", {"diffusers", false, to_diffusers}}};

void export_network(const export_options& o) {
  registry plugins = installed_plugins();
  const output& written = formats.at(o.format);
  if (written.one_file)
    o.out.need_writable(written.name);
  else
    as_input([&] { storage::need_name_of(written.name, o.out.path); });
  const auto opened = open_run(o.folder, plugins, [](config::value& document) { flow::remove_beside_model(document); });
  const flow::session& s = *opened;
  as_input([&] { flow::refuse_files_of_run(o.out.path, s.plan(), o.folder); });
  o.out.need_free();
  at::NoGradGuard values_only;
  const denoiser d = s.denoiser(o.weights);
  as_input([&] { written.write(s, d.network(), o); });
}

// The records and pictures of a run, whatever ended it. In the folder of the run its own earlier file is replaced, and
// no run may be at work there meanwhile.
void export_events(const export_options& o) {
  registry plugins = installed_plugins();
  const report_source run = read_run(o.folder, plugins);
  const std::filesystem::path folder = o.out.path.empty() ? o.folder : o.out.path;
  std::error_code failed;
  std::optional<flow::folder_lock> alone;
  if (std::filesystem::equivalent(folder, o.folder, failed)) {
    alone.emplace(folder);
  } else {
    if (std::filesystem::exists(folder, failed) && !std::filesystem::is_directory(folder, failed))
      throw input_error({error(fmt::format("--out got '{}', a file, need a folder", folder.string()))});
    as_input([&] { flow::refuse_places_of_run(folder, o.folder); });
    o.out.need_free();
    std::filesystem::create_directories(folder, failed);
  }
  const auto remark = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  print_out("{}\n", as_input([&] {
                      return flow::write_tensorboard(o.folder, run.plan ? &*run.plan : nullptr, folder, remark);
                    }).string());
}

void export_run(const export_options& o) {
  const bool events = o.format == "tensorboard";
  if (!events && o.out.path.empty())
    throw input_error({error("--out is required; for tensorboard alone it need not be given")});
  if (events && (!o.version.empty() || o.weights != "ema"))
    throw input_error(
        {error("--format got tensorboard, which has no weights; leave out --weights and --diffusers-version")});
  events ? export_events(o) : export_network(o);
}

}

void add_export(CLI::App& program) {
  auto o = std::make_shared<export_options>();
  CLI::App* verb = program.add_subcommand("export", "the trained network, or what a run recorded, for other programs");
  verb->add_option("RUN_DIR", o->folder, "the folder of the run")->required()->check(not_empty());
  verb->add_option(
          "--format", o->format,
          "safetensors, torchscript, onnx or diffusers: the network; tensorboard: numbers, pictures and curves of a "
          "run, whatever ended it")
      ->required()
      ->check(one_of({"safetensors", "torchscript", "onnx", "diffusers", "tensorboard"}));
  o->out.add_to(*verb,
                "file to write; for diffusers and tensorboard a folder (tensorboard: default the folder of the run)");
  verb->add_option("--weights", o->weights, "ema or raw")->check(one_of({"ema", "raw"}));
  verb->add_option("--diffusers-version", o->version, "of diffusers that shall read it (default: 0.30.0)");
  verb->callback([o] { export_run(*o); });
}

}
