// Remarks on schedules that end too early or too late for what is sampled from them.
#include "noneq/flow/plan_remarks.hpp"
#include "doctest.hpp"
#include "flow/pipeline.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

namespace {

std::string remarks_with(const std::vector<std::string>& changes) {
  std::string all;
  for (const std::string& line : remark_lines(small_plan(changes))) all += line + "\n";
  return all;
}

double last_alpha_bar(const std::vector<std::string>& changes) {
  const Tensor all = small_plan(changes).process.tables.alpha_bar;
  return all[all.size(0) - 1].item<double>();
}

}

TEST_CASE("a schedule that leaves signal at t = T is remarked on, with L_T in closed form and ends that mend it") {
  const std::vector<std::string> short_linear{"process.schedule={plugin: linear, steps: 50}"};
  const std::string said = remarks_with(short_linear);
  INFO(said);
  CHECK(said.starts_with("note: "));
  CHECK(has(said, ": process.schedule: ᾱ_T = 0.6 after 50 steps"));
  // KL(N(√ᾱ x, 1 − ᾱ)‖N(0, 1)) where x² is 1 on average: −½ ln(1 − ᾱ).
  const double bits = -std::log2(1 - last_alpha_bar(short_linear)) / 2;
  CHECK(has(said, fmt::format("L_T = {:.2g} bits per dimension", bits)));
  CHECK(has(said, "need 20 times the β (first: 0.002, last: 0.4)"));
  CHECK(remarks_with({"process.schedule={plugin: linear, steps: 50, first: 0.002, last: 0.4}"}) == "");
  CHECK(has(remarks_with({"process.schedule={plugin: log_snr, steps: 50, last_alpha_bar: 0.1}"}),
            "need last_alpha_bar: 4e-05 or so"));
  CHECK(has(remarks_with({"process.schedule={plugin: constant, steps: 50, beta: 0.01}"}), "times the β, or"));
}

TEST_CASE("fixed ends fit about the number of steps that they were made for") {
  for (const int steps : {100, 300, 500})
    CHECK_MESSAGE(has(remarks_with({fmt::format("process.schedule={{plugin: linear, steps: {}}}", steps)}), "L_T = "),
                  steps);
  for (const int steps : {800, 1000, 1300})
    CHECK_MESSAGE(remarks_with({fmt::format("process.schedule={{plugin: linear, steps: {}}}", steps)}) == "", steps);
  for (const int steps : {2000, 4000, 10000})
    CHECK_MESSAGE(has(remarks_with({fmt::format("process.schedule={{plugin: linear, steps: {}}}", steps)}),
                      "% of the steps see pure noise; need 0."),
                  steps);
  for (const char* any : {"cosine", "log_snr", "{plugin: cosine, steps: continuous}"})
    for (const int steps : {20, 1000, 4000}) {
      std::vector<std::string> changes{fmt::format("process.schedule={}", any)};
      if (*any != '{') changes.push_back(fmt::format("process.schedule={{plugin: {}, steps: {}}}", any, steps));
      CHECK_MESSAGE(remarks_with(changes) == "", changes.back());
    }
}

TEST_CASE("states that are not numbers are remarked on too, and learned schedules are not") {
  const std::vector<std::string> bits{"process.kernel={plugin: binomial, r: 0.2}", "process.mean=x0",
                                      "graph.loader={plugin: loader.heartbeat, batch: 32}"};
  const auto with = [&](const std::string& schedule) {
    std::vector<std::string> changes = bits;
    changes.push_back("process.schedule=" + schedule);
    config::value document = config::parse_text(small_pipeline, "small.yaml");
    document.child("process").remove("variance");
    for (const std::string& change : changes) config::apply_override(document, change);
    std::string all;
    for (const std::string& line : remark_lines(make_plan(document, test_plugins()))) all += line;
    return all;
  };
  CHECK(with("{plugin: reciprocal, steps: 200}") == "");
  CHECK(has(with("{plugin: constant, steps: 20, beta: 0.02}"), "L_T = "));
  CHECK(remarks_with({"process.schedule={plugin: learned, steps: 40, base: log_snr, last_alpha_bar: 0.02}"}) == "");
}

TEST_CASE("no shipped pipeline has a remark") {
  std::size_t pipelines = 0;
  for (const auto& entry : std::filesystem::directory_iterator("pipelines")) {
    if (entry.path().extension() != ".yaml") continue;
    if (!has(storage::read_file(entry.path()), "trainer:")) continue;  // takes runs that others make
    ++pipelines;
    for (const std::string& line : remark_lines(make_plan(config::parse_file(entry.path()), test_plugins())))
      CHECK(line == "");
  }
  CHECK(pipelines >= 10);
}
