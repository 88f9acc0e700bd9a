#include "noneq/flow/manifest.hpp"

#include <fmt/format.h>

#include "noneq/config/emit.hpp"
#include "noneq/flow/described_rows.hpp"
#include "noneq/flow/event_surroundings.hpp"
#include "noneq/flow/pass_rows.hpp"
#include "noneq/flow/run_folder.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/json_text.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

std::int64_t manifest::rows() const {
  std::int64_t all = 0;
  for (const stream_rows& s : streams) all += s.rows;
  return all;
}

static stream_rows rows_of(session& s, const stream_nodes& stream) {
  stream_rows r{0, batch_rows(s.plan(), stream), 1};
  r.unit = unit_rows(s.plan(), r.batch);
  for (const std::string& id : stream.nodes) {
    const plan_node& n = s.plan().node(id);
    if (n.kind() == node_kind::source)
      r.rows = rows_of_pass(s, stream, n).rows.count;
    else if (n.role() == "sampler" && n.in.empty())
      r.rows = n.as<sampler>().samples();
  }
  return r;
}

manifest manifest_of(session& s) {
  const plan& p = s.plan();
  manifest m;
  config::value resolved = p.resolved(), graph = config::value::map();
  for (const auto& [id, node] : resolved.find("graph")->entries()) {
    const plan_node& n = p.node(id);
    config::value v = node;
    if (n.kind() == node_kind::source)
      if (const std::string& contents = s.nodes().info_behind(n).identity; !contents.empty()) {
        m.data[id] = contents;
        for (const parameter& each : n.plugin.entry->parameters)
          if (holds_paths(each)) v.remove(each.name);
      }
    if (!n.of_run.empty()) {
      m.weights[id] = s.model_of(n).fingerprint(weights_of(n));
      v.remove("of");
    }
    graph.set(id, std::move(v));
  }
  constexpr std::int64_t known_whole = std::int64_t{64} << 20;  // loaders take a checksum of all of so many bytes
  for (const fs::path& file : input_files(s)) {
    nlohmann::json text = file_text(file);
    if (text.value("bytes", std::int64_t{0}) <= known_whole) continue;
    m.files[text["file"].get<std::string>()] = {{"bytes", text["bytes"]}, {"time", text["time"]}};
  }
  resolved.set("graph", std::move(graph));
  resolved.remove("name");
  m.pipeline = config::to_json(resolved);
  for (const stream_nodes& stream : p.streams) {
    m.streams.push_back(rows_of(s, stream));
    m.writers.emplace_back();
    for (const std::string& id : stream.nodes)
      if (const plan_node& n = p.node(id); n.role() == "writer")
        m.writers.back()[id] = n.as<writer>().name("").string();
  }
  return m;
}

// Adds "a.b was 3, is 4" for each value that differs.
static void compare(const nlohmann::json& was, const nlohmann::json& is, const std::string& at,
                    std::vector<std::string>& all) {
  if (was == is) return;
  if (!was.is_object() || !is.is_object()) {
    const auto text = [](const nlohmann::json& v) {
      return v.is_null() ? "absent" : v.is_string() && v != "" ? v.get<std::string>() : v.dump();
    };
    all.push_back(fmt::format("{} was {}, is {}", at, text(was), text(is)));
    return;
  }
  std::set<std::string> keys;
  for (const auto& [key, _] : was.items()) keys.insert(key);
  for (const auto& [key, _] : is.items()) keys.insert(key);
  for (const std::string& key : keys)
    compare(was.contains(key) ? was[key] : nlohmann::json(), is.contains(key) ? is[key] : nlohmann::json(),
            at.empty() || at == "graph" ? key : at + "." + key, all);
}

