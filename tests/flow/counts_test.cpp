// Every whole number that a pipeline may set: however large, it is refused with words, or does no harm.
#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/core/memory.hpp"
#include "noneq/storage/hdf5.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

namespace {

// The problems of one plugin with one parameter set; "" for none.
std::string problems_with(const plugin_entry& e, const parameter& p, const std::string& number) {
  config::problems found;
  config::value map =
      config::value::map({{"plugin", config::value::scalar(e.name)}, {p.name, config::value::scalar(number)}});
  for (const parameter& other : e.parameters)
    if (other.allowed.required && other.name != p.name) map.set(other.name, config::value::scalar("1"));
  try {
    instantiate(e.role, map, {test_plugins(), found, e.role});
    found.raise();
  } catch (const error& failed) {
    return failed.what();
  }
  return "";
}

template <class F>
void each_count(F&& f) {
  for (const std::string& role : test_plugins().roles())
    for (const std::string& name : test_plugins().names(role)) {
      const plugin_entry& e = test_plugins().find(role, name);
      for (const parameter& p : e.parameters)
        if (p.type == "integer" || p.type == "list of integers") f(e, p);
    }
}

}

TEST_CASE("a number that no count can be is refused for every parameter of every plugin") {
  int seen = 0;
  each_count([&](const plugin_entry& e, const parameter& p) {
    ++seen;
    for (const char* number : {"9223372036854775807", "9223372036854775000", "1000000000001"}) {
      const std::string said = problems_with(e, p, number);
      CHECK_MESSAGE(said.find(p.name + ": got " + number + ", need a value") != said.npos,
                    e.full_name() << "." << p.name << ": " << said);
    }
  });
  CHECK(seen > 40);
}

TEST_CASE("the largest count that each parameter takes is refused before a run begins, or does no harm") {
  [[maybe_unused]] static const bool bounded = (bound_tensors(), true);
  const scratch_folder place;
  std::filesystem::create_directories(place.path);
  {
    storage::hdf5_writer w(place.path / "x.h5");
    w.write("x", stream(1).normal({64, 1, 4, 4}));
    w.close();
  }
  const std::string data =
      "graph.loader={plugin: loader.hdf5, file: '" + (place.path / "x.h5").string() + "', dataset: x, batch: 16}";
  // Where a plugin of each role stands in a run on this data.
  const std::map<std::string, std::string> places{
      {"sampler", "graph.more={{plugin: sampler.{}, of: model, {}: {}}}"},
      {"grid", "graph.more={{plugin: sampler.ancestral, of: model, count: 2, grid: {{plugin: {}, {}: {}}}}}"},
      {"model", "graph.model={{plugin: model.{}, in: noiser, {}: {}}}"},
      {"loss", "graph.loss={{plugin: loss.{}, in: model, {}: {}}}"},
      {"time_sampler", "graph.noiser.time={{plugin: {}, {}: {}}}"},
      {"writer", "graph.more={{plugin: writer.{}, in: drawn, file: a.png, {}: {}}}"},
      {"metric", "graph.more={{plugin: metric.{}, of: model, {}: {}}}"},
      {"metric of samples", "graph.more={{plugin: metric.{}, in: drawn, {}: {}}}"},
      {"feature", "graph.more={{plugin: metric.frechet, in: drawn, features: {{plugin: {}, {}: {}}}}}"},
  };
  each_count([&](const plugin_entry& e, const parameter& p) {
    const bool of_samples = dynamic_cast<const sample_metric*>(make_object(e).get()) != nullptr;
    const auto found = places.find(of_samples ? "metric of samples" : e.role);
    if (found == places.end() || std::isfinite(p.allowed.high)) return;
    const std::string change = fmt::format(fmt::runtime(found->second), e.name, p.name, "1000000000000");
    CAPTURE(change);
    const scratch_folder out;
    try {
      run(small_plan(
              {data, "graph.trainer.steps=1", "graph.drawn={plugin: sampler.ancestral, of: model, count: 4}", change}),
          {out.path, if_there::refuse, 2, true});
    } catch (const input_error& refused) {
      CHECK(!std::filesystem::exists(out.path));
    } catch (const std::exception& failed) {
      FAIL_CHECK("not refused before the run: " << std::string(failed.what()));
    }
  });
}

TEST_CASE("the memory that a run would need is stated beside what the machine has") {
  const auto refused = [](const std::vector<std::string>& changes) {
    const scratch_folder out;
    try {
      run(small_plan(changes), {out.path, if_there::refuse, 2, true});
    } catch (const input_error& e) {
      CHECK(!std::filesystem::exists(out.path));
      return std::string(e.what());
    }
    return std::string();
  };
  const auto asks = [](const std::string& said, const std::string& what) {
    INFO(said);
    CHECK(said.find(what) != said.npos);
    CHECK(said.find(" of memory, need at most the ") != said.npos);
    CHECK(said.find(" of this machine") != said.npos);
  };
  asks(
      refused({"graph.s={plugin: sampler.ancestral, of: model, count: 1000000000000, chunk: 100000000, frames: 1000}"}),
      "s.frames: a chunk of 100000000 samples with its frames needs 803 GB");
  asks(refused({"graph.s={plugin: sampler.ancestral, of: model, count: 1000000000000, chunk: 1}"}), "s.count: ");
  asks(refused({"graph.b={plugin: metric.bound, of: model, samples: 1000000000000}"}), "b.samples: ");
  CHECK_THROWS_AS(need_memory(1e30, "x"), error);
  need_memory(1e6, "x");
}
