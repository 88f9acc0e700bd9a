// Samples that are not finite, in a pass over rows: the unit ends the run, or the samples are kept, or drawn once more.
#include "doctest.hpp"
#include "flow/passes.hpp"
#include "noneq/flow/merging.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

namespace {

// A sampler that loses each row whose first number exceeds 1.8: 1 of 28.
struct unlucky_pass {
  scratch_folder trained, data;
  registry plugins{
      std::vector<std::filesystem::path>{std::filesystem::path(std::getenv("NONEQ_BUILD")) / "tests/plugins",
                                         std::filesystem::path(std::getenv("NONEQ_BUILD")) / "plugins"}};
  std::filesystem::path file = data_file(data.path, 256);
  unlucky_pass() { run_small({}, 2, trained); }

  std::string run_with(const std::string& rule, const scratch_folder& folder, const std::string& batch = "32",
                       const job_part& part = {}) {
    config::value document = config::parse_text(pass, "small.yaml");
    for (const std::string& change :
         {std::string("unit=64"), "not_finite=" + rule, testing::rows_of("data", file, ", dataset: x"),
          "graph.data.batch=" + batch,
          fmt::format("graph.drawn={{plugin: sampler.misbehaves, how: unlucky, in: data, of: '{}'}}",
                      trained.path.string()),
          std::string("graph.out={plugin: writer.hdf5, in: drawn, file: out.h5}")})
      config::apply_override(document, change);
    run_options options{folder.path, if_there::refuse, 2, true};
    options.part = part;
    try {
      run(make_plan(document, plugins), options);
    } catch (const error& e) {
      return e.what();
    }
    return "";
  }
};

}

TEST_CASE("stop ends the run at the unit, keep writes NaN, and retry draws those rows alone with other noise") {
  unlucky_pass p;
  scratch_folder stopped, kept, retried, other_batches;
  const std::string message = p.run_with("stop", stopped);
  CHECK_MESSAGE(has(message, "drawn: sampler.misbehaves returned a sample with numbers that are not finite in row "),
                message);
  CHECK_MESSAGE(has(message, "or not_finite: retry or keep"), message);
  CHECK(status_of(stopped.path).done % 64 == 0);
  CHECK(status_of(stopped.path).done < 256);
  CHECK(p.run_with("keep", kept) == "");
  CHECK(p.run_with("retry", retried) == "");
  CHECK(p.run_with("retry", other_batches, "16") == "");
  const Tensor with_nan = all_rows(kept.path / "out.h5", "samples"), x = all_rows(retried.path / "out.h5", "samples");
  const Tensor lost = with_nan.isnan().any(1);
  CHECK(lost.sum().item<int>() > 2);
  CHECK(x.isfinite().all().item<bool>());
  const Tensor good = lost.logical_not().nonzero().flatten();
  CHECK(x.index_select(0, good).equal(with_nan.index_select(0, good)));
  CHECK(x.equal(all_rows(other_batches.path / "out.h5", "samples")));  // the noise is the row's, the second too
}
