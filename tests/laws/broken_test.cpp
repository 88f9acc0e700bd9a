// Each law of each role can fail: a plugin that breaks it is found out, by a sentence that names both.
#include <cstdlib>
#include <set>

#include "doctest.hpp"
#include "laws/plugin_folders.hpp"
#include "noneq/testing.hpp"

using noneq::laws::broken;
using noneq::laws::of_role;

namespace {

// The fault of a plugin, and the law that it breaks, by a part of its sentence.
struct fault {
  const char *role, *plugin, *breaks, *law;
};

const std::vector<fault> faults{
    {"weighting", "weighting.undescribed", "", "are described"},
    {"weighting", "weighting.Capital", "", "small letters"},
    {"weighting", "weighting.grows", "", "as they are stored"},
    {"weighting", "weighting.renames", "", "state() visits equal names"},

    {"schedule", "schedule.faulty", "range", "numbers in (0, 1]"},
    {"schedule", "schedule.faulty", "random", "function of the parameters alone"},
    {"schedule", "schedule.faulty", "rising", "ln SNR falls"},
    {"schedule", "schedule.faulty", "together", "does not depend on the other times"},
    {"schedule", "schedule.faulty", "detached", "differentiable in every tensor"},
    {"schedule", "schedule.faulty", "forgets", "takes the state of another"},

    {"grid", "grid.faulty", "twice", "as many different indices"},
    {"grid", "grid.faulty", "usual", "usual_count()"},
    {"grid", "grid.faulty", "random", "may be made by several threads"},

    {"weighting", "weighting.faulty", "negative", "at least 0"},
    {"weighting", "weighting.faulty", "together", "its own coefficients alone"},

    {"variance", "variance.faulty", "infinite", "finite at every step"},
    {"variance", "variance.faulty", "together", "its own row alone"},
    {"variance", "variance.faulty", "detached", "differentiable in them"},

    {"mean", "mean.faulty", "target", "outputs() numbers"},
    {"mean", "mean.faulty", "x0", "x0() of the target is x⁰"},
    {"mean", "mean.faulty", "location", "location() of the target"},
    {"mean", "mean.faulty", "epsilon_error", "epsilon_error()"},
    {"mean", "mean.faulty", "input", "depends on ᾱ alone"},
    {"mean", "mean.faulty", "of_step", "of_step()"},
    {"mean", "mean.faulty", "detached", "differentiable in the network's output"},
    {"mean", "mean.faulty", "together", "its own row alone"},

    {"kernel", "kernel.faulty", "shape", "exactly where has_variance()"},
    {"kernel", "kernel.faulty", "first", "At t = 1"},
    {"kernel", "kernel.faulty", "bayes", "Bayes' rule"},
    {"kernel", "kernel.faulty", "stationary", "detailed balance"},
    {"kernel", "kernel.faulty", "stationary", "leaves π as it is"},
    {"kernel", "kernel.faulty", "kl", "KL is not negative"},
    {"kernel", "kernel.faulty", "atoms", "functions of atoms"},
    {"kernel", "kernel.faulty", "detached", "differentiable in locations"},
    {"kernel", "kernel.faulty", "together", "its own row alone"},
    {"kernel", "kernel.faulty", "noise", "Row k of the noise"},
    {"kernel", "kernel.faulty", "infinite", "lie in the state space"},
    {"kernel", "kernel.faulty", "sample", "draw from the distributions"},
    {"kernel", "kernel.faulty", "most_likely", "most_likely()"},

    {"time_sampler", "time_sampler.faulty", "range", "from 0 to T − 1"},
    {"time_sampler", "time_sampler.faulty", "random", "function of the stream"},
    {"time_sampler", "time_sampler.faulty", "weights", "1/(T·p_t)"},
    {"time_sampler", "time_sampler.faulty", "forgets", "takes the state of another"},

    {"loss", "loss.faulty", "infinite", "a finite number for each sample"},
    {"loss", "loss.faulty", "together", "its own row alone"},
    {"loss", "loss.faulty", "detached", "gradient reaches every output"},
    {"loss", "loss.faulty", "target", "smaller loss than the target"},
    {"loss", "loss.faulty", "missing", "were not observed"},
    {"loss", "loss.faulty", "schedule", "trains_schedule()"},

    {"noiser", "noiser.faulty", "changes", "changes nothing else"},
    {"noiser", "noiser.faulty", "rows", "the noise of its index"},
    {"noiser", "noiser.faulty", "times", "the noise of its index"},
    {"noiser", "noiser.faulty", "random", "function of rows and stream"},
    {"noiser", "noiser.faulty", "marginal", "drawn from q(x^t|x⁰)"},

    {"loader", "loader.faulty", "batch", "`batch` rows a training step"},
    {"loader", "loader.faulty", "ends", "fewer at the end"},
    {"loader", "loader.faulty", "order", "block and order"},
    {"loader", "loader.faulty", "random", "function of parameters and stream"},
    {"loader", "loader.faulty", "share", "fetch_share() gives the rows"},
    {"loader", "loader.faulty", "prepare", "leaves a prepared batch"},
    {"loader", "loader.faulty", "state", "takes the state of another"},
    {"loader", "loader.faulty", "known", "known normalisation"},

    {"transform", "transform.faulty", "type", "that after() describes, as many"},
    {"transform", "transform.faulty", "in_place", "no tensor in place"},
    {"transform", "transform.faulty", "together", "the batch that it is in"},
    {"transform", "transform.faulty", "random", "several threads"},
    {"transform", "transform.faulty", "undo", "undoes run()"},
    {"transform", "transform.faulty", "forgets", "takes the state of another"},

    {"sample_transform", "transform.faulty_of_samples", "undeclared", "makes() names"},
    {"sample_transform", "transform.faulty_of_samples", "together", "does not depend on its batch"},

    {"model_transform", "transform.faulty_of_model", "undeclared", "the table declares"},
    {"model_transform", "transform.faulty_of_model", "together", "its index alone"},
    {"model_transform", "transform.faulty_of_model", "random", "several threads"},

    {"model", "model.faulty", "outputs", "finite outputs"},
    {"model", "model.faulty", "together", "does not depend on its batch"},
    {"model", "model.faulty", "unused", "reaches every weight"},
    {"model", "model.faulty", "seed", "libtorch's generator"},
    {"model", "model.faulty", "state", "network's state"},
    {"model", "model.faulty", "changes", "neither weights nor its input"},
    {"model", "model.faulty", "claims", "claims to take"},

    {"sampler", "sampler.faulty", "infinite", "finite x⁰"},
    {"sampler", "sampler.faulty", "together", "never on its chunk"},
    {"sampler", "sampler.faulty", "random", "Equal requests"},
    {"sampler", "sampler.faulty", "visit", "visit() is called"},
    {"sampler", "sampler.faulty", "wide", "its mean and variance"},

    {"guide", "guide.faulty", "infinite", "the shape of x^t"},
    {"guide", "guide.faulty", "together", "does not depend on its chunk"},
    {"guide", "guide.faulty", "transposed", "transpose of map()"},
    {"guide", "guide.faulty", "rows", "lacks a tensor"},

    {"metric", "metric.faulty", "infinite", "finite records"},
    {"metric", "metric.faulty", "batches", "cut into batches"},
    {"metric", "metric.faulty", "random", "several threads"},

    {"writer", "writer.faulty", "early", "in finish() only"},
    {"writer", "writer.faulty", "leaves", "leaves nothing behind"},
    {"writer", "writer.faulty", "random", "make equal bytes"},
    {"writer", "writer.faulty", "shared", "open several times"},

    {"trainer", "trainer.faulty", "norm", "every number by itself"},
    {"trainer", "trainer.faulty", "uphill", "against the gradient"},

    {"feature", "feature.faulty", "names", "label() and identity()"},
    {"feature", "feature.faulty", "together", "a row for each row"},
    {"feature", "feature.faulty", "forgets", "restore() of learned()"},
};

std::string parameters_of(const fault& f) {
  const std::string breaks = f.breaks;
  std::string all = breaks.empty() ? "" : "breaks: " + breaks;
  if (std::string(f.role) == "writer") all += ", file: sum.txt";
  return "{" + all + "}";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}

TEST_CASE("a plugin that breaks a law is found out") {
  const testing::lawless_plugins here;
  for (const fault& f : faults) {
    CAPTURE(std::string(f.plugin));
    CAPTURE(std::string(f.breaks));
    const auto sentences = broken(f.plugin, parameters_of(f));
    CAPTURE(sentences);
    std::string of_law;
    for (const std::string& sentence : sentences)
      if (contains(sentence, std::string(f.plugin) + " breaks the law '") &&
          contains(sentence.substr(0, sentence.find("': ")), f.law))
        of_law = sentence;
    CHECK((contains(of_law, ": got ") || contains(of_law, " returned ") || contains(of_law, " moves ")));
    CHECK(contains(of_law, ", need "));
  }
}

TEST_CASE("the plugins that these faults were made in keep all laws without them") {
  const testing::lawless_plugins here;
  std::set<std::string> plugins;
  for (const fault& f : faults)
    if (*f.breaks != '\0' && plugins.insert(f.plugin).second) {
      CAPTURE(f.plugin);
      CHECK(broken(f.plugin, parameters_of({f.role, f.plugin, "none", ""})) == std::vector<std::string>{});
    }
}

TEST_CASE("there is a fault for every law") {
  for (const char* role :
       {"feature",      "grid",    "guide",           "kernel",   "loader",           "loss",    "mean",
        "metric",       "model",   "model_transform", "noiser",   "sample_transform", "sampler", "schedule",
        "time_sampler", "trainer", "transform",       "variance", "weighting",        "writer"})
    for (const std::string& sentence : of_role(role)) {
      CAPTURE(role);
      CAPTURE(sentence);
      const auto shared = of_role("weighting");
      const bool of_any = std::find(shared.begin(), shared.begin() + 4, sentence) != shared.begin() + 4;
      CHECK(std::any_of(faults.begin(), faults.end(), [&](const fault& f) {
        return (of_any || std::string(f.role) == role) && contains(sentence, f.law);
      }));
    }
}

TEST_CASE("what cannot be checked is refused") {
  CHECK_THROWS_WITH_AS(broken("schedule.cosin"), doctest::Contains("no schedule plugin is called 'cosin'"),
                       noneq::error);
  CHECK_THROWS_WITH_AS(broken("cosine"), doctest::Contains("got the plugin 'cosine', need <role>.<name>"),
                       noneq::error);
  CHECK_THROWS_WITH_AS(broken("schedule.cosine", "{s: 5}"),
                       doctest::Contains("parameters:1:5: schedule.s: got 5.0, need a value in [0, 0.1]"),
                       noneq::error);
  CHECK_THROWS_WITH_AS(broken("schedule.cosine", "[1]"), doctest::Contains("need a map of parameters"), noneq::error);
  CHECK_THROWS_WITH_AS(of_role("schedul"), doctest::Contains("did you mean 'schedule'?"), noneq::error);
  CHECK_THROWS_WITH_AS(noneq::laws::made("kernel", "schedule.cosine", "{}"),
                       doctest::Contains("got schedule.cosine, need a kernel plugin"), noneq::error);
}