std::vector<std::string> changes(const manifest& was, const manifest& is) {
  std::vector<std::string> all;
  compare(was.pipeline, is.pipeline, "", all);
  for (const auto& [node, contents] : is.data)
    if (const auto before = was.data.find(node); before != was.data.end() && before->second != contents)
      all.push_back(fmt::format("the data of {} had contents {}, has {}", node, before->second, contents));
  // Contents are known by some rows only where the files are large.
  for (const auto& [file, text] : is.files.items())
    if (was.files.contains(file) && was.files[file] != text)
      all.push_back(fmt::format("{} had {} bytes of {}, has {} of {}, and its rows may be others", file,
                                was.files[file]["bytes"].dump(), was.files[file]["time"].dump(), text["bytes"].dump(),
                                text["time"].dump()));
  for (const auto& [node, sum] : is.weights)
    if (const auto before = was.weights.find(node); before != was.weights.end() && before->second != sum)
      all.push_back(fmt::format("the weights of {} had the checksum {}, have {}", node, before->second, sum));
  for (std::size_t k = 0; all.empty() && k < std::min(was.streams.size(), is.streams.size()); ++k) {
    const stream_rows &before = was.streams[k], &now = is.streams[k];
    if (before.rows != now.rows) all.push_back(fmt::format("the data had {} rows, has {}", before.rows, now.rows));
    if (before.unit != now.unit || before.batch != now.batch)
      all.push_back(fmt::format("units had {} rows in batches of {}, have {} in batches of {}", before.unit,
                                before.batch, now.unit, now.batch));
  }
  return all;
}

// A format is raised when an earlier program would take its content for something else; one that is left out is 1.
constexpr int newest_manifest = 1;

static void need_known_format(const nlohmann::json& j, const fs::path& file) {
  const auto format = j.find("format");
  if (format != j.end() && format->is_number() && format->get<double>() > newest_manifest)
    throw input_error(
        {error(fmt::format("got format {}, need at most {}: update noneq", format->dump(), newest_manifest), "",
               {file.string()})});
}

// The numbers of a stream are divided and multiplied by one another, and added to those of other streams.
static stream_rows counts_of(const nlohmann::json& j) {
  constexpr std::int64_t most = std::int64_t{1} << 50;
  const auto count = [&](const char* key, std::int64_t least) {
    const auto& value = j.at(key);
    const auto n = value.is_number_integer() ? value.get<std::int64_t>() : -1;
    if (n < least || n > most) throw error("");
    return n;
  };
  const stream_rows r{count("rows", 0), count("batch", 1), count("unit", 1)};
  if (r.unit % r.batch != 0) throw error("");
  return r;
}

std::optional<manifest> read_manifest(const fs::path& folder) {
  std::error_code failed;
  const fs::path file = run_folder(folder).manifest();
  if (!fs::exists(file, failed)) return std::nullopt;
  try {
    const auto j = storage::parse_json(storage::read_file(file), file.string());
    need_known_format(j, file);
    manifest m;
    m.pipeline = j.at("pipeline");
    m.finished = j.at("finished").get<bool>();
    j.at("data").get_to(m.data);
    m.files = j.at("files").get<std::map<std::string, nlohmann::json>>();
    for (const auto& [_, text] : m.files.items())
      for (const char* key : {"bytes", "time"}) text.at(key);
    j.at("weights").get_to(m.weights);
    for (const auto& s : j.at("streams")) {
      m.streams.push_back(counts_of(s));
      m.writers.push_back(s.at("writers").get<std::map<std::string, std::string>>());
    }
    return m;
  } catch (const input_error&) {
    throw;
  } catch (const std::exception&) {
    throw input_error(
        {error("is no manifest of a processing pipeline, or a damaged one; bring it back, or begin again with --force",
               "", {file.string()})});
  }
}

void write_manifest(const fs::path& folder, const manifest& m) {
  nlohmann::ordered_json streams = nlohmann::ordered_json::array();
  for (std::size_t k = 0; k < m.streams.size(); ++k)
    streams.push_back({{"rows", m.streams[k].rows},
                       {"batch", m.streams[k].batch},
                       {"unit", m.streams[k].unit},
                       {"writers", m.writers[k]}});
  const nlohmann::ordered_json j{{"format", newest_manifest}, {"noneq", NONEQ_VERSION}, {"finished", m.finished},
                                 {"streams", streams},        {"data", m.data},         {"files", m.files},
                                 {"weights", m.weights},      {"pipeline", m.pipeline}};
  storage::write_atomically(run_folder(folder).manifest(),
                            j.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}
